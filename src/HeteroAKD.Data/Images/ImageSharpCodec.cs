using System.Collections.Concurrent;
using HeteroAKD.Nn;
using HeteroAKD.Tensors;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats.Bmp;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.Formats.Tiff;
using SixLabors.ImageSharp.Formats.Webp;
using SixLabors.ImageSharp.Memory;
using SixLabors.ImageSharp.Metadata;
using SixLabors.ImageSharp.Metadata.Profiles.Exif;
using SixLabors.ImageSharp.PixelFormats;

namespace HeteroAKD.Data;

/// <summary>PNG, JPEG, BMP, WebP and TIFF through SixLabors.ImageSharp, which is managed code alone.</summary>
/// <remarks>
/// Crafted files are said to make some of its decoders slow or greedy. So only these five are registered, the size in the header is held to the limits before
/// anything is decoded, no allocation may be larger than a picture of the limit, and decoding ends after <see cref="MaxSeconds"/>.
/// </remarks>
public sealed class ImageSharpCodec : ImageCodec
{
    /// <summary>Most seconds that one picture may take; one of 50 million pixels takes about 3.</summary>
    public const int MaxSeconds = 60;

    // 16 bits of red, green, blue and alpha.
    private const int MaxPixelBytes = 8;

    private const int PoolMegabytes = 64;

    // Of the IHDR chunk, which stands first.
    private const int PngBits = 24, PngColourType = 25, PngPalette = 3;

    private static readonly ConcurrentDictionary<int, SixLabors.ImageSharp.Configuration> s_configurations = new();

    private ImageSharpCodec(bool turnsUpright)
        : base(turnsUpright)
    {
    }

    /// <summary>Turns pictures upright. The codec has no state of its own; one instance serves everybody.</summary>
    public static ImageSharpCodec Instance { get; } = new(turnsUpright: true);

    /// <summary>Reads pictures as they are stored, whatever their EXIF orientation says.</summary>
    public static ImageSharpCodec AsStored { get; } = new(turnsUpright: false);

    /// <inheritdoc/>
    public override ImageCodecKind Kind => ImageCodecKind.ImageSharp;

    private protected override IReadOnlyList<string> Kinds { get; } = ["PNG", "JPEG", "BMP", "WebP", "TIFF"];

    private protected override string RemedyOf(string kind) =>
        kind == "GIF" ? "Convert it to PNG or JPEG, or set data.codec: skia" : "Convert it to PNG or JPEG";

    /// <inheritdoc/>
    public override (int Width, int Height)? ReadSize(string path)
    {
        try
        {
            using FileStream stream = RegularFile.OpenRead(path);
            return Image.Identify(Within(ImageLimits.Default), stream) is { } found ? (found.Width, found.Height) : null;
        }
        catch (Exception cause) when (cause is not OutOfMemoryException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public override byte[] EncodePng(RgbImage image) =>
        Encode(image, (picture, stream) => picture.SaveAsPng(stream, new PngEncoder { ColorType = PngColorType.Rgb, BitDepth = PngBitDepth.Bit8 }));

    /// <inheritdoc/>
    public override byte[] EncodeJpeg(RgbImage image, int quality = 90) =>
        Encode(image, (picture, stream) => picture.SaveAsJpeg(stream, new JpegEncoder { Quality = quality, ColorType = JpegColorType.YCbCrRatio444 }));

    private protected override int OrientationOf(byte[] file)
    {
        try
        {
            return Image.Identify(Within(ImageLimits.Default), file, out _) is { } found ? OrientationIn(found.Metadata.ExifProfile) : Orientation.AsStored;
        }
        catch (Exception cause) when (cause is not OutOfMemoryException)
        {
            return Orientation.AsStored;
        }
    }

    private protected override (RgbImage Image, int Orientation) Decode(string path, byte[] file, RgbImage? reuse, ImageLimits limits)
    {
        Configuration configuration = Within(limits);
        using MemoryStream stream = new(file);
        using CancellationTokenSource clock = new(TimeSpan.FromSeconds(MaxSeconds));
        try
        {
            IImageInfo header = Image.Identify(configuration, stream) ?? throw new ImageFormatException(path, "the image header cannot be read", Remedy);
            limits.Require(path, header.Width, header.Height);
            stream.Position = 0;
            if (PngContainer.HasSignature(file) && file[PngColourType] == PngPalette)
            {
                LabelPng.Decode(file, path, limits); // refuses indices behind the palette's end, which the library would follow
            }
            return PngContainer.HasSignature(file) && file[PngBits] == 16
                ? Wide(configuration, stream, reuse, clock.Token)
                : Narrow(configuration, stream, reuse, clock.Token);
        }
        catch (OperationCanceledException cause)
        {
            throw new ImageFormatException(path, $"decoding takes more than {MaxSeconds} s", Remedy, cause);
        }
        catch (Exception cause) when (cause is InvalidMemoryOperationException || cause.InnerException is InvalidMemoryOperationException)
        {
            throw new ImageFormatException(path, "decoding needs more memory than a picture of data.maxPixels", Remedy, cause);
        }
        catch (NotSupportedException cause)
        {
            throw new ImageFormatException(
                path, $"this kind of {PictureFormat.NameOf(file)} is not read ({cause.Message.Split('\n')[0]})", "Convert it to PNG or JPEG", cause);
        }
        catch (Exception cause) when (cause is not (ImageFormatException or OutOfMemoryException))
        {
            // Its decoders answer crafted files with exceptions of many types, index errors among them; none of them leaves state behind.
            throw new ImageFormatException(path, $"the image is broken or cut short ({cause.Message.Split('\n')[0]})", Remedy, cause);
        }
    }

    private static (RgbImage Image, int Orientation) Narrow(
        SixLabors.ImageSharp.Configuration configuration, Stream stream, RgbImage? reuse, CancellationToken cancellation)
    {
        using Image<Rgb24> picture = Image.LoadAsync<Rgb24>(configuration, stream, cancellation).GetAwaiter().GetResult();
        RgbImage image = Target(reuse, picture.Width, picture.Height);
        picture.CopyPixelDataTo(image.Pixels);
        return (image, OrientationIn(picture.Metadata.ExifProfile));
    }

    // The upper byte of 16 bits, as libpng, Skia and PIL take it; the library would round.
    private static (RgbImage Image, int Orientation) Wide(
        SixLabors.ImageSharp.Configuration configuration, Stream stream, RgbImage? reuse, CancellationToken cancellation)
    {
        using Image<Rgb48> picture = Image.LoadAsync<Rgb48>(configuration, stream, cancellation).GetAwaiter().GetResult();
        RgbImage image = Target(reuse, picture.Width, picture.Height);
        picture.ProcessPixelRows(rows =>
        {
            int at = 0;
            for (int y = 0; y < rows.Height; y++)
            {
                foreach (Rgb48 pixel in rows.GetRowSpan(y))
                {
                    (image.Pixels[at], image.Pixels[at + 1], image.Pixels[at + 2]) = ((byte)(pixel.R >> 8), (byte)(pixel.G >> 8), (byte)(pixel.B >> 8));
                    at += 3;
                }
            }
        });
        return (image, OrientationIn(picture.Metadata.ExifProfile));
    }

    private static int OrientationIn(ExifProfile? profile) =>
        profile?.GetValue(ExifTag.Orientation)?.Value is { } orientation and >= 1 and <= 8 ? orientation : Orientation.AsStored;

    private static byte[] Encode(RgbImage image, Action<Image<Rgb24>, Stream> save)
    {
        using Image<Rgb24> picture = Image.LoadPixelData<Rgb24>(
            Within(new ImageLimits(Math.Max(ImageLimits.DefaultMaxPixels, image.Width * image.Height))),
            image.Pixels.AsSpan(0, image.Width * image.Height * 3),
            image.Width,
            image.Height);
        MemoryStream stream = new();
        save(picture, stream);
        return stream.ToArray();
    }

    // Text chunks of a PNG have no limit, and every page of a TIFF would be decoded.
    private static SixLabors.ImageSharp.Configuration Within(ImageLimits limits) => s_configurations.GetOrAdd(limits.MaxPixels, static pixels =>
    {
        SixLabors.ImageSharp.Configuration configuration =
            new(
                new PngConfigurationModule(),
                new JpegConfigurationModule(),
                new BmpConfigurationModule(),
                new WebpConfigurationModule(),
                new TiffConfigurationModule())
            {
                MaxDegreeOfParallelism = 1, // the loader's workers are the parallelism
                MemoryAllocator = MemoryAllocator.Create(new MemoryAllocatorOptions
                {
                    AllocationLimitMegabytes = (int)Math.Min(int.MaxValue >> 20, (((long)pixels * MaxPixelBytes) >> 20) + 16),
                    MaximumPoolSizeMegabytes = PoolMegabytes,
                }),
            };
        configuration.ImageFormatsManager.SetDecoder(PngFormat.Instance, new PngDecoder { IgnoreMetadata = true });
        configuration.ImageFormatsManager.SetDecoder(TiffFormat.Instance, new TiffDecoder { DecodingMode = FrameDecodingMode.First });
        return configuration;
    });
}
