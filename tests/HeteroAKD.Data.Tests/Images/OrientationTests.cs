using HeteroAKD.Nn;

namespace HeteroAKD.Data.Tests;

/// <summary>EXIF orientations, of images and of masks.</summary>
public abstract class OrientationTests(ImageCodecKind kind)
{
    private readonly IImageCodec _codec = ImageCodec.Of(kind);
    private readonly IImageCodec _asStored = ImageCodec.Of(kind, turnsUpright: false);

    // Where the quarters of RG over BW stand upright, by the table of the EXIF standard.
    public static TheoryData<int, string> Table => new()
    {
        { 1, "RGBW" }, { 2, "GRWB" }, { 3, "WBGR" }, { 4, "BWRG" }, { 5, "RBGW" }, { 6, "BRWG" }, { 7, "WGBR" }, { 8, "GWRB" },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void Photo_IsTurnedUpright(int orientation, string corners)
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("photo.jpg", TestPictures.Jpeg(TestPictures.Quarters(), orientation));
        RgbImage upright = _codec.ReadRgb(path);
        Assert.Equal(orientation >= 5 ? (32, 64) : (64, 32), (upright.Width, upright.Height));
        Assert.Equal(corners, TestPictures.Corners(upright));
        Assert.Equal("RGBW", TestPictures.Corners(_asStored.ReadRgb(path)));
    }

    [Theory]
    [MemberData(nameof(Table))]
    public void PngAndMask_AreTurnedByTheirOwnTag(int orientation, string corners)
    {
        using TemporaryFolder folder = new();
        _codec.WritePng(folder.File("plain.png"), TestPictures.Quarters());
        folder.Write("image.png", TestPictures.WithOrientation(File.ReadAllBytes(folder.File("plain.png")), orientation));
        Assert.Equal(corners, TestPictures.Corners(_codec.ReadRgb(folder.File("image.png"))));

        // A mask of 4 x 2 with the ids 0 1 over 2 3.
        LabelPng.Write(folder.File("plain-mask.png"), [0, 0, 1, 1, 2, 2, 3, 3], 4, 2);
        LabelImage mask = LabelPng.Read(folder.Write("mask.png", TestPictures.WithOrientation(File.ReadAllBytes(folder.File("plain-mask.png")), orientation)));
        Assert.Equal((4, 2, orientation), (mask.Width, mask.Height, mask.StoredOrientation));
        LabelImage upright = mask.Upright();
        (int right, int below) = (upright.Width - 1, (upright.Height - 1) * upright.Width);
        Assert.Equal(corners, string.Concat(new[] { 0, right, below, below + right }.Select(place => "RGBW"[upright.Ids[place]])));
    }

    [Theory]
    [InlineData("MM\0*\0\0\0\x7f")] // its table lies outside
    [InlineData("II*\0")]
    [InlineData("not EXIF at all")]
    public void DamagedTags_AreNone(string exif) => Assert.Equal(1, Orientation.OfExif(System.Text.Encoding.Latin1.GetBytes(exif)));

    [Fact]
    public void MaskWithoutTag_FitsThePixelsAsStoredOrIsNamed()
    {
        using TemporaryFolder folder = MakePair(64, 32, orientation: 6, maskOrientation: 1);
        DatasetException error = Assert.Throws<DatasetException>(() => Open(folder, _codec).Load(0));
        Assert.Contains(
            "turned by its EXIF orientation: if the masks were drawn without, set data.exifOrientation: false", error.Message, StringComparison.Ordinal);
        Assert.Equal((64, 32), Size(Open(folder, _asStored).Load(0)));
    }

    [Theory]
    [InlineData(64, 32, 6, 6, "BRWG")]
    [InlineData(64, 64, 8, 1, "GWRB")] // a square photo, and one upside down: nothing but the tag tells
    [InlineData(64, 32, 3, 1, "WBGR")]
    public void Mask_TurnsOnlyByItsOwnTag(int width, int height, int orientation, int maskOrientation, string corners)
    {
        using TemporaryFolder folder = MakePair(width, height, orientation, maskOrientation);
        Sample sample = Open(folder, _codec).Load(0);
        Assert.Equal(corners, TestPictures.Corners(sample.Image));

        // The mask's left half is 0 as it is stored; turned with the photo, its upper half.
        int place = maskOrientation == 1 ? (sample.Image.Height - 1) * sample.Image.Width : sample.Image.Width - 1;
        Assert.Equal((0, 0, 1), (sample.Labels[0], sample.Labels[place], sample.Labels[^1]));
    }

    [Fact]
    public void Cache_KnowsWhetherImagesAreTurned()
    {
        using TemporaryFolder folder = MakePair(64, 32, orientation: 6, maskOrientation: 6);
        Sample Load(IImageCodec codec) => new DiskCachedDataset(Open(folder, codec), folder.File("cache"), message => Assert.Fail(message)).Load(0);
        for (int i = 0; i < 2; i++)
        {
            Assert.Equal(((32, 64), (64, 32)), (Size(Load(_codec)), Size(Load(_asStored))));
        }
    }

    private static (int, int) Size(Sample sample) => (sample.Image.Width, sample.Image.Height);

    private static ListFileDataset Open(TemporaryFolder folder, IImageCodec codec) => new(folder.Path, "list.txt", codec: codec);

    private static TemporaryFolder MakePair(int width, int height, int orientation, int maskOrientation)
    {
        TemporaryFolder folder = new();
        folder.Write("classes.txt", "0 a 0 0 0\n1 b 9 9 9\n");
        folder.Write("list.txt", "i.jpg l.png\n");
        folder.Write("i.jpg", TestPictures.Jpeg(TestPictures.Quarters(width, height), orientation));
        byte[] labels = Enumerable.Range(0, width * height).Select(i => (byte)(i % width < width / 2 ? 0 : 1)).ToArray();
        LabelPng.Write(folder.File("l.png"), labels, width, height);
        if (maskOrientation != 1)
        {
            folder.Write("l.png", TestPictures.WithOrientation(File.ReadAllBytes(folder.File("l.png")), maskOrientation));
        }
        return folder;
    }
}

public sealed class SkiaOrientationTests() : OrientationTests(ImageCodecKind.Skia);

public sealed class ImageSharpOrientationTests() : OrientationTests(ImageCodecKind.ImageSharp);
