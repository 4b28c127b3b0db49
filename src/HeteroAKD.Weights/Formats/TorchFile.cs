using System.IO.Compression;
using HeteroAKD.Tensors;

namespace HeteroAKD.Weights.Formats;

/// <summary>A file of PyTorch that is damaged, or that holds no weights.</summary>
public sealed class TorchFileException(string path, string problem, Exception? inner = null)
    : HeteroAkdException($"{path}: {problem}", inner!);

/// <summary>What is wrong inside a file of PyTorch; <see cref="TorchFile"/> adds its path.</summary>
internal sealed class TorchFileProblemException(string problem)
    : Exception(problem);

/// <summary>What was read of a file of PyTorch.</summary>
/// <param name="Tensors">In the file's order.</param>
/// <param name="Others">Entries beside them that are no tensors.</param>
/// <param name="Table">The keys that lead to the tensors, with dots between; <c>.</c> where they are the file's root.</param>
/// <param name="OtherTables">Further tables of tensors in the file, by their keys.</param>
public sealed record TorchContent(IReadOnlyList<HostTensor> Tensors, int Others, string Table, IReadOnlyList<string> OtherTables);

/// <summary>
/// What <c>torch.save</c> and <c>torch.jit.save</c> write: state dicts, training checkpoints with one in them, and whole modules, whose tensors are taken by
/// attribute path. Nothing of a file is executed; what is no tensor is passed over, whatever its type.
/// </summary>
public static class TorchFile
{
    internal const long MaxPickleBytes = 64 << 20;

    // 0x1950a86a20f9469cfc6c as a LONG1: torch.serialization.MAGIC_NUMBER.
    private static ReadOnlySpan<byte> LegacyMagic => [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

    /// <summary>Whether a file begins like one of PyTorch, in the zip form or an older one.</summary>
    /// <param name="start">At least the first 512 bytes, where the file has them.</param>
    public static bool Recognises(ReadOnlySpan<byte> start) => start.StartsWith("PK\x3\x4"u8) || IsLegacy(start) || IsTar(start);

    /// <summary>
    /// Reads the table of tensors: the only one, or that under <c>state_dict</c>, <c>model</c> or another usual name. float16 and bfloat16 are
    /// widened to float32; float64 and integers keep their type.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="key">The keys that lead to the table, with dots between, where the file has several; <c>.</c> for its root, empty to find it.</param>
    /// <exception cref="TorchFileException">Missing, damaged, without tensors, or with several tables of them.</exception>
    public static TorchContent Read(string path, string key = "")
    {
        try
        {
            using FileStream stream = RegularFile.OpenRead(path);
            byte[] start = new byte[512];
            ReadOnlySpan<byte> read = start.AsSpan(0, stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false));
            stream.Position = 0;
            if (IsLegacy(read))
            {
                TorchLegacyFile legacy = new(stream);
                return Take(legacy.Root, new TorchTensors(legacy, stream.Length), key);
            }

            if (!Recognises(read) || IsTar(read))
            {
                throw new TorchFileProblemException(IsTar(read)
                    ? "is in the tar form of PyTorch before 0.1.10, which is not read. Write it anew: torch.save(torch.load(f, map_location='cpu'), new)"
                    : "is no file of PyTorch, or its start is lost");
            }

            using ZipArchive zip = new(stream, ZipArchiveMode.Read);
            TorchArchive archive = new(zip, stream.Length);
            return Take(archive.Load(), new TorchTensors(archive, stream.Length), key);
        }
        catch (TorchFileProblemException e)
        {
            throw new TorchFileException(path, e.Message, e);
        }
        catch (InvalidDataException e)
        {
            throw new TorchFileException(path, $"is cut short or damaged: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TorchFileException(path, $"cannot be read: {e.Message}", e);
        }
    }

    /// <summary>
    /// Writes a state dict that <c>torch.load(file, weights_only=True)</c> reads: an <c>OrderedDict</c> of contiguous tensors in the given order, each with a
    /// storage of its own, uncompressed at a multiple of 64 bytes.
    /// </summary>
    /// <exception cref="HeteroAkdException">More than 4 GiB in all, which this form of zip cannot hold.</exception>
    public static void Write(Stream stream, IReadOnlyList<HostTensor> tensors)
    {
        const string Root = "archive";
        StoredZipWriter zip = new(stream);
        zip.Add($"{Root}/data.pkl", StateDictPickler.Write(tensors));
        zip.Add($"{Root}/byteorder", "little"u8);
        for (int i = 0; i < tensors.Count; i++)
        {
            zip.Add($"{Root}/data/{i}", tensors[i].Bytes);
        }

        zip.Add($"{Root}/version", "3\n"u8);
        zip.Finish();
    }

    private static TorchContent Take(object? root, TorchTensors tensors, string key)
    {
        IReadOnlyList<TorchTable> tables = TorchTables.Of(root);
        if (tables.Count == 0)
        {
            throw new TorchFileProblemException($"holds no tensor by name: it is {Described(root)}");
        }

        TorchTable chosen = TorchTables.Choose(tables, key);
        int beside = chosen.Path.Length > 0 && root is PickleDict dict ? dict.Count - 1 : 0;
        return new TorchContent(
            [.. chosen.Tensors.Select(t => tensors.Read(t.Key, t.Value))], chosen.Others + beside, chosen.Key, [
                .. tables.Where(t => t != chosen).Select(t => t.Key)
            ]);
    }

    private static string Described(object? root) => root switch
    {
        PickleDict { Count: 0 } => "an empty dictionary",
        PickleDict dict => $"a dictionary of {string.Join(", ", dict.Entries.Take(10).Select(e => $"'{FileLimits.Shown(e.Key)}'"))}",
        PickleObject made => $"an object of '{FileLimits.Shown(made.Made.ToString())}'",
        TorchTensor => "one tensor without a name",
        List<object?> => "a list",
        object?[] => "a tuple",
        _ => "a plain value",
    };

    // PROTO n, a frame from protocol 4 on, the number.
    private static bool IsLegacy(ReadOnlySpan<byte> start) => start.Length > 2 && start[0] == 0x80
        && (start[2..].StartsWith(LegacyMagic) || (start.Length > 11 && start[2] == (byte)PickleOp.Frame && start[11..].StartsWith(LegacyMagic)));

    private static bool IsTar(ReadOnlySpan<byte> start) => start.Length >= 262 && start.Slice(257, 5).SequenceEqual("ustar"u8);
}
