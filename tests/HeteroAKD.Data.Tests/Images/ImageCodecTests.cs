using HeteroAKD.Nn;
using SkiaSharp;

namespace HeteroAKD.Data.Tests;

/// <summary>What every codec does; <see cref="SkiaCodecTests"/> and <see cref="ImageSharpCodecTests"/> are it for each library.</summary>
public abstract class ImageCodecTests(ImageCodecKind kind)
{
    private readonly IImageCodec _codec = ImageCodec.Of(kind);

    private static RgbImage Gradient(int width, int height)
    {
        RgbImage image = new(width, height);
        for (int i = 0; i < width * height; i++)
        {
            (image.Pixels[i * 3], image.Pixels[i * 3 + 1], image.Pixels[i * 3 + 2]) = ((byte)(i % width * 3), (byte)(i / width * 5), (byte)(i * 7));
        }
        return image;
    }

    private static byte[] Jpeg(RgbImage image)
    {
        using SKBitmap bitmap = new(new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        for (int i = 0; i < image.Width * image.Height; i++)
        {
            SKColor color = new(image.Pixels[i * 3], image.Pixels[i * 3 + 1], image.Pixels[i * 3 + 2]);
            bitmap.SetPixel(i % image.Width, i / image.Width, color);
        }
        using SKData data = bitmap.Encode(SKEncodedImageFormat.Jpeg, 90);
        return data.ToArray();
    }

    [Fact]
    public void Png_ReadsBackExactly()
    {
        using TemporaryFolder folder = new();
        RgbImage image = Gradient(37, 21);
        _codec.WritePng(folder.File("a.png"), image);
        RgbImage read = _codec.ReadRgb(folder.File("a.png"));
        Assert.Equal((37, 21), (read.Width, read.Height));
        Assert.Equal(image.Pixels, read.Pixels);
    }

    [Fact]
    public void Png_WithManyDataChunksAndAncillaryChunks_IsRead()
    {
        using TemporaryFolder folder = new();
        RgbImage image = Gradient(16, 9);
        PngBuilder builder = new() { Width = 16, Height = 9, ColourType = 2, BytesPerIdat = 11, WithAncillaryChunks = true };
        string path = folder.Write("many.png", builder.Encode([.. image.Pixels.Select(v => (ushort)v)]));
        Assert.Equal(image.Pixels, _codec.ReadRgb(path).Pixels);
    }

    [Fact]
    public void Jpeg_IsReadWithinItsLoss()
    {
        using TemporaryFolder folder = new();
        RgbImage image = new(32, 24);
        Array.Fill(image.Pixels, (byte)120);
        RgbImage read = _codec.ReadRgb(folder.Write("a.jpg", Jpeg(image)));
        Assert.All(read.Pixels, value => Assert.InRange(value, 118, 122));
    }

    [Theory]
    [InlineData("png")]
    [InlineData("jpg")]
    public void Truncation_AnywhereIsRefused(string kind)
    {
        using TemporaryFolder folder = new();
        RgbImage image = Gradient(24, 18);
        _codec.WritePng(folder.File("whole.png"), image);
        byte[] file = kind == "png" ? File.ReadAllBytes(folder.File("whole.png")) : Jpeg(image);
        for (int length = 0; length < file.Length; length += length > file.Length - 20 ? 1 : 7)
        {
            string path = folder.Write("cut." + kind, file[..length]);
            ImageFormatException error = Assert.Throws<ImageFormatException>(() => _codec.ReadRgb(path));
            Assert.Equal(path, error.File);
            Assert.Contains(path, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void WrongChecksum_IsRefused()
    {
        using TemporaryFolder folder = new();
        _codec.WritePng(folder.File("whole.png"), Gradient(24, 18));
        byte[] file = File.ReadAllBytes(folder.File("whole.png"));
        file[file.Length / 2] ^= 1;
        ImageFormatException error = Assert.Throws<ImageFormatException>(() => _codec.ReadRgb(folder.Write("flipped.png", file)));
        Assert.Contains("checksum", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void HugePicture_IsRefusedBeforeAllocation()
    {
        using TemporaryFolder folder = new();
        MemoryStream file = new();
        file.Write([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]);
        PngBuilder.WriteChunk(file, "IHDR", PngBuilder.Header(100_000, 90_000, 8, 2));
        PngBuilder.WriteChunk(file, "IDAT", PngBuilder.Compress(new byte[100]));
        PngBuilder.WriteChunk(file, "IEND", []);
        Assert.Throws<ImageFormatException>(() => _codec.ReadRgb(folder.Write("huge.png", file.ToArray())));
    }

    [Fact]
    public void SomethingElse_IsRefused()
    {
        using TemporaryFolder folder = new();
        ImageFormatException error = Assert.Throws<ImageFormatException>(() => _codec.ReadRgb(folder.Write("a.png", "a letter, not a picture")));
        Assert.Contains("neither a PNG nor a JPEG", error.Message, StringComparison.Ordinal);
        Assert.Throws<ImageFormatException>(() => _codec.ReadRgb(folder.Path));
        Assert.Throws<ImageFormatException>(() => _codec.ReadRgb(folder.File("missing.png")));
    }

    [Fact]
    public void Jpeg_ItWritesIsWhatItWasGivenWithinItsLoss()
    {
        using TemporaryFolder folder = new();
        RgbImage image = TestPictures.Quarters();
        RgbImage read = _codec.ReadRgb(folder.Write("a.jpg", _codec.EncodeJpeg(image, 95)));
        Assert.Equal("RGBW", TestPictures.Corners(read));
        Assert.All(image.Pixels.Zip(read.Pixels), pair => Assert.InRange(pair.Second, pair.First - 40, pair.First + 40)); // at the edges of the quarters
    }

    [Fact]
    public void Size_IsThatOfTheHeader()
    {
        using TemporaryFolder folder = new();
        _codec.WritePng(folder.File("a.png"), Gradient(37, 21));
        Assert.Equal((37, 21), _codec.ReadSize(folder.File("a.png")));
        Assert.Equal((24, 18), _codec.ReadSize(folder.Write("a.jpg", Jpeg(Gradient(24, 18)))));
        Assert.Null(_codec.ReadSize(folder.File("missing.png")));
        Assert.Null(_codec.ReadSize(folder.Write("b.png", "a letter")));
    }

    [Fact]
    public void PictureOfTheRightSize_IsUsedAgain()
    {
        using TemporaryFolder folder = new();
        _codec.WritePng(folder.File("a.png"), Gradient(37, 21));
        RgbImage reuse = new(37, 21);
        Assert.Same(reuse, _codec.ReadRgb(folder.File("a.png"), reuse));
        Assert.NotSame(reuse, _codec.ReadRgb(folder.Write("a.jpg", Jpeg(Gradient(24, 18))), reuse));
    }
}

public sealed class SkiaCodecTests() : ImageCodecTests(ImageCodecKind.Skia);

public sealed class ImageSharpCodecTests() : ImageCodecTests(ImageCodecKind.ImageSharp);

/// <summary>Both codecs give the same pixels.</summary>
public sealed class CodecAgreementTests
{
    /// <summary>colour type, bits, interlaced.</summary>
    public static TheoryData<int, int, bool> Pngs { get; } = new()
    {
        { 0, 1, false }, { 0, 2, true }, { 0, 4, false }, { 0, 8, false }, { 0, 16, true }, { 2, 8, false }, { 2, 8, true }, { 2, 16, false },
        { 3, 1, false }, { 3, 2, false }, { 3, 4, true }, { 3, 8, false }, { 4, 8, false }, { 4, 16, true }, { 6, 8, true }, { 6, 16, false },
    };

    [Theory]
    [MemberData(nameof(Pngs))]
    public void Pngs_AreEqual(int colour, int bits, bool interlaced)
    {
        using TemporaryFolder folder = new();
        PngBuilder builder = new() { Width = 61, Height = 47, ColourType = colour, BitDepth = bits, Interlaced = interlaced };
        ushort[] values = Enumerable.Range(0, 61 * 47 * builder.Channels).Select(i => (ushort)((i * 7919 % 65521) & ((1 << bits) - 1))).ToArray();
        string path = folder.Write("a.png", builder.Encode(values));
        Assert.Equal(SkiaImageCodec.Instance.ReadRgb(path).Pixels, ImageSharpCodec.Instance.ReadRgb(path).Pixels);
    }

    [Fact]
    public void JpegsWithFineColours_AreWithinThree()
    {
        using TemporaryFolder folder = new();
        RgbImage image = new(67, 45);
        for (int i = 0; i < image.Pixels.Length; i++)
        {
            image.Pixels[i] = (byte)(128 + (100 * Math.Sin(i / 40.0) * Math.Cos(i % 201 / 15.0)));
        }
        string path = folder.Write("a.jpg", ImageSharpCodec.Instance.EncodeJpeg(image));
        // 36 of 9,045 are off by more than 1, 2 by 3
        Assert.All(
            SkiaImageCodec.Instance.ReadRgb(path).Pixels.Zip(ImageSharpCodec.Instance.ReadRgb(path).Pixels),
            pair => Assert.InRange(pair.Second, pair.First - 3, pair.First + 3));
    }
}
