using HeteroAKD.Kernels.Pixelwise;

namespace HeteroAKD.Tensors.Ops;

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
