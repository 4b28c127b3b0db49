using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Pixelwise;
using HeteroAKD.Kernels.Tests.Support;

namespace HeteroAKD.Kernels.Tests.Pixelwise;

public sealed class ResidualActivationKernelTests
{
    [Theory]
    [InlineData(1, true, ActivationKind.Relu)]
    [InlineData(300, true, ActivationKind.Relu6)]
    [InlineData(257, false, ActivationKind.Relu)]
    [InlineData(130, true, ActivationKind.None)]
    [InlineData(130, false, ActivationKind.Gelu)]
    public void AddsAndActivatesInPlace(int count, bool hasResidual, ActivationKind activation)
    {
        double[] y = KernelCheck.Numbers(count, 1, range: 8);
        double[] residual = hasResidual ? KernelCheck.Numbers(count, 2, range: 8) : [];
        double[] expected = [.. y];
        ResidualActivationKernel.Reference(expected, residual, activation);
        KernelCheck.Matches(1e-6, [expected], host =>
        {
            Mem target = host.Input(y);
            Mem added = hasResidual ? host.Input(residual) : target;
            host.Launcher.Pixel(new ResidualActivationKernel(target, added, hasResidual ? 1 : 0, activation), 1, count, KernelCheck.SmallTiles, host.Precision);
            return [target];
        });
    }
}
