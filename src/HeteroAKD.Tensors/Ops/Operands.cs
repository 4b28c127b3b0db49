namespace HeteroAKD.Tensors.Ops;

/// <summary>Checks of operands where no row of the table of operations makes them.</summary>
internal static class Operands
{
    /// <summary>Both have one count, element type and device.</summary>
    public static void RequireAlike(string operation, Tensor x, Tensor y)
    {
        RequireTogether(operation, x, y);
        if (x.Shape.Count != y.Shape.Count)
        {
            throw new ShapeMismatchException(operation, "y", $"shape {y.Shape} has {y.Shape.Count} elements, x {x.Shape} has {x.Shape.Count}");
        }
    }

    /// <summary>Both have one device and one element type, or are of the two that a kernel of floats loads and stores alike: float32 and bfloat16.</summary>
    public static void RequireTogether(string operation, Tensor x, Tensor y)
    {
        if (!ReferenceEquals(x.Device, y.Device))
        {
            throw new DeviceMismatchException(operation, "y", x.Device, y.Device);
        }

        if (!(IsFloat(x) && IsFloat(y)))
        {
            y.Require(x.DType, operation);
        }
    }

    private static bool IsFloat(Tensor tensor) => tensor.DType is DType.Float32 or DType.BFloat16;
}
