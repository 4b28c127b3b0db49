using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Pool;
using HeteroAKD.Kernels.Tests.Support;

namespace HeteroAKD.Kernels.Tests.Pool;

public sealed class PoolKernelTests
{
    private const int Planes = 3;

    /// <summary>Height, width, window, stride, padding; windows with gaps, strides that do not divide the window, widths on both sides of a lane.</summary>
    public static TheoryData<int, int, int, int, int> Windows => new()
    {
        { 1, 1, 1, 1, 0 }, { 5, 7, 3, 2, 1 }, { 8, 35, 2, 2, 0 }, { 9, 67, 3, 1, 1 }, { 7, 40, 5, 3, 2 }, { 11, 19, 2, 3, 0 }, { 2, 3, 2, 1, 1 },
        { 13, 33, 5, 2, 2 },
    };

    [Theory]
    [MemberData(nameof(Windows))]
    public void Max(int height, int width, int window, int stride, int padding)
    {
        PoolShape shape = new(height, width, window, stride, padding);
        double[] x = Coarse(Planes * height * width);
        double[] dy = KernelCheck.Numbers(Planes * shape.OutputHeight * shape.OutputWidth, 2);
        double[] y = new double[dy.Length];
        int[] places = new int[dy.Length];
        double[] dx = new double[x.Length];
        MaxPoolKernel.Reference(x, y, places, shape);
        MaxPoolGradientKernel.Reference(dy, places, dx, shape);
        KernelCheck.Matches(1e-6, [y, dx], host =>
        {
            Mem output = host.Output(y.Length);
            IndexMem chosen = host.IndexOutput(y.Length);
            MaxPoolKernel forward = new(host.Input(x), output, chosen, shape);
            host.Launcher.Pixel(forward, Planes * shape.OutputHeight, shape.OutputWidth, KernelCheck.SmallTiles, host.Precision);
            Assert.Equal(places, host.Read(chosen));
            Mem gradient = host.Output(x.Length);
            MaxPoolGradientKernel backward = new(host.Input(dy), chosen, gradient, shape);
            host.Launcher.Pixel(backward, Planes * height, width, KernelCheck.SmallTiles, host.Precision);
            return [output, gradient];
        });
    }

    [Theory]
    [MemberData(nameof(Windows))]
    public void Average(int height, int width, int window, int stride, int padding)
    {
        PoolShape shape = new(height, width, window, stride, padding);
        double[] x = KernelCheck.Numbers(Planes * height * width, 1);
        double[] dy = KernelCheck.Numbers(Planes * shape.OutputHeight * shape.OutputWidth, 2);
        foreach (bool includePadding in new[] { true, false })
        {
            double[] y = new double[dy.Length];
            double[] dx = new double[x.Length];
            AveragePoolKernel.Reference(x, y, shape, includePadding);
            AveragePoolKernel.ReferenceGradient(dy, dx, shape, includePadding);
            int flag = includePadding ? 1 : 0;
            KernelCheck.Matches(1e-6, [y, dx], host =>
            {
                Mem output = host.Output(y.Length);
                Mem gradient = host.Output(x.Length);
                AveragePoolKernel forward = new(host.Input(x), output, shape, flag);
                host.Launcher.Pixel(forward, Planes * shape.OutputHeight, shape.OutputWidth, KernelCheck.SmallTiles, host.Precision);
                AveragePoolGradientKernel backward = new(host.Input(dy), gradient, shape, flag);
                host.Launcher.Pixel(backward, Planes * height, width, KernelCheck.SmallTiles, host.Precision);
                return [output, gradient];
            });
        }
    }

    [Theory]
    [InlineData(1, 1, 1, 1)]
    [InlineData(12, 16, 1, 1)]
    [InlineData(13, 67, 6, 6)]
    [InlineData(7, 35, 3, 2)]
    [InlineData(2, 3, 5, 20)]
    [InlineData(9, 40, 9, 40)]
    public void AdaptiveAverage(int height, int width, int newHeight, int newWidth)
    {
        double[] x = KernelCheck.Numbers(Planes * height * width, 1);
        double[] dy = KernelCheck.Numbers(Planes * newHeight * newWidth, 2);
        double[] y = new double[dy.Length];
        double[] dx = new double[x.Length];
        AdaptiveAveragePoolKernel.Reference(x, y, height, width, newHeight, newWidth);
        AdaptiveAveragePoolKernel.ReferenceGradient(dy, dx, height, width, newHeight, newWidth);
        KernelCheck.Matches(1e-6, [y, dx], host =>
        {
            Mem output = host.Output(y.Length);
            Mem gradient = host.Output(x.Length);
            AdaptiveAveragePoolKernel forward = new(host.Input(x), output, height, width, newHeight, newWidth);
            host.Launcher.Rows(forward, y.Length, KernelCheck.SmallTiles, host.Precision);
            AdaptiveAveragePoolGradientKernel backward = new(host.Input(dy), gradient, height, width, newHeight, newWidth);
            host.Launcher.Pixel(backward, Planes * height, width, KernelCheck.SmallTiles, host.Precision);
            return [output, gradient];
        });
    }

    [Theory]
    [InlineData(12, 16, 1, 1)]
    [InlineData(12, 16, 2, 2)]
    [InlineData(9, 68, 3, 2)]
    [InlineData(4, 40, 4, 40)]
    public void AdaptiveAverageOfEvenBins(int height, int width, int newHeight, int newWidth)
    {
        double[] dy = KernelCheck.Numbers(Planes * newHeight * newWidth, 2);
        double[] dx = new double[Planes * height * width];
        AdaptiveAveragePoolKernel.ReferenceGradient(dy, dx, height, width, newHeight, newWidth);
        KernelCheck.Matches(1e-6, [dx], host =>
        {
            Mem gradient = host.Output(dx.Length);
            AdaptiveAveragePoolFillKernel fill = new(host.Input(dy), gradient, height, width, newHeight, newWidth);
            host.Launcher.Rows(fill, dy.Length, KernelCheck.SmallTiles, host.Precision);
            return [gradient];
        });
    }

    [Fact]
    public void NaNAndMinusInfinity()
    {
        PoolShape shape = new(1, 4, 1, 1, 0);
        double[] x = [double.NaN, double.NegativeInfinity, 1, double.PositiveInfinity];
        double[] y = new double[4];
        MaxPoolKernel.Reference(x, y, new int[4], shape);
        Assert.Equal(x, y);
        KernelCheck.Matches(0, [y], host =>
        {
            Mem output = host.Output(4);
            host.Launcher.Pixel(new MaxPoolKernel(host.Input(x), output, host.IndexOutput(4), shape), 1, 4, 1, host.Precision);
            return [output];
        });
    }

    [Fact]
    public void ImpossibleWindowsAreRefused()
    {
        Assert.Contains("at most half the window", Assert.Throws<ArgumentException>(() => new PoolShape(8, 8, 3, 1, 2)).Message);
        Assert.Contains("does not fit", Assert.Throws<ArgumentException>(() => new PoolShape(2, 8, 3, 1, 0)).Message);
    }

    // Few distinct values, so that windows hold equals and the first of them must win.
    private static double[] Coarse(int length) => [.. KernelCheck.Numbers(length, 1).Select(v => Math.Round(v * 2))];
}
