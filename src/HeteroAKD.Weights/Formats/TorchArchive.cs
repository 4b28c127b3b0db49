using System.IO.Compression;
using System.IO.Hashing;

namespace HeteroAKD.Weights.Formats;

/// <summary>The zip archive of one PyTorch file: <c>NAME/data.pkl</c> and <c>NAME/data/KEY</c>, beside which TorchScript has the code of its module.</summary>
internal sealed class TorchArchive : ITorchStorages
{
    private readonly Dictionary<string, ZipArchiveEntry> _entries = [];
    private readonly Dictionary<string, byte[]> _storages = [];
    private readonly string _root;
    private readonly long _fileLength;

    public TorchArchive(ZipArchive archive, long fileLength)
    {
        _fileLength = fileLength;
        foreach (ZipArchiveEntry entry in archive.Entries)
        {
            if (!_entries.TryAdd(entry.FullName, entry))
            {
                throw new TorchFileProblemException($"is broken: it has two entries '{entry.FullName}'");
            }
        }

        string pickle = _entries.Keys.FirstOrDefault(
            n => n.EndsWith("/data.pkl", StringComparison.Ordinal) && n.IndexOf('/', StringComparison.Ordinal) == n.LastIndexOf('/'))
            ?? throw new TorchFileProblemException("is a zip archive without data.pkl, so not a file of torch.save");
        _root = pickle[..^"data.pkl".Length];
        RequireStored();
        if (_entries.ContainsKey(_root + "byteorder") && !ReadEntry("byteorder", 16).AsSpan().SequenceEqual("little"u8))
        {
            throw new TorchFileProblemException("was written on a big-endian machine, which is not read");
        }
    }

    /// <summary>What its pickle holds.</summary>
    public object? Load() => new RestrictedUnpickler(ReadEntry("data.pkl", TorchFile.MaxPickleBytes)).Load();

    /// <inheritdoc/>
    public byte[] Read(TorchStorage storage, string tensor)
    {
        if (_storages.TryGetValue(storage.Key, out byte[]? known))
        {
            return known.Length == (Int128)storage.Count * storage.Type.Bytes
                ? known
                : throw new TorchFileProblemException($"is broken: storage '{FileLimits.Shown(storage.Key)}' of tensor '{tensor}' has two lengths");
        }

        string entry = "data/" + storage.Key;
        if (!_entries.TryGetValue(_root + entry, out ZipArchiveEntry? found) || storage.Count < 0 || (Int128)storage.Count * storage.Type.Bytes != found.Length)
        {
            throw new TorchFileProblemException(
                $"is cut short or broken: tensor '{tensor}' needs entry '{FileLimits.Shown(entry)}' of {(Int128)storage.Count * storage.Type.Bytes} bytes, "
                    + $"{(found is null ? "which is not there" : $"there are {found.Length}")}");
        }

        return _storages[storage.Key] = ReadEntry(entry, TorchTensors.MaxTensorBytes);
    }

    // PyTorch compresses code alone, and that is not read: an entry that unfolds to more than the file is hostile.
    private void RequireStored()
    {
        long total = 0;
        foreach ((string name, ZipArchiveEntry entry) in _entries.Where(e => IsRead(e.Key)))
        {
            total += entry.Length;
            if (entry.Length != entry.CompressedLength || entry.Length < 0 || total > _fileLength)
            {
                throw new TorchFileProblemException(
                    $"entry '{name}' is compressed, or larger than the file: {entry.Length} bytes from {entry.CompressedLength}, {total} so far, of "
                        + $"{_fileLength}. PyTorch stores entries as they are");
            }
        }
    }

    private bool IsRead(string name) => name == _root + "data.pkl" || name == _root + "byteorder" || name.StartsWith(_root + "data/", StringComparison.Ordinal);

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

        return Crc32.HashToUInt32(bytes) == entry.Crc32 ? bytes
            : throw new TorchFileProblemException($"is damaged: entry '{name}' does not match its checksum");
    }
}
