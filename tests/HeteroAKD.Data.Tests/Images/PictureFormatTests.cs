using SkiaSharp;

namespace HeteroAKD.Data.Tests;

/// <summary>Formats beside PNG and JPEG: read where the codec reads them, named where not.</summary>
public class PictureFormatTests
{
    private static byte[] File(string kind) => kind switch
    {
        "bmp" => TestPictures.Bmp(TestPictures.Quarters()),
        "webp" => TestPictures.Encode(TestPictures.Quarters(), SKEncodedImageFormat.Webp),
        "gif" => TestPictures.Gif(TestPictures.Quarters(20, 10)),
        "jpg" => TestPictures.Encode(TestPictures.Quarters(), SKEncodedImageFormat.Jpeg),
        "tif" => TestPictures.Tiff(TestPictures.Quarters()),
        "heic" => [0, 0, 0, 24, .. "ftypheic"u8, 0, 0, 0, 0],
        _ => [0x93, .. "NUMPY"u8, 1, 0],
    };

    [Theory]
    [InlineData("bmp", ImageCodecKind.Skia)]
    [InlineData("webp", ImageCodecKind.Skia)]
    [InlineData("gif", ImageCodecKind.Skia)]
    [InlineData("bmp", ImageCodecKind.ImageSharp)]
    [InlineData("webp", ImageCodecKind.ImageSharp)]
    [InlineData("tif", ImageCodecKind.ImageSharp)]
    public void Images_AreReadWholeOrRefused(string kind, ImageCodecKind library)
    {
        using TemporaryFolder folder = new();
        IImageCodec codec = ImageCodec.Of(library);
        byte[] file = File(kind);
        Assert.Equal("RGBW", TestPictures.Corners(codec.ReadRgb(folder.Write("a." + kind, file))));
        for (int length = 0; length < file.Length; length += length > file.Length - 20 ? 1 : Math.Max(1, file.Length / 50))
        {
            string path = folder.Write("cut." + kind, file[..length]);
            Exception? error = Record.Exception(() => codec.ReadRgb(path));
            Assert.True(error is ImageFormatException, $"{length} of {file.Length} bytes are read");
            Assert.Equal(path, ((ImageFormatException)error).File);
        }
    }

    [Theory]
    [InlineData(1, "RGBW")]
    [InlineData(6, "BRWG")]
    [InlineData(8, "GWRB")]
    public void Tiff_IsTurnedUpright(int orientation, string corners)
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("a.tif", TestPictures.Tiff(TestPictures.Quarters(), orientation));
        Assert.Equal(corners, TestPictures.Corners(ImageSharpCodec.Instance.ReadRgb(path)));
        Assert.Equal("RGBW", TestPictures.Corners(ImageSharpCodec.AsStored.ReadRgb(path)));
        Assert.Equal(orientation, ImageSharpCodec.Instance.OrientationOf(path, System.IO.File.ReadAllBytes(path)));
    }

    [Fact]
    public void Tiff_WithATagTwice_IsRefused()
    {
        using TemporaryFolder folder = new();
        byte[] file = TestPictures.Tiff(TestPictures.Quarters());
        int directory = BitConverter.ToInt32(file, 4);
        file.AsSpan(directory + 2, 2).CopyTo(file.AsSpan(directory + 2 + 12, 2)); // the second entry becomes the first's tag
        ImageFormatException error = Assert.Throws<ImageFormatException>(() => ImageSharpCodec.Instance.ReadRgb(folder.Write("a.tif", file)));
        Assert.Contains("twice", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void PngWithAnIndexBehindItsPalette_IsRefused()
    {
        using TemporaryFolder folder = new();
        PngBuilder builder = new() { Width = 4, Height = 2, ColourType = 3, BitDepth = 8 };
        MemoryStream file = new();
        file.Write([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]);
        PngBuilder.WriteChunk(file, "IHDR", PngBuilder.Header(4, 2, 8, 3));
        PngBuilder.WriteChunk(file, "PLTE", [1, 2, 3, 4, 5, 6]);
        PngBuilder.WriteChunk(file, "IDAT", PngBuilder.Compress(builder.RawRows([0, 1, 0, 1, 200, 0, 1, 0])));
        PngBuilder.WriteChunk(file, "IEND", []);
        Assert.Throws<ImageFormatException>(() => ImageSharpCodec.Instance.ReadRgb(folder.Write("a.png", file.ToArray())));
    }

    [Theory]
    [InlineData("tif", ImageCodecKind.Skia, "a TIFF file, which is not read. Convert it to PNG or JPEG, or set data.codec: imageSharp")]
    [InlineData("gif", ImageCodecKind.ImageSharp, "a GIF file, which is not read. Convert it to PNG or JPEG, or set data.codec: skia")]
    [InlineData("heic", ImageCodecKind.Skia, "a HEIC or AVIF file, which is not read")]
    [InlineData("heic", ImageCodecKind.ImageSharp, "a HEIC or AVIF file, which is not read")]
    [InlineData("npy", ImageCodecKind.Skia, "a NumPy file, which is not read")]
    public void ImagesThatAreNotRead_AreNamed(string kind, ImageCodecKind library, string problem)
    {
        using TemporaryFolder folder = new();
        ImageFormatException error = Assert.Throws<ImageFormatException>(() => ImageCodec.Of(library).ReadRgb(folder.Write("a.png", File(kind))));
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("jpg", "a JPEG file, which does not keep label values exactly. Export the masks again as PNG")]
    [InlineData("bmp", "not a PNG file but BMP. Labels must be gray or palette PNGs: convert it to PNG")]
    [InlineData("tif", "not a PNG file but TIFF")]
    [InlineData("npy", "not a PNG file but NumPy")]
    public void Masks_AreNamedByWhatTheyAre(string kind, string problem)
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("mask.png", File(kind));
        Assert.Contains(problem, Assert.Throws<ImageFormatException>(() => LabelPng.Read(path)).Message, StringComparison.Ordinal);
    }

    // A mask that stands beside its image in another format is what is read, not a file that does not exist.
    [Theory]
    [InlineData("jpg", "a JPEG file")]
    [InlineData("bmp", "BMP")]
    [InlineData("tif", "TIFF")]
    public void MaskOfTheNameInAnotherFormat_IsFound(string kind, string problem)
    {
        using TemporaryFolder folder = new();
        folder.Place("classes.txt", "0 a 0 0 0\n1 b 9 9 9\n");
        folder.Image("images/00.png");
        folder.Image("images/01.png");
        folder.Label("masks/01.png", 1);
        folder.Place($"masks/00.{kind}", File(kind));
        folder.Place($"masks/01.{kind}", File(kind)); // the PNG of the name is taken
        DatasetSplits set = DatasetLayout.Of("folder").Open(folder.Path, new LayoutOptions { ValFraction = 0.5 });
        FilePair pair = set.Splits.Values.SelectMany(split => split.Pairs).Single(pair => pair.Id == "00");
        Assert.Equal(folder.File($"masks/00.{kind}"), pair.Label);
        ImageFormatException error = Assert.Throws<ImageFormatException>(() => set.Splits.Values.Single(split => split.Pairs[0].Id == "00").Load(0));
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
        Assert.All(set.Splits.Values, split => split.RequireFiles());
    }
}
