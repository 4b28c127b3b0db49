using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Reduce;
using HeteroAKD.Kernels.Tests.Support;

namespace HeteroAKD.Kernels.Tests.Reduce;

public sealed class SoftmaxKernelTests
{
    [Theory]
    [InlineData(1, 1, false)]
    [InlineData(3, 19, false)]
    [InlineData(5, 67, true)]
    [InlineData(2, 16, true)]
    public void OverRows(int rows, int columns, bool logarithm)
    {
        double[] x = KernelCheck.Numbers(rows * columns, columns, 20);
        double[] dy = KernelCheck.Numbers(x.Length, 2);
        double[] y = new double[x.Length];
        double[] dx = new double[x.Length];
        RowSoftmaxKernel.Reference(x, y, columns, logarithm);
        ClassSoftmaxGradientKernel.Reference(y, dy, dx, columns, 1, logarithm);
        KernelCheck.Matches(2e-6, [y, dx], host =>
        {
            Mem output = host.Output(x.Length);
            Mem gradient = host.Output(x.Length);
            int flag = logarithm ? 1 : 0;
            host.Launcher.Rows(new RowSoftmaxKernel(host.Input(x), output, columns, flag), rows, KernelCheck.SmallTiles, host.Precision);
            host.Launcher.Rows(new RowSoftmaxGradientKernel(output, host.Input(dy), gradient, columns, flag), rows, KernelCheck.SmallTiles, host.Precision);
            return [output, gradient];
        });
    }

    [Theory]
    [InlineData(1, 1, 1, false)]
    [InlineData(2, 19, 67, false)]
    [InlineData(3, 5, 130, true)]
    public void OverClasses(int images, int classes, int pixels, bool logarithm)
    {
        double[] x = KernelCheck.Numbers(images * classes * pixels, classes, 20);
        double[] dy = KernelCheck.Numbers(x.Length, 2);
        double[] y = new double[x.Length];
        double[] dx = new double[x.Length];
        ClassSoftmaxKernel.Reference(x, y, classes, pixels, logarithm);
        ClassSoftmaxGradientKernel.Reference(y, dy, dx, classes, pixels, logarithm);
        KernelCheck.Matches(2e-6, [y, dx], host =>
        {
            Mem output = host.Output(x.Length);
            Mem gradient = host.Output(x.Length);
            int flag = logarithm ? 1 : 0;
            host.Launcher.Pixel(new ClassSoftmaxKernel(host.Input(x), output, classes, pixels, flag), images, pixels, KernelCheck.SmallTiles, host.Precision);
            ClassSoftmaxGradientKernel backward = new(output, host.Input(dy), gradient, classes, pixels, flag);
            host.Launcher.Pixel(backward, images, pixels, KernelCheck.SmallTiles, host.Precision);
            return [output, gradient];
        });
    }

    [Theory]
    [InlineData(1, 1, 1, false)]
    [InlineData(2, 33, 67, false)]
    [InlineData(3, 40, 130, true)]
    [InlineData(1, 40, 2000, false)]
    [InlineData(2, 9, 1024, true)]
    [InlineData(1, 150, 140, false)]
    public void OverClassesBroughtTogether(int images, int classes, int pixels, bool logarithm)
    {
        double[] x = KernelCheck.Numbers(images * classes * pixels, classes, 20);
        double[] dy = KernelCheck.Numbers(x.Length, 2);
        double[] y = new double[x.Length];
        double[] dx = new double[x.Length];
        ClassSoftmaxKernel.Reference(x, y, classes, pixels, logarithm);
        ClassSoftmaxGradientKernel.Reference(y, dy, dx, classes, pixels, logarithm);
        KernelCheck.Matches(3e-6, [y, dx], host =>
        {
            int flag = logarithm ? 1 : 0;
            Mem output = host.Output(x.Length);
            HostClassSoftmax.Forward(host.Launcher.Pool, host.Input(x), output, images, classes, pixels, flag, host.Precision);
            Mem gradient = host.Input(dy);
            HostClassSoftmax.Backward(host.Launcher.Pool, output, gradient, gradient, images, classes, pixels, flag, host.Precision);
            return [output, gradient];
        });
    }

    [Theory]
    [InlineData(19, 128 * 128, true)]
    [InlineData(9, 1024, true)]
    [InlineData(8, 1024, false)] // as many planes as a set has lines
    [InlineData(150, 24 * 32, false)] // 3 KiB apart: in several sets
    [InlineData(19, 0, false)]
    public void PlanesThatShareASetAreBroughtTogether(int classes, int pixels, bool serves) => Assert.Equal(serves, HostClassSoftmax.Serves(classes, pixels));

    [Fact]
    public void GlobalNormOfSeveralBuffers()
    {
        double[][] buffers = [KernelCheck.Numbers(1, 1), KernelCheck.Numbers(67, 2), KernelCheck.Numbers(1000, 3)];
        KernelCheck.Matches(2e-6, [[GlobalNormKernel.Reference(buffers)]], host =>
        {
            double[] squares = new double[buffers.Length * 8];
            for (int b = 0; b < buffers.Length; b++)
            {
                Mem slot = host.Output(8);
                int length = buffers[b].Length;
                host.Launcher.PixelSums(
                    new TotalKernel<SquareTerm>(new(host.Input(buffers[b]), length), 1), 1, length, KernelCheck.SmallTiles, slot, host.Precision);
                host.Read(slot).CopyTo(squares, b * 8);
            }

            Mem norm = host.Output(1);
            host.Launcher.Rows(new GlobalNormKernel(host.Input(squares), norm, buffers.Length), 1, 1, host.Precision);
            return [norm];
        });
    }
}
