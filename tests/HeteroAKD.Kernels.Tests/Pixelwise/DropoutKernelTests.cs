using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Pixelwise;
using HeteroAKD.Kernels.Tests.Support;

namespace HeteroAKD.Kernels.Tests.Pixelwise;

public sealed class DropoutKernelTests
{
    [Theory]
    [InlineData(1, 1, 0.5f)]
    [InlineData(3, 67, 0.1f)]
    [InlineData(2, 300, 0f)]
    [InlineData(2, 33, 1f)]
    public void DropoutAndDropPath(int rows, int columns, float probability)
    {
        const int Key = 12345;
        double[] x = KernelCheck.Numbers(rows * columns, columns);
        double[] residual = KernelCheck.Numbers(x.Length, 5);
        double[] dropped = new double[x.Length];
        double[] path = new double[x.Length];
        double[] pathGradient = new double[x.Length];
        DropoutKernel.Reference(x, dropped, Key, probability);
        DropPathKernel.Reference(x, residual, path, Key, probability, columns);
        DropPathKernel.Reference(x, default, pathGradient, Key, probability, columns);
        KernelCheck.Matches(3e-7, [dropped, path, pathGradient], host =>
        {
            Mem input = host.Input(x);
            Mem y = host.Output(x.Length);
            host.Launcher.Pixel(
                new DropoutKernel(input, y, new MaskKey(default, Key, 0), probability, columns), rows, columns, KernelCheck.SmallTiles, host.Precision);
            Mem p = host.Output(x.Length);
            DropPathKernel withResidual = new(input, host.Input(residual), p, new MaskKey(default, Key, 0), probability, columns, hasResidual: 1);
            host.Launcher.Pixel(withResidual, rows, columns, KernelCheck.SmallTiles, host.Precision);
            Mem g = host.Output(x.Length);
            host.Launcher.Pixel(
                new DropPathKernel(input, input, g, new MaskKey(default, Key, 0), probability, columns, hasResidual: 0),
                rows,
                columns,
                KernelCheck.SmallTiles,
                host.Precision);
            return [y, p, g];
        });
    }

    [Fact]
    public void DropsTheAskedShareAndAnotherShareForAnotherKey()
    {
        double[] ones = Enumerable.Repeat(1.0, 40000).ToArray();
        double[] first = new double[ones.Length];
        double[] second = new double[ones.Length];
        DropoutKernel.Reference(ones, first, 1, 0.25);
        DropoutKernel.Reference(ones, second, 2, 0.25);
        Assert.InRange(first.Count(v => v == 0), 9500, 10500);
        Assert.InRange(second.Count(v => v == 0), 9500, 10500);

        // Independent masks agree on 0.25² + 0.75² of the elements.
        Assert.InRange(first.Zip(second).Count(v => v.First == v.Second), 24500, 25500);
    }
}
