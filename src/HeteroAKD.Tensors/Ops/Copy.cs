using HeteroAKD.Kernels.Pixelwise;

namespace HeteroAKD.Tensors.Ops;

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
