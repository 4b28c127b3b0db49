namespace HeteroAKD.Weights.Formats;

/// <summary>Where the elements of storages lie.</summary>
internal interface ITorchStorages
{
    /// <summary>All bytes of a storage.</summary>
    /// <param name="storage">The storage.</param>
    /// <param name="tensor">The tensor that needs it, for messages.</param>
    /// <exception cref="TorchFileProblemException">It is not there, or of another length.</exception>
    byte[] Read(TorchStorage storage, string tensor);
}

/// <summary>Makes tensors of the host from views of storages. Sizes, strides and offsets are checked before they are used.</summary>
/// <param name="storages">The elements.</param>
/// <param name="fileLength">Bytes of the file.</param>
internal sealed class TorchTensors(ITorchStorages storages, long fileLength)
{
    /// <summary>An array's limit.</summary>
    public const long MaxTensorBytes = 0x7FFFFFC7;

    // Views may share a storage, which a hostile file can do a million times.
    private const long MaxGrowth = 8;

    private long _tensorBytes;

    /// <summary>One tensor.</summary>
    /// <exception cref="TorchFileProblemException">It is none, or does not lie in its storage.</exception>
    public HostTensor Read(string name, TorchTensor tensor)
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

        if (count > 0 && last >= tensor.Storage.Count)
        {
            throw new TorchFileProblemException($"is broken: {Form(name, tensor)} does not lie in its storage of {tensor.Storage.Count} elements");
        }

        _tensorBytes += count * type.Bytes;
        if (_tensorBytes > MaxGrowth * fileLength)
        {
            throw new TorchFileProblemException($"its tensors share storages so often that they are more than {MaxGrowth} times the file, up to '{name}'");
        }

        byte[] storage = storages.Read(tensor.Storage, name);
        bool whole = tensor.Offset == 0 && count == tensor.Storage.Count && IsContiguous(tensor);
        return type.ToHost(name, [.. tensor.Sizes.Select(s => (int)s)], whole ? storage : Gather(storage, tensor, count));
    }

    private static string Form(string name, TorchTensor tensor) =>
        $"tensor '{name}' {tensor.Storage.Type.Name} [{string.Join(", ", tensor.Sizes)}], strides [{string.Join(", ", tensor.Strides)}] from element "
            + $"{tensor.Offset}";

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
