using System.Buffers;
using System.Runtime.Intrinsics;
using HeteroAKD.Nn;
using SkiaSharp;

namespace HeteroAKD.Data;

/// <summary>PNG and JPEG through SkiaSharp.</summary>
/// <remarks>
/// Skia fills the missing rest of a truncated file with grey in places and still says success, so the container (<see cref="PngContainer"/>,
/// <see cref="JpegContainer"/>) is walked to its end first, and anything but <see cref="SKCodecResult.Success"/> is refused.
/// </remarks>
public sealed class SkiaImageCodec : IImageCodec
{
    /// <summary>A larger picture is refused before any pixel is allocated (64 Mi pixels are 256 MiB while decoding).</summary>
    public const long MaxPixels = 1L << 26;

    private const string Remedy = "Copy or export the file again, or take it off the list";

    /// <summary>The codec has no state; one instance serves everybody.</summary>
    public static SkiaImageCodec Instance { get; } = new();

    /// <inheritdoc/>
    public RgbImage ReadRgb(string path, RgbImage? reuse = null)
    {
        var file = FileBytes.Read(path);
        CheckContainer(path, file);
        unsafe
        {
            fixed (byte* bytes = file)
            {
                using var data = SKData.Create((nint)bytes, file.Length);
                using var codec = SKCodec.Create(data) ?? throw new ImageFormatException(path, "the image header cannot be read", Remedy);
                return Decode(path, codec, reuse);
            }
        }
    }

    /// <inheritdoc/>
    public void WritePng(string path, RgbImage image)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        var row = bitmap.GetPixelSpan(); // [H, rowBytes]
        for (var y = 0; y < image.Height; y++)
        {
            var source = image.Pixels.AsSpan(y * image.Width * 3, image.Width * 3);
            var target = row.Slice(y * bitmap.RowBytes, image.Width * 4);
            for (var x = 0; x < image.Width; x++)
            {
                source.Slice(x * 3, 3).CopyTo(target[(x * 4)..]);
                target[x * 4 + 3] = 255;
            }
        }
        using var encoded = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        using var stream = File.Create(path);
        encoded.SaveTo(stream);
    }

    private static void CheckContainer(string path, byte[] file)
    {
        if (PngContainer.HasSignature(file))
        {
            PngContainer.Check(path, file);
        }
        else if (JpegContainer.HasSignature(file))
        {
            JpegContainer.Check(path, file);
        }
        else
        {
            throw new ImageFormatException(path, "neither a PNG nor a JPEG file", "Convert it to PNG or JPEG");
        }
    }

    private static unsafe RgbImage Decode(string path, SKCodec codec, RgbImage? reuse)
    {
        var (width, height) = (codec.Info.Width, codec.Info.Height);
        if (width <= 0 || height <= 0 || (long)width * height > MaxPixels)
        {
            throw new ImageFormatException(path, $"an image of {width}x{height} is outside 1 to {MaxPixels} pixels", "Scale it down first");
        }

        // Unpremul and no colour space: the stored values, as every other data loader reads them. Skia knows no 24-bit pixels.
        var rgba = ArrayPool<byte>.Shared.Rent(width * height * 4); // [H, W, 4]
        try
        {
            fixed (byte* pixels = rgba)
            {
                var result = codec.GetPixels(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul), (nint)pixels);
                if (result != SKCodecResult.Success)
                {
                    throw new ImageFormatException(path, $"the image is broken or cut short ({result})", Remedy);
                }
            }
            var image = reuse is not null && reuse.Width == width && reuse.Height == height ? reuse : new RgbImage(width, height);
            DropAlpha(rgba.AsSpan(0, width * height * 4), image.Pixels);
            return image;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rgba);
        }
    }

    /// <param name="rgba">[pixels, 4].</param>
    /// <param name="rgb">[pixels, 3].</param>
    private static void DropAlpha(ReadOnlySpan<byte> rgba, Span<byte> rgb)
    {
        // Four pixels at a time; the four bytes that a store writes beyond its twelve belong to the next one.
        var keep = Vector128.Create((byte)0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 15, 15, 15, 15);
        var (from, to) = (0, 0);
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
