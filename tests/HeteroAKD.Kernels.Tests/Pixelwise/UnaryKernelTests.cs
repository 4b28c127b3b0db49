using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Pixelwise;
using HeteroAKD.Kernels.Tests.Support;

namespace HeteroAKD.Kernels.Tests.Pixelwise;

public sealed class UnaryKernelTests
{
    [Fact]
    public void ReluAndRelu6()
    {
        Check(default(Relu), 0, -4, 4);
        Check(default(Relu6), 0, -4, 9);
    }

    [Fact]
    public void Gelu() => Check(default(Gelu), 3e-7, -7, 7);

    [Fact]
    public void Silu() => Check(default(Silu), 3e-7, -20, 20);

    [Fact]
    public void TanhAndSigmoid()
    {
        Check(default(Tanh), 2e-7, -6, 6);
        Check(default(Sigmoid), 2e-7, -12, 12);
    }

    [Fact]
    public void ExpLogSqrt()
    {
        Check(default(Exp), 2e-7, -10, 5);
        Check(default(Log), 3e-7, 0.01, 30);
        Check(default(Sqrt), 1e-7, 0.01, 30);
        Check(default(Reciprocal), 2e-7, 0.25, 30);
    }

    [Fact]
    public void ArithmeticOperators()
    {
        Check(default(Identity), 0, -4, 4);
        Check(default(Negate), 0, -4, 4);
        Check(default(Absolute), 0, -4, 4);
        Check(default(Square), 1e-7, -4, 4);
        Check(new ScaleShift(0.75f, -1.5f), 2e-7, -4, 4);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 37)]
    [InlineData(2, 300)]
    public void FillCopiesAxpy(int rows, int columns)
    {
        double[] x = KernelCheck.Numbers(rows * columns, 1);
        double[] y = KernelCheck.Numbers(rows * columns, 2);
        double[] filled = new double[x.Length];
        FillKernel.Reference(filled, 0.25);
        double[] added = [.. y];
        AxpyKernel.Reference(x, added, -0.5);
        KernelCheck.Matches(2e-7, [filled, added], host =>
        {
            Mem fill = host.Output(x.Length);
            host.Launcher.Pixel(new FillKernel(fill, 0.25f, columns), rows, columns, KernelCheck.SmallTiles, host.Precision);
            Mem sum = host.Input(y);
            host.Launcher.Pixel(new AxpyKernel(host.Input(x), sum, -0.5f, columns), rows, columns, KernelCheck.SmallTiles, host.Precision);
            return [fill, sum];
        });
    }

    [Fact]
    public void GeluIsExactFarFromZero()
    {
        double[] far = [-20, -1e4, -1e30, 20, 1e4, 1e30, double.PositiveInfinity, double.NegativeInfinity, double.NaN, 0, 30, 40, 50, 60, 70, 80];
        using HostRun host = new(HostPrecision.Float32, 1);
        Mem x = host.Input(far);
        Mem y = host.Output(far.Length);
        host.Launcher.Pixel(new UnaryKernel<HeteroAKD.Kernels.Pixelwise.Gelu>(default, x, y, far.Length), 1, far.Length, 1, host.Precision);
        double[] found = host.Read(y);
        for (int i = 0; i < far.Length; i++)
        {
            // As PyTorch: −∞ · 0 is not a number.
            double expected = double.IsNaN(far[i]) || double.IsNegativeInfinity(far[i]) ? double.NaN : Math.Max((float)far[i], 0);
            Assert.Equal(expected, found[i]);
        }
    }

    /// <summary>Gradients at NaN, -∞, 0, 6, ∞ as PyTorch's: a ReLU passes a NaN's, a SiLU's is NaN at both infinities.</summary>
    [Fact]
    public void Gradients_at_the_end_of_the_range_are_PyTorchs()
    {
        double[] x = [double.NaN, double.NegativeInfinity, 0, 6, double.PositiveInfinity];
        Assert.Equal([1, 0, 0, 1, 1], Gradient(default(Relu), x));
        Assert.Equal([1, 0, 0, 0, 0], Gradient(default(Relu6), x));
        Assert.Equal([double.NaN, double.NaN, 0.5, 1.0123, double.NaN], Gradient(default(Silu), x).Select(g => Math.Round(g, 4)));
    }

    private static double[] Gradient<TOperator>(TOperator op, double[] x)
        where TOperator : struct, IUnaryOperator
    {
        using HostRun host = new(HostPrecision.Float32, 1);
        (Mem input, Mem y, Mem dx) = (host.Input(x), host.Output(x.Length), host.Output(x.Length));
        host.Launcher.Pixel(new UnaryKernel<TOperator>(op, input, y, x.Length), 1, x.Length, 1, host.Precision);
        host.Launcher.Pixel(
            new UnaryGradientKernel<TOperator>(op, input, y, host.Input([.. x.Select(_ => 1.0)]), dx, x.Length), 1, x.Length, 1, host.Precision);
        return host.Read(dx);
    }

    [Fact]
    public void NaNStaysNaN()
    {
        using HostRun host = new(HostPrecision.Float32, 1);
        Mem x = host.Input(Enumerable.Repeat(double.NaN, 19).ToArray());
        Mem y = host.Output(19);
        host.Launcher.Pixel(new UnaryKernel<Relu6>(default, x, y, 19), 1, 19, 1, host.Precision);
        Assert.All(host.Read(y), v => Assert.True(double.IsNaN(v)));
    }

    private static void Check<TOperator>(TOperator op, double tolerance, double low, double high)
        where TOperator : struct, IUnaryOperator
    {
        foreach ((int rows, int columns) in new[] { (1, 1), (3, 7), (2, 16), (1, 200), (5, 67) })
        {
            double[] x = KernelCheck.Between(low, high, rows * columns, columns);
            if (low < 0)
            {
                // The kink of most of them.
                x[0] = 0;
            }

            double[] dy = KernelCheck.Numbers(x.Length, rows);
            double[] y = new double[x.Length];
            double[] dx = new double[x.Length];
            UnaryKernel<TOperator>.Reference(op, x, y);
            UnaryGradientKernel<TOperator>.Reference(op, x, dy, dx);
            KernelCheck.Matches(tolerance, [y, dx], host =>
            {
                Mem input = host.Input(x);
                Mem output = host.Output(x.Length);
                Mem gradient = host.Output(x.Length);
                host.Launcher.Pixel(new UnaryKernel<TOperator>(op, input, output, columns), rows, columns, KernelCheck.SmallTiles, host.Precision);
                host.Launcher.Pixel(
                    new UnaryGradientKernel<TOperator>(
                        op, input, output, host.Input(dy), gradient, columns), rows, columns, KernelCheck.SmallTiles, host.Precision);
                return [output, gradient];
            });
        }
    }
}
