using System.Buffers.Binary;

namespace HeteroAKD.Data;

/// <summary>The checksum of a zlib stream (RFC 1950), over its inflated bytes.</summary>
internal static class Adler32
{
    /// <summary>Of no bytes.</summary>
    public const uint Start = 1;

    private const uint Modulus = 65521;
    private const int Span = 5552; // so many bytes keep both sums below 2^32

    /// <summary>The checksum with some more bytes.</summary>
    public static uint Append(uint checksum, ReadOnlySpan<byte> bytes)
    {
        (uint low, uint high) = (checksum & 0xFFFF, checksum >> 16);
        while (bytes.Length > 0)
        {
            ReadOnlySpan<byte> piece = bytes[..Math.Min(Span, bytes.Length)];
            foreach (byte value in piece)
            {
                low += value;
                high += low;
            }
            (low, high) = (low % Modulus, high % Modulus);
            bytes = bytes[piece.Length..];
        }
        return (high << 16) | low;
    }

    /// <summary>Whether a zlib stream closes with this checksum. Bytes may follow it: some writers leave them, and readers of PNG skip them.</summary>
    public static bool Closes(ReadOnlySpan<byte> stream, uint checksum)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, checksum);
        return stream.LastIndexOf(bytes) >= 0;
    }
}
