namespace HeteroAKD.Data.Tests;

public class LabelPngTests
{
    private static ushort[] RandomIds(int count, int bits, uint salt = 0)
    {
        CounterRandom random = new(11, RandomPurpose.Scene, salt, (uint)bits);
        return [.. Enumerable.Range(0, count).Select(_ => (ushort)(random.NextUInt() & ((1u << bits) - 1)))];
    }

    public static TheoryData<int, int, bool, int> Kinds()
    {
        TheoryData<int, int, bool, int> kinds = new();
        foreach ((int colour, int depth) in new[] { (0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (3, 1), (3, 2), (3, 4), (3, 8) })
        {
            foreach (bool interlaced in new[] { false, true })
            {
                for (int filter = -1; filter < 5; filter++)
                {
                    kinds.Add(colour, depth, interlaced, filter);
                }
            }
        }
        return kinds;
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Decode_GivesStoredValues(int colourType, int bitDepth, bool interlaced, int filter)
    {
        foreach ((int width, int height) in new[] { (1, 1), (3, 2), (5, 9), (8, 8), (17, 11), (2, 30) })
        {
            ushort[] ids = RandomIds(width * height, bitDepth);
            PngBuilder builder = new PngBuilder
            {
                Width = width,
                Height = height,
                BitDepth = bitDepth,
                ColourType = colourType,
                Interlaced = interlaced,
                Filter = filter,
                BytesPerIdat = 13,
                WithAncillaryChunks = true,
            };
            LabelImage image = LabelPng.Decode(builder.Encode(ids), "test.png");
            Assert.Equal((width, height), (image.Width, image.Height));
            Assert.Equal(ids, image.Ids);
            Assert.Equal(colourType == 3 ? 1 << bitDepth : 0, image.Palette?.Length ?? 0);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Write_ReadsBack(bool withPalette)
    {
        using TemporaryFolder folder = new();
        byte[] ids = RandomIds(19 * 7, 8).Select(id => (byte)(id % 12)).ToArray();
        (byte, byte, byte)[] palette = [.. Enumerable.Range(0, 12).Select(i => ((byte)i, (byte)(i * 2), (byte)(i * 3)))];
        LabelPng.Write(folder.File("labels.png"), ids, 19, 7, withPalette ? palette : default);
        LabelImage image = LabelPng.Read(folder.File("labels.png"));
        Assert.Equal(ids.Select(id => (ushort)id), image.Ids);
        Assert.Equal(withPalette ? palette : null, image.Palette);
    }

    [Fact]
    public void Truncation_AnywhereIsRefused()
    {
        byte[] file = new PngBuilder { Width = 40, Height = 30, BytesPerIdat = 100 }.Encode(RandomIds(1200, 8));
        for (int length = 0; length < file.Length; length++)
        {
            ImageFormatException error = Assert.Throws<ImageFormatException>(() => LabelPng.Decode(file.AsSpan(0, length), "cut.png"));
            Assert.Contains("cut.png", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void AnyChangedByte_IsRefused()
    {
        byte[] file = new PngBuilder { Width = 9, Height = 9 }.Encode(RandomIds(81, 8));
        for (int at = 0; at < file.Length; at++)
        {
            byte[] broken = file.ToArray();
            broken[at] ^= 0x10;
            Assert.Throws<ImageFormatException>(() => LabelPng.Decode(broken, "broken.png"));
        }
    }

    [Theory]
    [InlineData(0, 5, 8, 0)]
    [InlineData(100_000, 1, 8, 0)]
    [InlineData(-1, 5, 8, 0)]
    [InlineData(30_000, 30_000, 16, 0)]
    [InlineData(20_000, 10_000, 8, 0)] // within the limits, but the data cannot hold it
    [InlineData(5, 5, 8, 2)]
    [InlineData(5, 5, 8, 6)]
    [InlineData(5, 5, 3, 0)]
    [InlineData(5, 5, 16, 3)]
    public void HostileOrUnsuitableHeader_IsRefusedBeforeAllocation(int width, int height, int bitDepth, int colourType)
    {
        MemoryStream file = new();
        file.Write([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]);
        PngBuilder.WriteChunk(file, "IHDR", PngBuilder.Header(width, height, bitDepth, colourType));
        if (colourType == 3)
        {
            PngBuilder.WriteChunk(file, "PLTE", new byte[9]);
        }
        PngBuilder.WriteChunk(file, "IDAT", PngBuilder.Compress(new byte[30]));
        PngBuilder.WriteChunk(file, "IEND", []);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<ImageFormatException>(() => LabelPng.Decode(file.ToArray(), "hostile.png"));
        if (width * (long)height > 1_000_000)
        {
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000);
        }
    }

    [Fact]
    public void WrongDataLength_IsRefused()
    {
        PngBuilder builder = new() { Width = 6, Height = 6, Filter = 0 };
        byte[] raw = builder.RawRows(new ushort[36]);
        foreach (byte[]? data in new[] { raw[..^1], [.. raw, 0], [] })
        {
            Assert.Throws<ImageFormatException>(() => LabelPng.Decode(Assemble(data), "length.png"));
        }
        Assert.Equal(36, LabelPng.Decode(Assemble(raw), "length.png").Ids.Length);
    }

    [Fact]
    public void UnknownFilter_IsRefused()
    {
        byte[] raw = new byte[42];
        raw[7] = 5;
        ImageFormatException error = Assert.Throws<ImageFormatException>(() => LabelPng.Decode(Assemble(raw), "filter.png"));
        Assert.Contains("filter 5", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void IndexOutsidePalette_IsRefused()
    {
        ushort[] ids = new ushort[36];
        ids[20] = 7;
        byte[] file = new PngBuilder { Width = 6, Height = 6, ColourType = 3, PaletteLength = 5 }.Encode(ids);
        ImageFormatException error = Assert.Throws<ImageFormatException>(() => LabelPng.Decode(file, "index.png"));
        Assert.Contains("entry 7", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ColourPicture_IsExplained()
    {
        byte[] file = new PngBuilder { Width = 2, Height = 2, ColourType = 2 }.Encode(new ushort[12]);
        ImageFormatException error = Assert.Throws<ImageFormatException>(() => LabelPng.Decode(file, "colours.png"));
        Assert.Contains("RGB", error.Message, StringComparison.Ordinal);
        Assert.Equal("colours.png", error.File);
    }

    [Fact]
    public void MissingFile_IsNamed()
    {
        ImageFormatException error = Assert.Throws<ImageFormatException>(() => LabelPng.Read("no/such/labels.png"));
        Assert.Contains("no/such/labels.png", error.Message, StringComparison.Ordinal);
    }

    private static byte[] Assemble(byte[] raw)
    {
        MemoryStream file = new();
        file.Write([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]);
        PngBuilder.WriteChunk(file, "IHDR", PngBuilder.Header(6, 6, 8, 0));
        PngBuilder.WriteChunk(file, "IDAT", PngBuilder.Compress(raw));
        PngBuilder.WriteChunk(file, "IEND", []);
        return file.ToArray();
    }
}
