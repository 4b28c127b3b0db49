using System.Buffers.Binary;
using HeteroAKD.Nn;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;
using SkiaSharp;

namespace HeteroAKD.Data.Tests;

/// <summary>Picture files of formats that the program does not write.</summary>
internal static class TestPictures
{
    private const int PngHeaderEnd = 33;

    /// <summary>A picture of four flat quarters, each 32 x 16: red, green above blue, white.</summary>
    public static RgbImage Quarters(int width = 64, int height = 32)
    {
        RgbImage image = new(width, height);
        (byte, byte, byte)[] colors = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)];
        for (int i = 0; i < width * height; i++)
        {
            int quarter = (i / width < height / 2 ? 0 : 2) + (i % width < width / 2 ? 0 : 1);
            (image.Pixels[3 * i], image.Pixels[(3 * i) + 1], image.Pixels[(3 * i) + 2]) = colors[quarter];
        }
        return image;
    }

    /// <summary>The colours of the four quarters as letters, the upper two first.</summary>
    public static string Corners(RgbImage image)
    {
        char At(int x, int y)
        {
            Span<byte> p = image.Pixels.AsSpan(((y * image.Width) + x) * 3, 3);
            return (p[0] > 128, p[1] > 128, p[2] > 128) switch
            {
                (true, false, false) => 'R',
                (false, true, false) => 'G',
                (false, false, true) => 'B',
                (true, true, true) => 'W',
                _ => '?',
            };
        }

        (int left, int right, int top, int bottom) = (image.Width / 4, image.Width * 3 / 4, image.Height / 4, image.Height * 3 / 4);
        return new string([At(left, top), At(right, top), At(left, bottom), At(right, bottom)]);
    }

    public static byte[] Encode(RgbImage image, SKEncodedImageFormat format)
    {
        using SKBitmap bitmap = new(new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        for (int i = 0; i < image.Width * image.Height; i++)
        {
            bitmap.SetPixel(i % image.Width, i / image.Width, new SKColor(image.Pixels[3 * i], image.Pixels[(3 * i) + 1], image.Pixels[(3 * i) + 2]));
        }
        using SKData data = bitmap.Encode(format, 95);
        return data.ToArray();
    }

    /// <summary>A TIFF without compression.</summary>
    public static byte[] Tiff(RgbImage image, int orientation = 1)
    {
        using Image<Rgb24> picture = SixLabors.ImageSharp.Image.LoadPixelData<SixLabors.ImageSharp.PixelFormats.Rgb24>(image.Pixels, image.Width, image.Height);
        if (orientation != 1)
        {
            picture.Frames.RootFrame.Metadata.ExifProfile = new SixLabors.ImageSharp.Metadata.Profiles.Exif.ExifProfile();
            picture.Frames.RootFrame.Metadata.ExifProfile.SetValue(SixLabors.ImageSharp.Metadata.Profiles.Exif.ExifTag.Orientation, (ushort)orientation);
        }
        MemoryStream stream = new();
        picture.Save(
            stream, new SixLabors.ImageSharp.Formats.Tiff.TiffEncoder { Compression = SixLabors.ImageSharp.Formats.Tiff.Constants.TiffCompression.None });
        return stream.ToArray()[..^1]; // without the padding of its last value, which nothing needs
    }

    /// <summary>A JPEG with an EXIF orientation.</summary>
    public static byte[] Jpeg(RgbImage image, int orientation)
    {
        byte[] content = [.. "Exif\0\0"u8, .. Exif(orientation, little: orientation % 2 == 0)];
        byte[] length = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)(content.Length + 2));
        return [0xFF, 0xD8, 0xFF, 0xE1, .. length, .. content, .. Encode(image, SKEncodedImageFormat.Jpeg)[2..]];
    }

    /// <summary>Gives a PNG an EXIF orientation.</summary>
    public static byte[] WithOrientation(byte[] png, int orientation)
    {
        MemoryStream chunk = new();
        PngBuilder.WriteChunk(chunk, "eXIf", Exif(orientation, little: orientation % 2 != 0));
        return [.. png[..PngHeaderEnd], .. chunk.ToArray(), .. png[PngHeaderEnd..]];
    }

    /// <summary>A BMP of 24 bits, rows from below.</summary>
    public static byte[] Bmp(RgbImage image)
    {
        int row = ((image.Width * 3) + 3) / 4 * 4;
        byte[] file = new byte[54 + (row * image.Height)];
        "BM"u8.CopyTo(file);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(2), file.Length);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(10), 54);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(14), 40);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(18), image.Width);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(22), image.Height);
        (file[26], file[28]) = (1, 24);
        for (int y = 0; y < image.Height; y++)
        {
            for (int x = 0; x < image.Width; x++)
            {
                (int from, int to) = (((y * image.Width) + x) * 3, 54 + ((image.Height - 1 - y) * row) + (3 * x));
                (file[to], file[to + 1], file[to + 2]) = (image.Pixels[from + 2], image.Pixels[from + 1], image.Pixels[from]);
            }
        }
        return file;
    }

    /// <summary>A GIF of at most 250 pixels whose palette is red, green, blue, white; its codes are nine bits each.</summary>
    public static byte[] Gif(RgbImage image)
    {
        List<byte> file = new([.. "GIF89a"u8, (byte)image.Width, 0, (byte)image.Height, 0, 0xF7, 0, 0]);
        byte[] palette = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255];
        file.AddRange(palette);
        file.AddRange(new byte[768 - palette.Length]);
        file.AddRange([0x2C, 0, 0, 0, 0, (byte)image.Width, 0, (byte)image.Height, 0, 0, 8]);
        List<int> codes = new List<int> { 256 };
        for (int i = 0; i < image.Width * image.Height; i++)
        {
            codes.Add(Enumerable.Range(0, 4).First(c => image.Pixels.AsSpan(3 * i, 3).SequenceEqual(palette.AsSpan(3 * c, 3))));
        }
        codes.Add(257);
        bool[] bits = [.. codes.SelectMany(code => Enumerable.Range(0, 9).Select(b => (code >> b & 1) == 1))];
        byte[] packed = [.. bits.Chunk(8).Select(chunk => (byte)chunk.Select((bit, b) => bit ? 1 << b : 0).Sum())];
        foreach (byte[] block in packed.Chunk(255))
        {
            file.Add((byte)block.Length);
            file.AddRange(block);
        }
        file.AddRange([0, 0x3B]);
        return [.. file];
    }

    // One tag before the orientation, as cameras write more than one.
    private static byte[] Exif(int orientation, bool little)
    {
        byte[] Short(int v) => little ? [(byte)v, 0] : [0, (byte)v];
        byte[] Long(int v) => little ? [(byte)v, 0, 0, 0] : [0, 0, 0, (byte)v];
        byte[] Entry(byte[] tag, int value) => [.. tag, .. Short(3), .. Long(1), .. Short(value), 0, 0];
        return
        [
            .. little ? "II*\0"u8 : "MM\0*"u8, .. Long(8), .. Short(2),
            .. Entry(little ? [0x00, 0x01] : [0x01, 0x00], 64), .. Entry(little ? [0x12, 0x01] : [0x01, 0x12], orientation), .. Long(0),
        ];
    }
}
