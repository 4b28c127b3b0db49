using System.Runtime.InteropServices;
using HeteroAKD.Tensors;

namespace HeteroAKD.Weights.Formats;

/// <summary>
/// How a file stores elements, and what they become in a <see cref="HostTensor"/>: floats narrower than float32 are widened, integers take the next type
/// that holds all their values.
/// </summary>
/// <param name="Name">The name that safetensors has for it.</param>
/// <param name="Bytes">Bytes of one element in the file.</param>
/// <param name="HostType">The <see cref="HostTensor.DType"/> it becomes.</param>
/// <param name="Convert">From the file's bytes to the host's; null where they are the same.</param>
internal sealed record StoredType(string Name, int Bytes, string HostType, Func<byte[], byte[]>? Convert = null)
{
    private static readonly StoredType[] s_all =
    [
        new("F64", 8, "F64"),
        new("F32", 4, "F32"),
        new("F16", 2, "F32", bytes => Each<Half, float>(bytes, h => (float)h)),
        new("BF16", 2, "F32", bytes => Each<ushort, float>(bytes, b => BitConverter.UInt32BitsToSingle((uint)b << 16))),
        new("I64", 8, "I64"),
        new("I32", 4, "I32"),
        new("I16", 2, "I32", bytes => Each<short, int>(bytes, v => v)),
        new("I8", 1, "I32", bytes => Each<sbyte, int>(bytes, v => v)),
        new("U32", 4, "I64", bytes => Each<uint, long>(bytes, v => v)),
        new("U16", 2, "I32", bytes => Each<ushort, int>(bytes, v => v)),
        new("U8", 1, "U8"),
        new("BOOL", 1, "U8"),
    ];

    /// <summary>All names, for messages.</summary>
    public static string Names => string.Join(", ", s_all.Select(t => t.Name));

    /// <summary>The type of a name of safetensors, or null.</summary>
    public static StoredType? Find(string name) => Array.Find(s_all, t => t.Name == name);

    /// <summary>The type of a name that must be one.</summary>
    public static StoredType Of(string name) => Find(name) ?? throw new HeteroAkdException($"there is no element type {name}; there are {Names}");

    /// <summary>The type of a storage class of PyTorch, such as <c>FloatStorage</c>, or null.</summary>
    public static StoredType? OfTorchStorage(string name) => name switch
    {
        "DoubleStorage" => Find("F64"),
        "FloatStorage" => Find("F32"),
        "HalfStorage" => Find("F16"),
        "BFloat16Storage" => Find("BF16"),
        "LongStorage" => Find("I64"),
        "IntStorage" => Find("I32"),
        "ShortStorage" => Find("I16"),
        "CharStorage" => Find("I8"),
        "ByteStorage" => Find("U8"),
        "BoolStorage" => Find("BOOL"),
        _ => null,
    };

    /// <summary>The storage class of PyTorch for a <see cref="HostTensor.DType"/>.</summary>
    public static string TorchStorageOf(string hostType) => hostType switch
    {
        "F64" => "DoubleStorage",
        "F32" => "FloatStorage",
        "I64" => "LongStorage",
        "I32" => "IntStorage",
        "U8" => "ByteStorage",
        _ => throw new HeteroAkdException($"type {hostType} has no storage of PyTorch; there are F32, F64, I32, I64 and U8"),
    };

    /// <summary>
    /// Elements of the given sizes, or -1 where a size is negative or the bytes of any partial product, in the file or on the host, are more than
    /// <paramref name="maxBytes"/>.
    /// </summary>
    /// <remarks>Sizes before and after a 0 are held to the limit, too: products of them are formed elsewhere.</remarks>
    public long CountOf(ReadOnlySpan<long> sizes, long maxBytes)
    {
        long most = maxBytes / Math.Max(Bytes, Of(HostType).Bytes);
        long count = 1;
        long nonZero = 1;
        foreach (long size in sizes)
        {
            if (size < 0 || size > most || (size > 0 && nonZero > most / size))
            {
                return -1;
            }

            count *= size;
            nonZero *= Math.Max(1, size);
        }

        return count;
    }

    /// <summary>A tensor of the host from elements as the file holds them, row-major.</summary>
    public HostTensor ToHost(string name, int[] sizes, byte[] stored) => new(name, HostType, sizes, Convert is null ? stored : Convert(stored));

    private static byte[] Each<TFrom, TTo>(byte[] bytes, Func<TFrom, TTo> convert)
        where TFrom : unmanaged
        where TTo : unmanaged
    {
        ReadOnlySpan<TFrom> source = MemoryMarshal.Cast<byte, TFrom>(bytes);
        byte[] target = new byte[source.Length * System.Runtime.CompilerServices.Unsafe.SizeOf<TTo>()];
        Span<TTo> values = MemoryMarshal.Cast<byte, TTo>(target.AsSpan());
        for (int i = 0; i < source.Length; i++)
        {
            values[i] = convert(source[i]);
        }

        return target;
    }
}
