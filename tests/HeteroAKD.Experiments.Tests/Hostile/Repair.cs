using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Security.Cryptography;
using HeteroAKD.Tensors;
using HeteroAKD.Weights.Formats;

namespace HeteroAKD.Experiments.Tests.Hostile;

/// <summary>Puts checksums right after a change, as far as the file still has their places, so that what lies behind them is reached.</summary>
internal static class Repair
{
    private const int MaxInflated = 1 << 22;

    /// <summary>The checksum of every chunk of a PNG, and at times that of the pixel data in its only data chunk.</summary>
    public static byte[] Png(byte[] file, Mutator mutator)
    {
        bool data = mutator.Once(2);
        for (long at = 8; at + 12 <= file.Length;)
        {
            long length = BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan((int)at));
            if (length > file.Length - at - 12)
            {
                break;
            }

            Span<byte> chunk = file.AsSpan((int)at + 4, (int)length + 4);
            if (data && chunk[..4].SequenceEqual("IDAT"u8) && length > 6)
            {
                Adler(chunk[4..]);
            }

            BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan((int)(at + 8 + length)), Crc32.HashToUInt32(chunk));
            at += 12 + length;
        }

        return file;
    }

    /// <summary>The checksum of every entry in a zip's directory.</summary>
    public static byte[] Zip(byte[] file)
    {
        int end = file.AsSpan().LastIndexOf("PK\x5\x6"u8);
        if (end < 0 || end + 22 > file.Length)
        {
            return file;
        }

        long at = BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(end + 16));
        while (at + 46 <= end && file.AsSpan((int)at, 4).SequenceEqual("PK\x1\x2"u8))
        {
            Span<byte> entry = file.AsSpan((int)at);
            long length = BinaryPrimitives.ReadUInt32LittleEndian(entry[20..]);
            long local = BinaryPrimitives.ReadUInt32LittleEndian(entry[42..]);
            if (local + 30 <= end)
            {
                long start = local + 30
                    + BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan((int)local + 26))
                    + BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan((int)local + 28));
                if (start + length <= end)
                {
                    BinaryPrimitives.WriteUInt32LittleEndian(entry[16..], Crc32.HashToUInt32(file.AsSpan((int)start, (int)length)));
                }
            }

            at += 46 + BinaryPrimitives.ReadUInt16LittleEndian(entry[28..]) + BinaryPrimitives
                .ReadUInt16LittleEndian(entry[30..]) + BinaryPrimitives.ReadUInt16LittleEndian(entry[32..]);
        }

        return file;
    }

    /// <summary>Both hashes of a checkpoint, and at times another value of one of its fields.</summary>
    public static byte[] Checkpoint(byte[] file, Mutator mutator)
    {
        try
        {
            (List<HostTensor> tensors, Dictionary<string, string> metadata) = SafeTensors.Read(new MemoryStream(file), "changed");
            if (metadata.Count > 0 && mutator.Once(2))
            {
                metadata[mutator.Pick([.. metadata.Keys])] = mutator.Word();
            }

            metadata["sha256"] = Convert.ToHexStringLower(SHA256.HashData([.. tensors.SelectMany(t => t.Bytes)]));
            metadata["sha256_header"] = HeteroAKD.Training.Checkpoints.Checkpoint.HashHeader(tensors, metadata);
            MemoryStream repaired = new();
            SafeTensors.Write(repaired, tensors, metadata);
            return repaired.ToArray();
        }
        catch (HeteroAkdException)
        {
            return file; // no longer a file of its kind: read as it is
        }
    }

    private static void Adler(Span<byte> stream)
    {
        (uint low, uint high) = (1, 0);
        try
        {
            using DeflateStream inflated = new(new MemoryStream(stream[2..].ToArray()), CompressionMode.Decompress);
            byte[] buffer = new byte[4096];
            int total = 0;
            for (int read = inflated.Read(buffer); read > 0 && total < MaxInflated; read = inflated.Read(buffer))
            {
                total += read;
                for (int i = 0; i < read; i++)
                {
                    low = (low + buffer[i]) % 65521;
                    high = (high + low) % 65521;
                }
            }
        }
        catch (InvalidDataException)
        {
            return; // it is read as it is
        }

        BinaryPrimitives.WriteUInt32BigEndian(stream[^4..], (high << 16) | low);
    }
}
