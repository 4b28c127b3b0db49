using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Pixelwise;
using HeteroAKD.Kernels.Reduce;

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

/// <summary>Writes one value everywhere.</summary>
public static class Fill
{
    /// <summary>y = value.</summary>
    public static void Run(Tensor y, float value) => y.Device.Pixel(new FillKernel(y.Mem, value, y.Shape.Count), 1, y.Shape.Count, 1, y.DType);
}

/// <summary>Copies between tensors of equal count on one device.</summary>
public static class Copy
{
    /// <summary>y = x.</summary>
    /// <exception cref="HeteroAkdException">They differ in count, type or device.</exception>
    public static void Run(Tensor x, Tensor y)
    {
        Operands.RequireAlike("copy", x, y);
        x.Device.Pixel(new UnaryKernel<Identity>(default, x.Mem, y.Mem, x.Shape.Count), 1, x.Shape.Count, 1, x.DType);
    }
}

/// <summary>Adds a gradient to what is there.</summary>
public static class Accumulate
{
    /// <summary>y += scale · x.</summary>
    /// <exception cref="HeteroAkdException">They differ in count, type or device.</exception>
    public static void Run(Tensor x, Tensor y, float scale = 1)
    {
        Operands.RequireAlike("accumulate", x, y);
        x.Device.Pixel(new AxpyKernel(x.Mem, y.Mem, scale, x.Shape.Count), 1, x.Shape.Count, 1, x.DType);
    }
}

/// <summary>The guard behind <see cref="Device.CheckFinite"/>.</summary>
public static class FiniteCheck
{
    /// <summary>Throws if a value is NaN or infinite; reads the whole tensor back.</summary>
    /// <exception cref="NonFiniteException">Names operation, tensor and step.</exception>
    public static void Run(string operation, Tensor tensor)
    {
        if (tensor.DType == DType.Int32)
        {
            return;
        }

        double[] values = tensor.ToDoubles();
        int bad = 0;
        int first = -1;
        for (int i = 0; i < values.Length; i++)
        {
            if (!double.IsFinite(values[i]))
            {
                first = first < 0 ? i : first;
                bad++;
            }
        }

        if (bad > 0)
        {
            string detail = $"{bad} of {values.Length} values ({values[first]} first, at element {first})";
            throw new NonFiniteException(operation, tensor.ToString(), tensor.Device.Step, detail);
        }
    }
}

/// <summary>Sums of squares over whole tensors.</summary>
public static class SquareSum
{
    /// <summary>result[0] = Σ x². <paramref name="result"/> has as many elements as a kernel of sums fills.</summary>
    /// <exception cref="HeteroAkdException">They differ in type or device, or the result is of another size.</exception>
    public static void Run(Tensor x, Tensor result)
    {
        Operands.RequireTogether("square_sum", x, result);
        if (result.Shape.Count != Sums<F32>.Count)
        {
            throw new ShapeMismatchException("square_sum", "result", $"shape {result.Shape}, expected {Sums<F32>.Count} elements");
        }

        x.Device.PixelSums(new TotalKernel<SquareTerm>(new SquareTerm(x.Mem, x.Shape.Count), 1), 1, x.Shape.Count, 1, result.Mem, x.DType);
    }
}
