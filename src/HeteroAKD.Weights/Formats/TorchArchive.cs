using System.IO.Compression;
using System.IO.Hashing;

namespace HeteroAKD.Weights.Formats;

/// <summary>The zip archive of one PyTorch file.</summary>
internal sealed class TorchArchive
{
    private const long MaxPickleBytes = 64 << 20;
    private const long MaxTensorBytes = 0x7FFFFFC7; // an array's limit

    // Views may share a storage, which a hostile file can do a million times.
    private const long MaxGrowth = 8;

    private static readonly string[] s_nested = ["state_dict", "model", "model_state", "model_state_dict"];

    private readonly Dictionary<string, ZipArchiveEntry> _entries = [];
    private readonly Dictionary<string, byte[]> _storages = [];
    private readonly string _root;
    private readonly long _fileLength;
    private long _tensorBytes;

    public TorchArchive(ZipArchive archive, long fileLength)
    {
        _fileLength = fileLength;
        long total = 0;
        foreach (ZipArchiveEntry entry in archive.Entries)
        {
            if (!_entries.TryAdd(entry.FullName, entry))
            {
                throw new TorchFileProblemException($"is broken: it has two entries '{entry.FullName}'");
            }

            total += entry.Length;
            if (entry.Length != entry.CompressedLength || entry.Length < 0 || total > fileLength)
            {
                throw new TorchFileProblemException(
                    $"entry '{entry.FullName}' is compressed, or larger than the file: {entry.Length} bytes from {entry.CompressedLength}, {total} so far, of {fileLength}. PyTorch stores entries as they are");
            }
        }

        string pickle = _entries.Keys.FirstOrDefault(n => n.EndsWith("/data.pkl", StringComparison.Ordinal) && n.IndexOf('/', StringComparison.Ordinal) == n.LastIndexOf('/'))
            ?? throw new TorchFileProblemException("is a zip archive without data.pkl, so not a file of torch.save");
        _root = pickle[..^"data.pkl".Length];
        if (_entries.ContainsKey(_root + "constants.pkl"))
        {
            throw new TorchFileProblemException(
                "is a TorchScript archive, which holds a program. Save its weights alone: torch.save(torch.jit.load(f, map_location='cpu').state_dict(), new)");
        }

        if (_entries.ContainsKey(_root + "byteorder") && !ReadEntry("byteorder", 16).AsSpan().SequenceEqual("little"u8))
        {
            throw new TorchFileProblemException("was written on a big-endian machine, which is not read");
        }
    }

    /// <summary>The tensors of the state dict, and how many other entries it has.</summary>
    public (List<HostTensor> Tensors, int Others) ReadStateDict()
    {
        object? value = new RestrictedUnpickler(ReadEntry("data.pkl", MaxPickleBytes)).Load();
        if (value is not PickleDict root)
        {
            throw new TorchFileProblemException("holds no dictionary, so no state dict: save model.state_dict()");
        }

        PickleDict state = s_nested.Select(root.Find).OfType<PickleDict>().FirstOrDefault(HasTensors) ?? root;
        List<HostTensor> tensors = [];
        foreach ((string name, object? entry) in state.Entries)
        {
            if (entry is TorchTensor tensor)
            {
                tensors.Add(Read(name, tensor));
            }
        }

        return tensors.Count > 0
            ? (tensors, state.Count - tensors.Count + (state == root ? 0 : root.Count - 1))
            : throw new TorchFileProblemException(
                $"holds no tensor by name; its entries are: {string.Join(", ", root.Entries.Take(10).Select(e => FileLimits.Shown(e.Key)))}. Save the state dict alone: torch.save(model.state_dict(), new)");
    }

    private static bool HasTensors(PickleDict dict) => dict.Entries.Any(e => e.Value is TorchTensor);

    private HostTensor Read(string name, TorchTensor tensor)
    {
        if (FileLimits.NameProblem(name) is { } problem)
        {
            throw new TorchFileProblemException(problem);
        }

        StoredType type = tensor.Storage.Type;
        long count = type.CountOf(tensor.Sizes, MaxTensorBytes);
        if (count < 0 || tensor.Strides.Length != tensor.Sizes.Length || tensor.Strides.Any(s => s < 0) || tensor.Offset < 0)
        {
            throw new TorchFileProblemException($"is broken: {Form(name, tensor)} is no tensor");
        }

        Int128 last = tensor.Offset;
        for (int d = 0; d < tensor.Sizes.Length; d++)
        {
            last += (Int128)Math.Max(0, tensor.Sizes[d] - 1) * tensor.Strides[d];
        }

        if (count > tensor.Storage.Count || (count > 0 && last >= tensor.Storage.Count))
        {
            throw new TorchFileProblemException($"is broken: {Form(name, tensor)} does not lie in its storage of {tensor.Storage.Count} elements");
        }

        _tensorBytes += count * type.Bytes;
        if (_tensorBytes > MaxGrowth * _fileLength)
        {
            throw new TorchFileProblemException($"its tensors share storages so often that they are more than {MaxGrowth} times the file, up to '{name}'");
        }

        byte[] storage = Storage(name, tensor.Storage);
        bool whole = tensor.Offset == 0 && count == tensor.Storage.Count && IsContiguous(tensor);
        return type.ToHost(name, [.. tensor.Sizes.Select(s => (int)s)], whole ? storage : Gather(storage, tensor, count));
    }

    private static string Form(string name, TorchTensor tensor) =>
        $"tensor '{name}' {tensor.Storage.Type.Name} [{string.Join(", ", tensor.Sizes)}], strides [{string.Join(", ", tensor.Strides)}] from element {tensor.Offset}";

    private byte[] Storage(string name, TorchStorage storage)
    {
        if (_storages.TryGetValue(storage.Key, out byte[]? known))
        {
            return known.Length == (Int128)storage.Count * storage.Type.Bytes
                ? known
                : throw new TorchFileProblemException($"is broken: storage '{storage.Key}' of tensor '{name}' has two lengths");
        }

        string entry = "data/" + storage.Key;
        if (!_entries.TryGetValue(_root + entry, out ZipArchiveEntry? found) || storage.Count < 0 || (Int128)storage.Count * storage.Type.Bytes != found.Length)
        {
            throw new TorchFileProblemException(
                $"is cut short or broken: tensor '{name}' needs entry '{entry}' of {(Int128)storage.Count * storage.Type.Bytes} bytes, {(found is null ? "which is not there" : $"there are {found.Length}")}");
        }

        return _storages[storage.Key] = ReadEntry(entry, MaxTensorBytes);
    }

    private byte[] ReadEntry(string name, long maxBytes)
    {
        ZipArchiveEntry entry = _entries[_root + name];
        if (entry.Length > maxBytes)
        {
            throw new TorchFileProblemException($"entry '{name}' has {entry.Length} bytes, more than {maxBytes}");
        }

        byte[] bytes = GC.AllocateUninitializedArray<byte>((int)entry.Length);
        using (Stream content = entry.Open())
        {
            if (content.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
            {
                throw new TorchFileProblemException($"is cut short: entry '{name}' ends early");
            }
        }

        return Crc32.HashToUInt32(bytes) == entry.Crc32 ? bytes : throw new TorchFileProblemException($"is damaged: entry '{name}' does not match its checksum");
    }

    private static bool IsContiguous(TorchTensor tensor)
    {
        long expected = 1;
        for (int d = tensor.Sizes.Length - 1; d >= 0; d--)
        {
            // Where there is one index, the step to the next one does not matter.
            if (tensor.Sizes[d] != 1 && tensor.Strides[d] != expected)
            {
                return false;
            }

            expected *= tensor.Sizes[d];
        }

        return true;
    }

    // Row-major order of a view: an odometer over the indices.
    private static byte[] Gather(byte[] storage, TorchTensor tensor, long count)
    {
        int size = tensor.Storage.Type.Bytes;
        byte[] result = new byte[count * size];
        long[] index = new long[tensor.Sizes.Length];
        long element = tensor.Offset;
        for (long i = 0; i < count; i++)
        {
            storage.AsSpan((int)(element * size), size).CopyTo(result.AsSpan((int)(i * size)));
            for (int d = index.Length - 1; d >= 0; d--)
            {
                element += tensor.Strides[d];
                if (++index[d] < tensor.Sizes[d])
                {
                    break;
                }

                element -= tensor.Strides[d] * tensor.Sizes[d];
                index[d] = 0;
            }
        }

        return result;
    }
}
