using System.Numerics;
using System.Runtime.InteropServices;
using HeteroAKD.Tensors;

namespace HeteroAKD.Weights.Formats;

/// <summary>Numbers of one tensor in host memory, as a file holds them.</summary>
/// <param name="Name">Key in the file.</param>
/// <param name="DType">The file's type name: F32, F64, I32, I64, U8.</param>
/// <param name="Sizes">Dimensions, outermost first.</param>
/// <param name="Bytes">Little-endian elements, row-major.</param>
public sealed record HostTensor(string Name, string DType, int[] Sizes, byte[] Bytes)
{
    /// <summary>Number of elements.</summary>
    public int Count => Bytes.Length / StoredType.Of(DType).Bytes;

    /// <summary>A float32 tensor.</summary>
    public static HostTensor Of(string name, int[] sizes, ReadOnlySpan<float> values) => new(name, "F32", sizes, MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>A float64 tensor.</summary>
    public static HostTensor Of(string name, int[] sizes, ReadOnlySpan<double> values) => new(name, "F64", sizes, MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>An int32 tensor.</summary>
    public static HostTensor Of(string name, int[] sizes, ReadOnlySpan<int> values) => new(name, "I32", sizes, MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>A device tensor's contents; bfloat16 is widened.</summary>
    public static HostTensor Of(string name, Tensor tensor) => tensor.DType switch
    {
        Tensors.DType.Float32 or Tensors.DType.BFloat16 => new HostTensor(name, "F32", tensor.Shape.ToArray(), FloatBytes(tensor)),
        Tensors.DType.Float64 => Of(name, tensor.Shape.ToArray(), tensor.ToDoubles()),
        _ => Of(name, tensor.Shape.ToArray(), tensor.ToInts()),
    };

    /// <summary>The elements as float32, where the file holds floats.</summary>
    public ReadOnlySpan<float> Floats => DType == "F32"
        ? MemoryMarshal.Cast<byte, float>(Bytes)
        : throw new HeteroAkdException($"tensor '{Name}' holds {DType}, expected F32");

    /// <summary>The elements as float32, from F32 or, rounded, F64.</summary>
    /// <exception cref="HeteroAkdException">Integers.</exception>
    public ReadOnlySpan<float> ToFloats() => DType == "F64"
        ? Array.ConvertAll(MemoryMarshal.Cast<byte, double>(Bytes).ToArray(), v => (float)v)
        : Floats;

    /// <summary>The elements as int32, from any integer type.</summary>
    /// <exception cref="HeteroAkdException">Floats, or a value beyond int32.</exception>
    public int[] ToInts()
    {
        int[] values = new int[Count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = DType switch
            {
                "I32" => MemoryMarshal.Cast<byte, int>(Bytes)[i],
                "U8" => Bytes[i],
                "I64" when MemoryMarshal.Cast<byte, long>(Bytes)[i] is >= int.MinValue and <= int.MaxValue and long v => (int)v,
                _ => throw new HeteroAkdException($"tensor '{Name}' holds {DType} or a value beyond int32; integers must be I32, U8, or I64 within int32"),
            };
        }

        return values;
    }

    /// <summary>What no weight may be: NaN, infinite, or, of a variance, negative. Null where all is well.</summary>
    public string? NumberProblem()
    {
        bool isVariance = Name.EndsWith("running_var", StringComparison.Ordinal);
        if (DType is not ("F32" or "F64") || (DType == "F32" && !isVariance && AllFinite(Floats)))
        {
            return null;
        }

        (int nan, int infinite, int negative) = (0, 0, 0);
        foreach (float value in ToFloats())
        {
            nan += float.IsNaN(value) ? 1 : 0;
            infinite += float.IsInfinity(value) ? 1 : 0;
            negative += isVariance && value < 0 ? 1 : 0;
        }

        string[] found =
        [
            .. new[] { (nan, "NaN"), (infinite, "infinite"), (negative, "negative") }.Where(f => f.Item1 > 0).Select(f => $"{f.Item1} {f.Item2}")
        ];
        return found.Length == 0 ? null : $"'{FileLimits.Shown(Name)}' has {string.Join(" and ", found)} among {Count} values";
    }

    /// <summary>Copies to a device: floats as float32 (float64 where <paramref name="wide"/>), integers as int32.</summary>
    public Tensor ToTensor(Device device, bool wide = false)
    {
        Shape shape = Shape.Of(Sizes);
        switch (DType)
        {
            case "F32":
                return Tensor.From(device, shape, Floats, wide ? Tensors.DType.Float64 : Tensors.DType.Float32);
            case "F64":
                Tensor tensor = Tensor.Empty(device, shape, wide ? Tensors.DType.Float64 : Tensors.DType.Float32);
                if (wide)
                {
                    tensor.CopyFrom(MemoryMarshal.Cast<byte, double>(Bytes));
                }
                else
                {
                    tensor.CopyFrom(ToFloats());
                }

                return tensor;
            default:
                return Tensor.From(device, shape, ToInts());
        }
    }

    // x - x is 0 for every number, and NaN else: a sum keeps it.
    private static bool AllFinite(ReadOnlySpan<float> values)
    {
        ReadOnlySpan<Vector<float>> vectors = MemoryMarshal.Cast<float, Vector<float>>(values);
        Vector<float> sum = Vector<float>.Zero;
        foreach (Vector<float> vector in vectors)
        {
            sum += vector - vector;
        }

        float rest = 0;
        foreach (float value in values[(vectors.Length * Vector<float>.Count)..])
        {
            rest += value - value;
        }

        return Vector.Sum(sum) + rest == 0;
    }

    // Read in place: checkpoints have hundreds of megabytes.
    private static byte[] FloatBytes(Tensor tensor)
    {
        byte[] bytes = GC.AllocateUninitializedArray<byte>(checked(sizeof(float) * tensor.Shape.Count));
        tensor.CopyTo(MemoryMarshal.Cast<byte, float>(bytes.AsSpan()));
        return bytes;
    }
}
