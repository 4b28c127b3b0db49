using System.Buffers.Binary;

namespace HeteroAKD.Data;

/// <summary>What kind of picture a file is by its first bytes, whatever its name says.</summary>
internal static class PictureFormat
{
    /// <summary>Bytes of a file's beginning that are enough to tell.</summary>
    public const int Bytes = 26;

    // GIF's codes have at most 12 bits, and one stands for at most 4,095 pixels.
    private const int MaxGifPixelsPerByte = 4095 * 8 / 12;

    private const int GifHeaderBytes = 13;

    private const string Remedy = "Copy or export the file again, or take it off the list";

    /// <summary>Its name, for example "JPEG"; null for something else.</summary>
    public static string? NameOf(ReadOnlySpan<byte> file) => file switch
    {
        _ when PngContainer.HasSignature(file) => "PNG",
        _ when JpegContainer.HasSignature(file) => "JPEG",
        _ when IsBmp(file) => "BMP",
        _ when IsWebP(file) => "WebP",
        _ when IsGif(file) => "GIF",
        _ when TiffContainer.HasSignature(file) => "TIFF",
        _ when file.Length >= 12 && file[4..].StartsWith("ftyp"u8) => "HEIC or AVIF",
        _ when file.Length > 6 && file[0] == 0x93 && file[1..].StartsWith("NUMPY"u8) => "NumPy",
        _ => null,
    };

    public static bool IsBmp(ReadOnlySpan<byte> file) => file.Length >= Bytes && file.StartsWith("BM"u8);

    public static bool IsWebP(ReadOnlySpan<byte> file) => file.Length >= 12 && file.StartsWith("RIFF"u8) && file[8..].StartsWith("WEBP"u8);

    public static bool IsGif(ReadOnlySpan<byte> file) => file.Length >= GifHeaderBytes && (file.StartsWith("GIF87a"u8) || file.StartsWith("GIF89a"u8));

    /// <summary>
    /// Refuses a BMP, WebP or GIF file that is shorter than it says, since the codec fills what is missing in places, and a GIF that cannot hold what it
    /// announces.
    /// </summary>
    public static void RequireWhole(string path, ReadOnlySpan<byte> file)
    {
        long stated = IsWebP(file) ? BinaryPrimitives.ReadUInt32LittleEndian(file[4..]) + 8L
            : IsBmp(file) ? BinaryPrimitives.ReadUInt32LittleEndian(file[2..])
            : 0;
        if (stated > file.Length || (IsGif(file) && !file.TrimEnd((byte)0).EndsWith(";"u8)))
        {
            throw new ImageFormatException(path, $"the {NameOf(file)} file is cut short", Remedy);
        }

        if (IsGif(file) && BinaryPrimitives.ReadUInt16LittleEndian(file[6..]) is var width && BinaryPrimitives.ReadUInt16LittleEndian(file[8..]) is var height
            && (long)width * height > (long)file.Length * MaxGifPixelsPerByte)
        {
            throw new ImageFormatException(path, $"{file.Length} bytes cannot hold {width}x{height} pixels", Remedy);
        }
    }
}
