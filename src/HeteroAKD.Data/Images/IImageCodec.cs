using HeteroAKD.Nn;

namespace HeteroAKD.Data;

/// <summary>
/// The one place where pictures enter and leave: another imaging library is one more implementation of this. Implementations are safe to call from several
/// threads. Label files do not come through here, see <see cref="LabelPng"/>.
/// </summary>
public interface IImageCodec
{
    /// <summary>The library behind it. JPEGs may differ in their last bits between two of them.</summary>
    ImageCodecKind Kind { get; }

    /// <summary>Whether pictures are turned as their EXIF orientation says; otherwise they are read as they are stored.</summary>
    bool TurnsUpright { get; }

    /// <summary>
    /// Decodes a whole PNG, JPEG, BMP or WebP file to RGB, and other kinds where the codec knows them, without colour management or premultiplied alpha.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="reuse">An image that is no longer needed: where it has the right size, it is overwritten and returned.</param>
    /// <param name="limits">What it may hold; null takes the default.</param>
    /// <exception cref="ImageFormatException">The file is missing, cut short, corrupt, too large, or of another kind.</exception>
    RgbImage ReadRgb(string path, RgbImage? reuse = null, ImageLimits? limits = null);

    /// <summary>Width and height from a file's header; null where they cannot be had, which <see cref="ReadRgb"/> will say better.</summary>
    (int Width, int Height)? ReadSize(string path);

    /// <summary>The EXIF orientation of an image that can be read, 1 to 8.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="file">Its content.</param>
    int OrientationOf(string path, byte[] file);

    /// <summary>The bytes of a PNG.</summary>
    byte[] EncodePng(RgbImage image);

    /// <summary>The bytes of a JPEG without chroma subsampling (4:4:4).</summary>
    /// <param name="image">The picture.</param>
    /// <param name="quality">1 to 100.</param>
    byte[] EncodeJpeg(RgbImage image, int quality = 90);

    /// <summary>Writes a PNG, replacing what is there.</summary>
    void WritePng(string path, RgbImage image);
}
