using HeteroAKD.Tensors;
using TorchSharp;

namespace HeteroAKD.Bench.Libtorch;

/// <summary>Numbers into libtorch and back.</summary>
internal static class TorchData
{
    /// <summary>A tensor of floats in another precision.</summary>
    public static torch.Tensor Values(float[] values, Shape shape, torch.ScalarType type)
    {
        using torch.Tensor floats = torch.tensor(values, Sizes(shape));
        return floats.to(type, copy: true).DetachFromDisposeScope();
    }

    /// <summary>Labels, as int64, which libtorch's losses take.</summary>
    public static torch.Tensor Labels(int[] labels, Shape shape)
    {
        using torch.Tensor ints = torch.tensor(labels, Sizes(shape));
        return ints.to(torch.ScalarType.Int64, copy: true).DetachFromDisposeScope();
    }

    /// <summary>The sizes as ours.</summary>
    public static Shape ShapeOf(torch.Tensor tensor) => Shape.Of([.. tensor.shape.Select(d => (int)d)]);

    /// <summary>The elements as doubles.</summary>
    public static double[] ToDoubles(torch.Tensor tensor)
    {
        using torch.Tensor doubles = tensor.detach().to(torch.ScalarType.Float64).contiguous();
        return doubles.data<double>().ToArray();
    }

    private static long[] Sizes(Shape shape) => [.. shape.ToArray().Select(d => (long)d)];
}
