using System.Buffers.Binary;
using System.Diagnostics;
using HeteroAKD.Nn;
using SkiaSharp;

namespace HeteroAKD.Data.Tests;

/// <summary>Files that are damaged where no checksum of their container shows it, or that announce more than they hold.</summary>
public abstract class HostileImageTests(ImageCodecKind kind) : IDisposable
{
    private readonly IImageCodec _codec = ImageCodec.Of(kind);

    private readonly TemporaryFolder _folder = new();

    private protected TemporaryFolder Folder => _folder;

    public void Dispose() => _folder.Dispose();

    /// <summary>colour type, bits, interlaced.</summary>
    public static TheoryData<int, int, bool> Kinds { get; } = new()
    {
        { 0, 8, false },
        { 0, 16, true },
        { 3, 4, false },
        { 3, 8, true },
        { 2, 8, false },
        { 2, 8, true },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void DamagedPixelData_WithRepairedChunks_GivesNoWrongPixel(int colour, int bits, bool interlaced)
    {
        PngBuilder builder = Builder(colour, bits, interlaced);
        ushort[] values = Values(builder);
        byte[]? whole = Read(builder, PngBuilder.Compress(builder.RawRows(values)));
        Assert.NotNull(whole);
        byte[] data = PngBuilder.Compress(builder.RawRows(values));
        for (int at = 0; at < data.Length; at++)
        {
            byte[] damaged = data.ToArray();
            damaged[at] ^= (byte)(1 << (at % 8));
            byte[]? read = Read(builder, damaged);
            Assert.True(read is null || read.SequenceEqual(whole), $"byte {at} of {data.Length}"); // bits between the last block and the checksum mean nothing
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void DataWithoutItsChecksum_IsRefused(int colour, int bits, bool interlaced)
    {
        PngBuilder builder = Builder(colour, bits, interlaced);
        byte[] data = PngBuilder.Compress(builder.RawRows(Values(builder)));
        for (int cut = 1; cut <= 4; cut++)
        {
            Assert.Null(Read(builder, data[..^cut]));
        }
        BinaryPrimitives.WriteUInt32BigEndian(data.AsSpan(data.Length - 4), 1);
        Assert.Null(Read(builder, data));
    }

    /// <summary>libpng warns of them and goes on.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void BytesBehindTheData_AreSkipped(int colour, int bits, bool interlaced)
    {
        PngBuilder builder = Builder(colour, bits, interlaced);
        byte[] data = PngBuilder.Compress(builder.RawRows(Values(builder)));
        byte[]? whole = Read(builder, data);
        Assert.NotNull(whole);
        Assert.Equal(whole, Read(builder, [.. data, 0]));
        Assert.Equal(whole, Read(builder, [.. data, .. "left by a writer"u8]));
    }

    [Theory]
    [InlineData(16384, 16384, 1, 0, 33_000, "data.maxPixels 50331648")] // the bytes could hold it
    [InlineData(8000, 6000, 8, 0, 40, "cannot hold 8000x6000 pixels")]
    [InlineData(8000, 6000, 8, 2, 40, "cannot hold 8000x6000 pixels")]
    [InlineData(8000, 6000, 16, 6, 40, "cannot hold 8000x6000 pixels")]
    [InlineData(8192, 6144, 1, 0, 9000, "PNG's data is broken")] // the bytes could hold it, but do not
    [InlineData(2000000000, 2000000000, 8, 2, 40, "data.maxPixels 50331648")]
    public void Png_ThatAnnouncesMoreThanItHolds_AllocatesNothing(int width, int height, int bits, int colour, int dataBytes, string problem)
    {
        byte[] file = Assemble(PngBuilder.Header(width, height, bits, colour), new byte[dataBytes]);
        string path = _folder.Write("huge.png", file);
        ImageFormatException error = AllocatesLittle(() => _codec.ReadRgb(path), file.Length);
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
        if (colour == 0)
        {
            Assert.Contains(problem, AllocatesLittle(() => LabelPng.Read(path), file.Length).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(8000, 6000, "cannot hold 8000x6000 pixels")]
    [InlineData(65000, 65000, "data.maxPixels 50331648")]
    [InlineData(0, 6000, "announces 0x6000 pixels")]
    public void Jpeg_ThatAnnouncesMoreThanItHolds_AllocatesNothing(int width, int height, string problem)
    {
        byte[] file = Jpeg(32, 24);
        int frame = file.AsSpan().IndexOf(new byte[] { 0xFF, 0xC0 });
        BinaryPrimitives.WriteUInt16BigEndian(file.AsSpan(frame + 5), (ushort)height);
        BinaryPrimitives.WriteUInt16BigEndian(file.AsSpan(frame + 7), (ushort)width);
        string path = _folder.Write("huge.jpg", file);
        Assert.Contains(problem, AllocatesLittle(() => _codec.ReadRgb(path), file.Length).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Limits_AreTheCallers()
    {
        string jpeg = _folder.Write("a.jpg", Jpeg(32, 24));
        string png = _folder.File("a.png");
        _codec.WritePng(png, new RgbImage(32, 24));
        string label = _folder.File("label.png");
        LabelPng.Write(label, new byte[32 * 24], 32, 24);
        (ImageLimits? enough, ImageLimits? tooFew) = (new ImageLimits(32 * 24), new ImageLimits((32 * 24) - 1));
        foreach (Action<ImageLimits> read
            in new Action<ImageLimits>[] { l => _codec.ReadRgb(jpeg, limits: l), l => _codec.ReadRgb(png, limits: l), l => LabelPng.Read(label, l) })
        {
            read(enough);
            Assert.Contains(
                "announces 32x24 pixels, more than data.maxPixels 767",
                Assert.Throws<ImageFormatException>(() => read(tooFew)).Message,
                StringComparison.Ordinal);
        }
        PairDataset pairs = new("list", [new FilePair(png, label)], ClassSet.Numbered(2));
        Assert.Equal((32, 24), pairs.SizeOf(0));
        Assert.Equal(32, pairs.Within(enough).Load(0).Image.Width);
        Assert.Throws<ImageFormatException>(() => pairs.Within(tooFew).Load(0));
    }

    [Theory]
    [InlineData("nothing", "")]
    [InlineData("png", "")]
    [InlineData("jpg", "bytes, more than the")]
    public void SparseFile_IsNotReadWhole(string start, string problem)
    {
        string path = _folder.Write(
            "sparse.png", start switch { "png" => Assemble(PngBuilder.Header(8, 8, 8, 0), PngBuilder.Compress(new byte[72])), "jpg" => Jpeg(8, 8), _ => [] });
        using (FileStream file = File.OpenWrite(path))
        {
            file.SetLength(start == "nothing" ? 300L << 20 : 1900L << 20);
        }
        Assert.Contains(problem, AllocatesLittle(() => _codec.ReadRgb(path), 0).Message, StringComparison.Ordinal);
        AllocatesLittle(() => LabelPng.Read(path), 0);
    }

    [Theory]
    [InlineData("device")]
    [InlineData("pipe")]
    public void WhatIsNoFile_IsRefusedBeforeItIsOpened(string kind)
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("only Linux is asked what a path leads to");
        }
        string path = _folder.File("link.png");
        if (kind == "device")
        {
            File.CreateSymbolicLink(path, "/dev/zero");
        }
        else
        {
            using Process make = System.Diagnostics.Process.Start("mkfifo", [path]);
            make.WaitForExit();
        }
        Action[] reads =
        [
            () => _codec.ReadRgb(path), () => LabelPng.Read(path), () => ClassSet.ReadFile(path),
            () => ImageDataset.OfList(_folder.Path, path, ClassSet.Numbered(2)),
        ];
        foreach (Action read in reads)
        {
            DatasetException error = Assert.ThrowsAny<DatasetException>(read);
            Assert.Equal(path, error.File);
            Assert.Contains($"it is a {(kind == "device" ? "device" : "named pipe")}, not a file", error.Message, StringComparison.Ordinal);
        }
        Assert.Null(_codec.ReadSize(path));
    }

    [Fact]
    public void NulInAList_IsNamedWithItsLine()
    {
        string list = _folder.Write("train.txt", "a.png a.png\nb\0.png b.png\n");
        _folder.Write("classes.txt", "0 a 0 0 0\n1 b 9 9 9\n");
        string classes = _folder.Write("broken.txt", "0 a\0 0 0 0\n");
        foreach ((Action? read, string? path, int line) in new (Action, string, int)[]
        {
            (() => _ = new ListFileDataset(_folder.Path, "train.txt"), list, 2), (
                () => ImageDataset.OfList(_folder.Path, list, ClassSet.Numbered(2)), list, 2), (() => ClassSet.ReadFile(classes), classes, 1),
        })
        {
            Assert.StartsWith($"{path}: line {line} holds a NUL character", Assert.ThrowsAny<DatasetException>(read).Message, StringComparison.Ordinal);
        }
    }

    private static PngBuilder Builder(int colour, int bits, bool interlaced) =>
        new() { Width = 23, Height = 17, BitDepth = bits, ColourType = colour, Interlaced = interlaced };

    private static ushort[] Values(PngBuilder builder) =>
        [.. Enumerable.Range(0, builder.Width * builder.Height * builder.Channels).Select(i => (ushort)((i * i / 7) & ((1 << builder.BitDepth) - 1)))];

    /// <summary>What the reader of the kind makes of a file with this data; null where it is refused by name.</summary>
    private byte[]? Read(PngBuilder builder, byte[] data)
    {
        byte[] header = PngBuilder.Header(builder.Width, builder.Height, builder.BitDepth, builder.ColourType, builder.Interlaced);
        string path = _folder.Write("a.png", Assemble(header, data, builder.ColourType == 3 ? new byte[3 << builder.BitDepth] : []));
        try
        {
            return builder.ColourType == 2 ? _codec.ReadRgb(path).Pixels : [.. LabelPng.Read(path).Ids.SelectMany(BitConverter.GetBytes)];
        }
        catch (ImageFormatException error)
        {
            Assert.Equal(path, error.File);
            return null;
        }
    }

    private static byte[] Assemble(byte[] header, byte[] data, params byte[] palette)
    {
        MemoryStream file = new();
        file.Write([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]);
        PngBuilder.WriteChunk(file, "IHDR", header);
        if (palette.Length > 0)
        {
            PngBuilder.WriteChunk(file, "PLTE", palette);
        }
        PngBuilder.WriteChunk(file, "IDAT", data);
        PngBuilder.WriteChunk(file, "IEND", []);
        return file.ToArray();
    }

    private protected static byte[] Jpeg(int width, int height)
    {
        using SKBitmap bitmap = new(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        Span<byte> pixels = bitmap.GetPixelSpan();
        for (int i = 0; i < pixels.Length; i++)
        {
            pixels[i] = i % 4 == 3 ? (byte)255 : (byte)(i / 5 * (i % 4 + 1));
        }
        using SKData data = bitmap.Encode(SKEncodedImageFormat.Jpeg, 90);
        return data.ToArray();
    }

    private protected static ImageFormatException AllocatesLittle(Action read, int fileBytes)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        ImageFormatException error = Assert.Throws<ImageFormatException>(read);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000 + 4L * fileBytes);
        return error;
    }
}

public sealed class SkiaHostileImageTests() : HostileImageTests(ImageCodecKind.Skia)
{
    [Fact]
    public void Gif_ThatAnnouncesMoreThanItHolds_AllocatesNothing()
    {
        byte[] file = TestPictures.Gif(TestPictures.Quarters(20, 10));
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(6), 8000);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(8), 6000);
        string path = Folder.Write("huge.gif", file);
        Assert.Contains(
            "cannot hold 8000x6000 pixels", AllocatesLittle(() => SkiaImageCodec.Instance.ReadRgb(path), file.Length).Message, StringComparison.Ordinal);
    }

    /// <summary>JPEGs are decoded in strips of a mebibyte.</summary>
    [Fact]
    public void LargeJpeg_IsItsWholePicture()
    {
        byte[] file = Jpeg(900, 1100);
        using SKBitmap expected = SKBitmap.Decode(file, new SKImageInfo(900, 1100, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        RgbImage read = SkiaImageCodec.Instance.ReadRgb(Folder.Write("large.jpg", file));
        Span<byte> pixels = expected.GetPixelSpan();
        for (int i = 0; i < 900 * 1100; i++)
        {
            Assert.True(pixels.Slice(i * 4, 3).SequenceEqual(read.Pixels.AsSpan(i * 3, 3)), $"pixel {i}");
        }
    }
}

public sealed class ImageSharpHostileImageTests() : HostileImageTests(ImageCodecKind.ImageSharp);
