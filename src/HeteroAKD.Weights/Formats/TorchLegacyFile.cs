using System.Buffers.Binary;

namespace HeteroAKD.Weights.Formats;

/// <summary>
/// The form of <c>torch.save</c> before PyTorch 1.6, and of <c>_use_new_zipfile_serialization=False</c> (<c>torch.serialization._legacy_save</c>): pickles of a
/// magic number, a version, the machine, the object and the keys of the storages, one behind the other, then each storage as a count of eight bytes and its
/// elements.
/// </summary>
internal sealed class TorchLegacyFile : ITorchStorages
{
    private const long Version = 1001;

    private readonly Stream _stream;
    private readonly Dictionary<string, (long Position, long Count)> _places = [];
    private readonly Dictionary<string, byte[]> _storages = [];

    /// <summary>Reads the pickles of a file and finds its storages.</summary>
    /// <param name="stream">Seekable.</param>
    /// <exception cref="TorchFileProblemException">Cut short or malformed.</exception>
    public TorchLegacyFile(Stream stream)
    {
        _stream = stream;
        byte[] start = GC.AllocateUninitializedArray<byte>((int)Math.Min(stream.Length, TorchFile.MaxPickleBytes));
        stream.Position = 0;
        stream.ReadExactly(start);
        int at = 0;
        Next(start, ref at); // the magic number, by which the file was recognised
        if (Next(start, ref at).Value is not Version)
        {
            throw new TorchFileProblemException($"is of another version of this old form than {Version}");
        }

        if (Next(start, ref at).Value is PickleDict machine && machine.Find("little_endian") is false)
        {
            throw new TorchFileProblemException("was written on a big-endian machine, which is not read");
        }

        (Root, RestrictedUnpickler pickle) = Next(start, ref at);
        if (Next(start, ref at).Value is not List<object?> keys)
        {
            throw new TorchFileProblemException("has no list of storages behind its pickle");
        }

        Place(keys, pickle.Storages, at);
    }

    /// <summary>What its pickle holds.</summary>
    public object? Root { get; }

    /// <inheritdoc/>
    public byte[] Read(TorchStorage storage, string tensor)
    {
        if (!_places.TryGetValue(storage.Key, out (long Position, long Count) place) || place.Count != storage.Count)
        {
            throw new TorchFileProblemException($"is broken: tensor '{tensor}' needs storage '{FileLimits.Shown(storage.Key)}' of {storage.Count} elements");
        }

        if (_storages.TryGetValue(storage.Key, out byte[]? known))
        {
            return known;
        }

        byte[] content = GC.AllocateUninitializedArray<byte>((int)(storage.Count * storage.Type.Bytes));
        _stream.Position = place.Position;
        _stream.ReadExactly(content);
        return _storages[storage.Key] = content;
    }

    // Where a storage begins depends on the sizes of all before it, also of those that hold no weights.
    private void Place(List<object?> keys, IReadOnlyDictionary<string, StoredType> types, long position)
    {
        Span<byte> count = stackalloc byte[sizeof(long)];
        foreach (object? key in keys)
        {
            if (key is not string name || !types.TryGetValue(name, out StoredType? type))
            {
                throw new TorchFileProblemException("lists a storage that no tensor has");
            }

            _stream.Position = position;
            long elements = _stream.ReadAtLeast(count, count.Length, throwOnEndOfStream: false) == count.Length
                ? BinaryPrimitives.ReadInt64LittleEndian(count)
                : -1;
            position += sizeof(long);
            if (elements < 0 || elements > TorchTensors.MaxTensorBytes / type.Bytes || elements > (_stream.Length - position) / type.Bytes)
            {
                throw new TorchFileProblemException($"is cut short or broken: storage '{FileLimits.Shown(name)}' does not lie in it");
            }

            _places[name] = (position, elements);
            position += elements * type.Bytes;
        }
    }

    private static (object? Value, RestrictedUnpickler Pickle) Next(byte[] bytes, ref int at)
    {
        RestrictedUnpickler pickle = new(bytes, at);
        object? value = pickle.Load();
        at = pickle.Position;
        return (value, pickle);
    }
}
