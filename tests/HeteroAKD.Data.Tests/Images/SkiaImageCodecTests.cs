using HeteroAKD.Nn;
using SkiaSharp;

namespace HeteroAKD.Data.Tests;

public class SkiaImageCodecTests
{
    private static RgbImage Gradient(int width, int height)
    {
        var image = new RgbImage(width, height);
        for (var i = 0; i < width * height; i++)
        {
            (image.Pixels[i * 3], image.Pixels[i * 3 + 1], image.Pixels[i * 3 + 2]) = ((byte)(i % width * 3), (byte)(i / width * 5), (byte)(i * 7));
        }
        return image;
    }

    private static byte[] Jpeg(RgbImage image)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        for (var i = 0; i < image.Width * image.Height; i++)
        {
            var color = new SKColor(image.Pixels[i * 3], image.Pixels[i * 3 + 1], image.Pixels[i * 3 + 2]);
            bitmap.SetPixel(i % image.Width, i / image.Width, color);
        }
        using var data = bitmap.Encode(SKEncodedImageFormat.Jpeg, 90);
        return data.ToArray();
    }

    [Fact]
    public void Png_ReadsBackExactly()
    {
        using var folder = new TemporaryFolder();
        var image = Gradient(37, 21);
        SkiaImageCodec.Instance.WritePng(folder.File("a.png"), image);
        var read = SkiaImageCodec.Instance.ReadRgb(folder.File("a.png"));
        Assert.Equal((37, 21), (read.Width, read.Height));
        Assert.Equal(image.Pixels, read.Pixels);
    }

    [Fact]
    public void Png_WithManyDataChunksAndAncillaryChunks_IsRead()
    {
        using var folder = new TemporaryFolder();
        var image = Gradient(16, 9);
        var builder = new PngBuilder { Width = 16, Height = 9, ColourType = 2, BytesPerIdat = 11, WithAncillaryChunks = true };
        var path = folder.Write("many.png", builder.Encode([.. image.Pixels.Select(v => (ushort)v)]));
        Assert.Equal(image.Pixels, SkiaImageCodec.Instance.ReadRgb(path).Pixels);
    }

    [Fact]
    public void Jpeg_IsReadWithinItsLoss()
    {
        using var folder = new TemporaryFolder();
        var image = new RgbImage(32, 24);
        Array.Fill(image.Pixels, (byte)120);
        var read = SkiaImageCodec.Instance.ReadRgb(folder.Write("a.jpg", Jpeg(image)));
        Assert.All(read.Pixels, value => Assert.InRange(value, 118, 122));
    }

    [Theory]
    [InlineData("png")]
    [InlineData("jpg")]
    public void Truncation_AnywhereIsRefused(string kind)
    {
        using var folder = new TemporaryFolder();
        var image = Gradient(24, 18);
        SkiaImageCodec.Instance.WritePng(folder.File("whole.png"), image);
        var file = kind == "png" ? File.ReadAllBytes(folder.File("whole.png")) : Jpeg(image);
        for (var length = 0; length < file.Length; length += length > file.Length - 20 ? 1 : 7)
        {
            var path = folder.Write("cut." + kind, file[..length]);
            var error = Assert.Throws<ImageFormatException>(() => SkiaImageCodec.Instance.ReadRgb(path));
            Assert.Equal(path, error.File);
            Assert.Contains(path, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void WrongChecksum_IsRefused()
    {
        using var folder = new TemporaryFolder();
        SkiaImageCodec.Instance.WritePng(folder.File("whole.png"), Gradient(24, 18));
        var file = File.ReadAllBytes(folder.File("whole.png"));
        file[file.Length / 2] ^= 1;
        var error = Assert.Throws<ImageFormatException>(() => SkiaImageCodec.Instance.ReadRgb(folder.Write("flipped.png", file)));
        Assert.Contains("checksum", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void HugePicture_IsRefusedBeforeAllocation()
    {
        using var folder = new TemporaryFolder();
        var file = new MemoryStream();
        file.Write([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]);
        PngBuilder.WriteChunk(file, "IHDR", PngBuilder.Header(100_000, 90_000, 8, 2));
        PngBuilder.WriteChunk(file, "IDAT", PngBuilder.Compress(new byte[100]));
        PngBuilder.WriteChunk(file, "IEND", []);
        Assert.Throws<ImageFormatException>(() => SkiaImageCodec.Instance.ReadRgb(folder.Write("huge.png", file.ToArray())));
    }

    [Fact]
    public void SomethingElse_IsRefused()
    {
        using var folder = new TemporaryFolder();
        var error = Assert.Throws<ImageFormatException>(() => SkiaImageCodec.Instance.ReadRgb(folder.Write("a.png", "a letter, not a picture")));
        Assert.Contains("neither a PNG nor a JPEG", error.Message, StringComparison.Ordinal);
        Assert.Throws<ImageFormatException>(() => SkiaImageCodec.Instance.ReadRgb(folder.Path));
        Assert.Throws<ImageFormatException>(() => SkiaImageCodec.Instance.ReadRgb(folder.File("missing.png")));
    }
}
