using System.Buffers;
using System.Runtime.Intrinsics;
using HeteroAKD.Nn;
using HeteroAKD.Tensors;
using SkiaSharp;

namespace HeteroAKD.Data;

/// <summary>PNG, JPEG, BMP, WebP and GIF through SkiaSharp.</summary>
public sealed class SkiaImageCodec : ImageCodec
{
    private const int StripBytes = 1 << 20;

    private SkiaImageCodec(bool turnsUpright)
        : base(turnsUpright)
    {
    }

    /// <summary>Turns pictures upright. The codec has no state; one instance serves everybody.</summary>
    public static SkiaImageCodec Instance { get; } = new(turnsUpright: true);

    /// <summary>Reads pictures as they are stored, whatever their EXIF orientation says.</summary>
    public static SkiaImageCodec AsStored { get; } = new(turnsUpright: false);

    /// <inheritdoc/>
    public override ImageCodecKind Kind => ImageCodecKind.Skia;

    private protected override IReadOnlyList<string> Kinds { get; } = ["PNG", "JPEG", "BMP", "WebP", "GIF"];

    private protected override string RemedyOf(string kind) =>
        kind == "TIFF" ? "Convert it to PNG or JPEG, or set data.codec: imageSharp" : "Convert it to PNG or JPEG";

    /// <inheritdoc/>
    public override (int Width, int Height)? ReadSize(string path)
    {
        try
        {
            using FileStream stream = RegularFile.OpenRead(path);
            using SKCodec? codec = SKCodec.Create(stream);
            return codec is null ? null : (codec.Info.Width, codec.Info.Height);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public override byte[] EncodePng(RgbImage image) => Encode(image, pixels => pixels.Encode(SKEncodedImageFormat.Png, 100));

    /// <inheritdoc/>
    public override byte[] EncodeJpeg(RgbImage image, int quality = 90) =>
        Encode(image, pixels => pixels.Encode(new SKJpegEncoderOptions(quality, SKJpegEncoderDownsample.Downsample444, SKJpegEncoderAlphaOption.Ignore)));

    private protected override int OrientationOf(byte[] file)
    {
        using SKData data = SKData.CreateCopy(file);
        using SKCodec? codec = SKCodec.Create(data);
        return codec is null ? Orientation.AsStored : (int)codec.EncodedOrigin;
    }

    private protected override (RgbImage Image, int Orientation) Decode(string path, byte[] file, RgbImage? reuse, ImageLimits limits)
    {
        unsafe
        {
            fixed (byte* bytes = file)
            {
                using SKData data = SKData.Create((nint)bytes, file.Length);
                using SKCodec codec = SKCodec.Create(data) ?? throw new ImageFormatException(path, "the image header cannot be read", Remedy);
                return (Decode(path, codec, reuse, limits), (int)codec.EncodedOrigin);
            }
        }
    }

    private static byte[] Encode(RgbImage image, Func<SKPixmap, SKData?> encode)
    {
        using SKBitmap bitmap = new(new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        Span<byte> row = bitmap.GetPixelSpan(); // [H, rowBytes]
        for (int y = 0; y < image.Height; y++)
        {
            Span<byte> source = image.Pixels.AsSpan(y * image.Width * 3, image.Width * 3);
            Span<byte> target = row.Slice(y * bitmap.RowBytes, image.Width * 4);
            for (int x = 0; x < image.Width; x++)
            {
                source.Slice(x * 3, 3).CopyTo(target[(x * 4)..]);
                target[x * 4 + 3] = 255;
            }
        }
        using SKPixmap pixmap = bitmap.PeekPixels();
        using SKData encoded = encode(pixmap) ?? throw new InvalidOperationException("Skia writes neither PNG nor JPEG in this build");
        return encoded.ToArray();
    }

    private static RgbImage Decode(string path, SKCodec codec, RgbImage? reuse, ImageLimits limits)
    {
        (int width, int height) = (codec.Info.Width, codec.Info.Height);
        limits.Require(path, width, height);

        // Unpremul and no colour space: the stored values, as every other data loader reads them. Skia knows no 24-bit pixels, so where it decodes row by row,
        // a strip of 32-bit ones is enough.
        SKImageInfo info = new(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        bool strips = codec.StartScanlineDecode(info) == SKCodecResult.Success && codec.ScanlineOrder == SKCodecScanlineOrder.TopDown;
        int rows = strips ? Math.Clamp(StripBytes / (4 * width), 1, height) : height;
        // A pool would round a whole picture up to the next power of two.
        byte[] rgba = strips ? ArrayPool<byte>.Shared.Rent(rows * width * 4) : GC.AllocateUninitializedArray<byte>(rows * width * 4); // [rows, W, 4]
        try
        {
            RgbImage? image = null;
            for (int y = 0; y < height; y += rows)
            {
                int count = Math.Min(rows, height - y);
                Fill(path, codec, info, rgba, strips ? count : 0);
                image ??= Target(reuse, width, height); // not before something of it is there
                DropAlpha(rgba.AsSpan(0, count * width * 4), image.Pixels.AsSpan(y * width * 3, count * width * 3));
            }
            return image!;
        }
        finally
        {
            if (strips)
            {
                ArrayPool<byte>.Shared.Return(rgba);
            }
        }
    }

    /// <param name="path">For the error text.</param>
    /// <param name="codec">What decodes.</param>
    /// <param name="info">Form of the pixels.</param>
    /// <param name="rgba">[rows, W, 4].</param>
    /// <param name="rows">The next rows of a codec that decodes row by row; 0 decodes the whole picture.</param>
    private static unsafe void Fill(string path, SKCodec codec, SKImageInfo info, byte[] rgba, int rows)
    {
        fixed (byte* pixels = rgba)
        {
            SKCodecResult result = rows == 0 ? codec.GetPixels(info, (nint)pixels)
                : codec.GetScanlines((nint)pixels, rows, info.RowBytes) == rows ? SKCodecResult.Success
                : SKCodecResult.IncompleteInput;
            if (result != SKCodecResult.Success)
            {
                throw new ImageFormatException(path, $"the image is broken or cut short ({result})", Remedy);
            }
        }
    }

    /// <param name="rgba">[pixels, 4].</param>
    /// <param name="rgb">[pixels, 3].</param>
    private static void DropAlpha(ReadOnlySpan<byte> rgba, Span<byte> rgb)
    {
        // Four pixels at a time; the four bytes that a store writes beyond its twelve belong to the next one.
        Vector128<byte> keep = Vector128.Create((byte)0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 15, 15, 15, 15);
        (int from, int to) = (0, 0);
        for (; to + Vector128<byte>.Count <= rgb.Length; from += 16, to += 12)
        {
            Vector128.Shuffle(Vector128.Create(rgba[from..]), keep).CopyTo(rgb[to..]);
        }
        for (; to < rgb.Length; from += 4, to += 3)
        {
            rgba.Slice(from, 3).CopyTo(rgb[to..]);
        }
    }
}
