using HeteroAKD.Nn;
using HeteroAKD.Tensors;

namespace HeteroAKD.Data;

/// <summary>The imaging libraries that there are.</summary>
public enum ImageCodecKind
{
    /// <summary>SixLabors.ImageSharp, managed code.</summary>
    ImageSharp,

    /// <summary>SkiaSharp, native code.</summary>
    Skia,
}

/// <summary>
/// What all codecs have in common: a file is read within its limits, its container is walked to its end before a decoder sees it, and a picture is turned
/// upright. Decoders fill the missing rest of a truncated file with grey in places and still say success.
/// </summary>
/// <param name="turnsUpright">Whether pictures are turned as their EXIF orientation says.</param>
public abstract class ImageCodec(bool turnsUpright) : IImageCodec
{
    private protected const string Remedy = "Copy or export the file again, or take it off the list";

    /// <summary>What pictures are read and written by where nothing is chosen.</summary>
    public static IImageCodec Usual => Of(ImageCodecKind.ImageSharp); // no field: bases are initialised before what derives from them

    /// <inheritdoc/>
    public abstract ImageCodecKind Kind { get; }

    /// <inheritdoc/>
    public bool TurnsUpright { get; } = turnsUpright;

    /// <summary>A codec by its library.</summary>
    /// <param name="kind">The library.</param>
    /// <param name="turnsUpright">Whether pictures are turned as their EXIF orientation says.</param>
    public static IImageCodec Of(ImageCodecKind kind, bool turnsUpright = true) => (kind, turnsUpright) switch
    {
        (ImageCodecKind.Skia, true) => SkiaImageCodec.Instance,
        (ImageCodecKind.Skia, false) => SkiaImageCodec.AsStored,
        (_, true) => ImageSharpCodec.Instance,
        (_, false) => ImageSharpCodec.AsStored,
    };

    /// <summary>Kinds of files that are read, by the names of <see cref="PictureFormat.NameOf"/>; PNG and JPEG among them.</summary>
    private protected abstract IReadOnlyList<string> Kinds { get; }

    /// <summary>What to do about a file of a kind that is not read.</summary>
    private protected abstract string RemedyOf(string kind);

    /// <inheritdoc/>
    public RgbImage ReadRgb(string path, RgbImage? reuse = null, ImageLimits? limits = null)
    {
        limits ??= ImageLimits.Default;
        byte[] file = FileBytes.Read(path, limits, start => RequireKind(path, start));
        CheckContainer(path, file, limits);
        (RgbImage? image, int orientation) = Decode(path, file, reuse, limits);
        return TurnsUpright ? Upright(image, OwnOrientation(path, file) ?? orientation) : image;
    }

    /// <inheritdoc/>
    public abstract (int Width, int Height)? ReadSize(string path);

    /// <inheritdoc/>
    public abstract byte[] EncodePng(RgbImage image);

    /// <inheritdoc/>
    public abstract byte[] EncodeJpeg(RgbImage image, int quality = 90);

    /// <inheritdoc/>
    public void WritePng(string path, RgbImage image)
    {
        byte[] png = EncodePng(image);
        AtomicFile.Write(path, stream => stream.Write(png));
    }

    /// <inheritdoc/>
    public int OrientationOf(string path, byte[] file) => OwnOrientation(path, file) ?? OrientationOf(file);

    // A TIFF is a block of EXIF itself.
    private static int? OwnOrientation(string path, byte[] file) =>
        PngContainer.HasSignature(file) ? Orientation.OfPng(path, file) : TiffContainer.HasSignature(file) ? Orientation.OfExif(file) : null;

    /// <summary>The EXIF orientation of a file that is neither PNG nor TIFF.</summary>
    private protected abstract int OrientationOf(byte[] file);

    /// <summary>Decodes a file whose container is whole.</summary>
    /// <returns>The picture as it is stored, and the EXIF orientation, which counts for files that are neither PNG nor TIFF.</returns>
    private protected abstract (RgbImage Image, int Orientation) Decode(string path, byte[] file, RgbImage? reuse, ImageLimits limits);

    /// <summary>The picture to decode into.</summary>
    private protected static RgbImage Target(RgbImage? reuse, int width, int height) =>
        reuse is not null && reuse.Width == width && reuse.Height == height ? reuse : new RgbImage(width, height);

    private void RequireKind(string path, ReadOnlySpan<byte> start)
    {
        string? name = PictureFormat.NameOf(start);
        if (name is null || !Kinds.Contains(name))
        {
            string[] others = Kinds.Where(kind => kind is not ("PNG" or "JPEG")).ToArray();
            throw name is null
                ? new ImageFormatException(
                    path, $"neither a PNG nor a JPEG file, nor {string.Join(", ", others[..^1])} or {others[^1]}", "Convert it to PNG or JPEG")
                : new ImageFormatException(path, $"a {name} file, which is not read", RemedyOf(name));
        }
    }

    private static void CheckContainer(string path, byte[] file, ImageLimits limits)
    {
        if (PngContainer.HasSignature(file))
        {
            PngContainer.Check(path, file, limits);
        }
        else if (JpegContainer.HasSignature(file))
        {
            JpegContainer.Check(path, file, limits);
        }
        else if (TiffContainer.HasSignature(file))
        {
            TiffContainer.Check(path, file);
        }
        else
        {
            PictureFormat.RequireWhole(path, file);
        }
    }

    private static RgbImage Upright(RgbImage stored, int orientation)
    {
        if (orientation == Orientation.AsStored)
        {
            return stored;
        }
        byte[] pixels = new byte[stored.Pixels.Length]; // [H, W, 3]
        (int width, int height) = Orientation.Turn<byte>(stored.Pixels, stored.Width, stored.Height, 3, orientation, pixels);
        return new RgbImage(width, height, pixels);
    }
}
