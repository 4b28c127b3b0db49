using HeteroAKD.Kernels.Pixelwise;

namespace HeteroAKD.Tensors.Ops;

/// <summary>Writes one value everywhere.</summary>
public static class Fill
{
    /// <summary>y = value.</summary>
    public static void Run(Tensor y, float value) => y.Device.Pixel(new FillKernel(y.Mem, value, y.Shape.Count), 1, y.Shape.Count, 1, y.DType);
}
