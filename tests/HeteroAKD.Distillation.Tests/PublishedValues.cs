using HeteroAKD.Nn;
using HeteroAKD.Tensors;

namespace HeteroAKD.Distillation.Tests;

/// <summary>Values that a short formula gives here and in the Python that ran the published code.</summary>
internal static class PublishedValues
{
    /// <summary>Numbers in [-amplitude, amplitude] that no simple pattern connects.</summary>
    public static IEnumerable<double> Noise(int count, int k, double amplitude) =>
        Enumerable.Range(0, count).Select(i => amplitude * (((((i + 1L) * (i + k) * 7919) + (k * 31)) % 1009 / 504.5) - 1));

    /// <summary>[2, channels, side, side].</summary>
    public static Tensor Map(Device device, int channels, int side, int k, double amplitude = 1, DType type = DType.Float64)
    {
        Shape shape = new(2, channels, side, side);
        Tensor map = Tensor.Empty(device, shape, type);
        Set(map, Noise(shape.Count, k, amplitude));
        return map;
    }

    /// <summary>Parameter k gets noise k: matrices and kernels of deviation by their fan-in, vectors small.</summary>
    public static void Fill(Module module)
    {
        IReadOnlyList<Tensor> parameters = module.Parameters();
        for (int k = 0; k < parameters.Count; k++)
        {
            Shape shape = parameters[k].Shape;
            Set(parameters[k], Noise(shape.Count, k, shape.Rank > 1 ? 1.5 / Math.Sqrt(shape.CountFrom(1)) : 0.1));
        }
    }

    /// <summary>Writes values into a tensor of either type.</summary>
    public static void Set(Tensor tensor, IEnumerable<double> values)
    {
        if (tensor.DType == DType.Float64)
        {
            tensor.CopyFrom([.. values]);
        }
        else
        {
            tensor.CopyFrom([.. values.Select(v => (float)v)]);
        }
    }
}
