using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Layout;
using HeteroAKD.Kernels.Tests.Support;

namespace HeteroAKD.Kernels.Tests.Layout;

public sealed class LayoutKernelTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(2, 3, 67)]
    [InlineData(3, 16, 32)]
    [InlineData(1, 129, 17)]
    [InlineData(2, 100, 130)]
    public void TransposeBothWays(int batch, int rows, int columns)
    {
        double[] x = KernelCheck.Numbers(batch * rows * columns, 1);
        double[] y = new double[x.Length];
        TransposeKernel.Reference(x, y, rows, columns);
        int half = (rows + 1) / 2;
        KernelCheck.Matches(0, [y, y, y, x], host =>
        {
            Mem input = host.Input(x);
            Mem portable = host.Output(x.Length);
            Mem blocked = host.Output(x.Length);
            Mem pieces = host.Output(x.Length);
            Mem back = host.Output(x.Length);
            host.Launcher.Pixel(new TransposeKernel(input, portable, rows, columns), batch * columns, rows, KernelCheck.SmallTiles, host.Precision);
            host.Launcher.Pixel(new TransposeKernel(input, pieces, rows, columns), batch * columns, half, KernelCheck.SmallTiles, host.Precision);
            host.Launcher.Pixel(new TransposeKernel(input, pieces, rows, columns, half), batch * columns, rows - half, KernelCheck.SmallTiles, host.Precision);
            HostTranspose.Run(host.Launcher.Pool, input, blocked, batch, rows, columns, host.Precision);
            HostTranspose.Run(host.Launcher.Pool, blocked, back, batch, columns, rows, host.Precision);
            return [portable, pieces, blocked, back];
        });
    }

    [Theory]
    [InlineData(1, 1, 1, 1)]
    [InlineData(2, 3, 5, 67)]
    [InlineData(3, 4, 1, 16)]
    public void ConcatAndSliceChannels(int images, int firstChannels, int secondChannels, int pixels)
    {
        int first = firstChannels * pixels;
        int second = secondChannels * pixels;
        double[] a = KernelCheck.Numbers(images * first, 1);
        double[] b = KernelCheck.Numbers(images * second, 2);
        double[] both = new double[a.Length + b.Length];
        BlockCopyKernel.Reference(a, both, images, first, 0, first, 0, first + second);
        BlockCopyKernel.Reference(b, both, images, second, 0, second, first, first + second);
        for (int image = 0; image < images; image++)
        {
            Assert.Equal(a[(image * first)..((image + 1) * first)], both[(image * (first + second))..((image * (first + second)) + first)]);
        }

        KernelCheck.Matches(0, [both, b], host =>
        {
            Mem joined = host.Output(both.Length);
            Mem slice = host.Output(b.Length);
            Copy(host, new(host.Input(a), joined, 0, first, 0, first + second), images, first);
            Copy(host, new(host.Input(b), joined, 0, second, first, first + second), images, second);
            Copy(host, new(joined, slice, first, first + second, 0, second), images, second);
            return [joined, slice];
        });
    }

    private static void Copy(HostRun host, BlockCopyKernel kernel, int rows, int columns) =>
        host.Launcher.Pixel(kernel, rows, columns, KernelCheck.SmallTiles, host.Precision);
}
