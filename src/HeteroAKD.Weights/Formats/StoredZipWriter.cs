using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using HeteroAKD.Tensors;

namespace HeteroAKD.Weights.Formats;

/// <summary>
/// Writes a zip archive of uncompressed entries whose contents begin at multiples of 64 bytes, so that a reader can map them. The padding is an extra
/// field 'FB' of the local header, PyTorch's own way; <c>System.IO.Compression</c> has no say in extra fields.
/// </summary>
/// <param name="stream">Where it goes; only written to, from its start.</param>
internal sealed class StoredZipWriter(Stream stream)
{
    private const int Alignment = 64;
    private const int LocalHeaderBytes = 30;
    private const int ExtraHeaderBytes = 4;
    private const ushort Version = 20;
    private const ushort NoDate = 0x21; // 1980-01-01: equal contents make equal files

    private readonly MemoryStream _directory = new();
    private long _position;
    private ushort _count;

    /// <summary>Adds an entry.</summary>
    public void Add(string name, ReadOnlySpan<byte> content)
    {
        byte[] nameBytes = Encoding.ASCII.GetBytes(name);
        uint crc = Crc32.HashToUInt32(content);
        long unpadded = _position + LocalHeaderBytes + nameBytes.Length + ExtraHeaderBytes;
        int padding = (int)((Alignment - (unpadded % Alignment)) % Alignment);
        RequireRoom(unpadded + padding + content.Length);
        uint offset = (uint)_position;

        Span<byte> header = stackalloc byte[LocalHeaderBytes];
        header.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(header, 0x04034b50);
        Common(header[4..], crc, content.Length, nameBytes.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(header[28..], (ushort)(ExtraHeaderBytes + padding));
        Write(header);
        Write(nameBytes);
        Write([(byte)'F', (byte)'B', (byte)padding, 0]);
        Write(new byte[padding]);
        Write(content);

        Span<byte> central = stackalloc byte[46];
        central.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(central, 0x02014b50);
        BinaryPrimitives.WriteUInt16LittleEndian(central[4..], Version);
        Common(central[6..], crc, content.Length, nameBytes.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(central[42..], offset);
        _directory.Write(central);
        _directory.Write(nameBytes);
        _count = checked((ushort)(_count + 1));
    }

    /// <summary>Writes the directory; the archive is whole.</summary>
    public void Finish()
    {
        RequireRoom(_position + _directory.Length);
        Span<byte> end = stackalloc byte[22];
        end.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(end, 0x06054b50);
        BinaryPrimitives.WriteUInt16LittleEndian(end[8..], _count);
        BinaryPrimitives.WriteUInt16LittleEndian(end[10..], _count);
        BinaryPrimitives.WriteUInt32LittleEndian(end[12..], (uint)_directory.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(end[16..], (uint)_position);
        Write(_directory.ToArray());
        Write(end);
    }

    // Version needed, flags, method (stored), time, date, checksum, both sizes, length of the name: the same in both headers.
    private static void Common(Span<byte> header, uint crc, int length, int nameLength)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(header, Version);
        BinaryPrimitives.WriteUInt16LittleEndian(header[8..], NoDate);
        BinaryPrimitives.WriteUInt32LittleEndian(header[10..], crc);
        BinaryPrimitives.WriteUInt32LittleEndian(header[14..], (uint)length);
        BinaryPrimitives.WriteUInt32LittleEndian(header[18..], (uint)length);
        BinaryPrimitives.WriteUInt16LittleEndian(header[22..], (ushort)nameLength);
    }

    private static void RequireRoom(long length)
    {
        if (length >= uint.MaxValue)
        {
            throw new HeteroAkdException($"the .pth file would have {length} bytes; at most 4 GiB are written. Write safetensors instead");
        }
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        stream.Write(bytes);
        _position += bytes.Length;
    }
}
