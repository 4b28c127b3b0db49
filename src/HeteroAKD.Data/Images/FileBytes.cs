using HeteroAKD.Tensors;

namespace HeteroAKD.Data;

/// <summary>Whole files in memory, with errors that say which file and why.</summary>
internal static class FileBytes
{
    /// <summary>Reads an image or label file.</summary>
    /// <param name="path">A regular file, or a link to one.</param>
    /// <param name="limits">Its size is held to them before it is read.</param>
    /// <param name="kind">Throws where the first bytes of a file are of none that can be used, so that the rest is not read; null takes any.</param>
    public static byte[] Read(string path, ImageLimits limits, Action<ReadOnlySpan<byte>>? kind = null) => Open(path, stream =>
    {
        if (stream.Length > limits.MaxFileBytes)
        {
            throw new ImageFormatException(
                path, $"the file has {stream.Length} bytes, more than the {limits.MaxFileBytes} that data.maxPixels {limits.MaxPixels} can "
                    + "need",
                "Check that it is an image, or raise data.maxPixels");
        }
        if (kind is not null)
        {
            kind(Beginning(stream, PictureFormat.Bytes));
            stream.Position = 0;
        }
        byte[] bytes = GC.AllocateUninitializedArray<byte>((int)stream.Length);
        stream.ReadExactly(bytes);
        return bytes;
    });

    /// <summary>At most <paramref name="count"/> bytes of its beginning.</summary>
    public static byte[] Start(string path, int count) => Open(path, stream => Beginning(stream, count));

    private static byte[] Beginning(Stream stream, int count)
    {
        byte[] bytes = new byte[count];
        return bytes[..stream.ReadAtLeast(bytes, count, throwOnEndOfStream: false)];
    }

    private static byte[] Open(string path, Func<FileStream, byte[]> read)
    {
        try
        {
            using FileStream stream = RegularFile.OpenRead(path);
            return read(stream);
        }
        catch (Exception cause) when (cause is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ImageFormatException(path, "the file does not exist", "Correct the path, or restore the file", cause);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ImageFormatException(path, $"the file cannot be read ({cause.Message.TrimEnd('.')})", "Check that it is a file you may read", cause);
        }
    }
}
