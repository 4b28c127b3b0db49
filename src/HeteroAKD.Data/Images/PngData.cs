using System.Buffers;
using System.IO.Compression;

namespace HeteroAKD.Data;

/// <summary>The zlib stream in a PNG's data chunks (PNG specification, third edition, section 10).</summary>
internal static class PngData
{
    /// <summary>Deflate cannot expand by more than this.</summary>
    private const long MaxDeflateRatio = 1032;

    private const int BufferBytes = 1 << 16;

    private const string Remedy = "Copy or export the file again, or take it off the list";

    /// <summary>
    /// Inflates the whole stream into a small buffer: it must hold all rows of the picture and match its own checksum. So pixels get memory only where they are
    /// there, and data that was damaged before the chunks' checksums were computed is found.
    /// </summary>
    /// <param name="path">For the error text.</param>
    /// <param name="header">Says how many bytes the rows have.</param>
    /// <param name="compressed">The content of all data chunks.</param>
    /// <exception cref="ImageFormatException">It is cut short or damaged.</exception>
    public static void Verify(string path, PngHeader header, MemoryStream compressed)
    {
        long expected = PngRows.TotalBytes(header);
        if (expected > compressed.Length * MaxDeflateRatio)
        {
            throw new ImageFormatException(path, $"{compressed.Length} bytes of data cannot hold {header.Width}x{header.Height} pixels", Remedy);
        }
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            compressed.Position = 0;
            using ZLibStream inflated = new(compressed, CompressionMode.Decompress, leaveOpen: true);
            (long count, uint checksum) = (0L, Adler32.Start);
            for (int read = inflated.Read(buffer); read > 0; read = inflated.Read(buffer))
            {
                count += read;
                checksum = Adler32.Append(checksum, buffer.AsSpan(0, read));
            }
            if (count < expected)
            {
                throw Broken(path, $"it ends after {count} of {expected} bytes");
            }
            if (!Adler32.Closes(compressed.GetBuffer().AsSpan(0, (int)compressed.Length), checksum))
            {
                throw Broken(path, "it does not match its checksum");
            }
        }
        catch (Exception cause) when (cause is InvalidDataException or IOException)
        {
            throw Broken(path, cause.Message, cause);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>The error of data that is damaged.</summary>
    public static ImageFormatException Broken(string path, string problem, Exception? cause = null) =>
        new(path, $"the PNG's data is broken ({problem.TrimEnd('.')})", Remedy, cause);
}
