using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Reduce;

namespace HeteroAKD.Tensors.Ops;

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
