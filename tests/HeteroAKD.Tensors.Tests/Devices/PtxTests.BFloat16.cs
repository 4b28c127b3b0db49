using HeteroAKD.Tensors.Checks;
using HeteroAKD.Tensors.Devices;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Tensors.Tests.Devices;

public sealed partial class PtxTests
{
    /// <summary>The operations whose products have kernels of their own for bfloat16; all others run the kernels of float32.</summary>
    [Theory]
    [InlineData("matmul")]
    [InlineData("linear")]
    [InlineData("conv2d")]
    public void Products_of_bfloat16_keep_to_registers_and_global_memory(string op)
    {
        using PtxDevice device = new();
        device.UseMatrixPrecision(MatrixPrecision.Bf16);
        foreach (OpCase opCase in CaseTable.Of(OpTable.Find(op)))
        {
            CaseRun.On(device, DType.BFloat16, opCase, opCase.Values(1), gradients: true);
        }

        Assert.Contains(device.Launched, m => m.ToString()!.Contains("Narrow", StringComparison.Ordinal) || m.ToString()!.Contains("Bf16Element", StringComparison.Ordinal));
        Assert.All(device.Launched, Check);
    }
}
