using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Reduce;
using HeteroAKD.Kernels.Tests.Support;

namespace HeteroAKD.Kernels.Tests.Reduce;

public sealed class BatchNormKernelTests
{
    private const float Epsilon = 1e-5f;
    private const float Momentum = 0.1f;

    [Theory]
    [InlineData(2, 1, 1, false, false)]
    [InlineData(1, 3, 67, true, false)]
    [InlineData(3, 5, 16, true, true)]
    [InlineData(2, 19, 130, false, true)]
    [InlineData(7, 33, 1, false, false)]
    public void Training(int images, int channels, int columns, bool relu, bool residual)
    {
        Data d = new(images, channels, columns, residual);
        double[] mean = new double[channels];
        double[] rstd = new double[channels];
        double[] runningMean = [.. d.RunningMean];
        double[] runningVariance = [.. d.RunningVariance];
        BatchNormStatisticsKernel.Reference(d.X, mean, rstd, runningMean, runningVariance, columns, Epsilon, Momentum);
        double[][] rest = Reference(d, mean, rstd, training: true, relu, columns);
        KernelCheck.Matches(2e-5, [mean, rstd, runningMean, runningVariance, .. rest], host =>
        {
            Mem x = host.Input(d.X);
            int planes = images * channels;
            Mem means = host.Output(planes);
            Mem rests = host.Output(planes);
            Mem squares = host.Output(planes);
            host.Launcher.Rows(new BatchNormPlaneKernel(x, means, rests, squares, columns), planes, KernelCheck.SmallTiles, host.Precision);
            Mem m = host.Output(channels);
            Mem r = host.Output(channels);
            Mem rm = host.Input(d.RunningMean);
            Mem rv = host.Input(d.RunningVariance);
            BatchNormStatisticsKernel statistics = new(means, rests, squares, m, r, rm, rv, images, channels, columns, Epsilon, Momentum, 1);
            host.Launcher.Pixel(statistics, 1, channels, KernelCheck.SmallTiles, host.Precision);
            return [m, r, rm, rv, .. ApplyAndGradient(host, d, x, m, r, training: 1, relu ? 1 : 0, columns)];
        });
    }

    [Theory]
    [InlineData(2, 3, 67, true, true)]
    [InlineData(1, 4, 5, false, false)]
    public void Evaluation(int images, int channels, int columns, bool relu, bool residual)
    {
        Data d = new(images, channels, columns, residual);
        double[] rstd = [.. d.RunningVariance.Select(v => 1 / Math.Sqrt(v + Epsilon))];
        double[][] rest = Reference(d, d.RunningMean, rstd, training: false, relu, columns);
        KernelCheck.Matches(2e-5, [rstd, .. rest], host =>
        {
            Mem r = host.Output(channels);
            host.Launcher.Pixel(new BatchNormRunningKernel(host.Input(d.RunningVariance), r, Epsilon), 1, channels, 1, host.Precision);
            return [r, .. ApplyAndGradient(host, d, host.Input(d.X), host.Input(d.RunningMean), r, training: 0, relu ? 1 : 0, columns)];
        });
    }

    /// <summary>The running variance within four roundings; PyTorch's is off by one.</summary>
    [Theory]
    [InlineData(2, 5000, 300, 2)]
    [InlineData(4, 96 * 128, 1e3, 2)]
    [InlineData(4, 96 * 128, 1e4, 2)]
    [InlineData(3, 67, -1e4, 1)]
    [InlineData(16, 3, 3e4, 4)]
    [InlineData(8, 1, 1e4, 2)]
    [InlineData(2, 300, 1e4, 0.01)] // a few steps of float32 wide
    public void A_mean_far_from_zero_costs_no_digits(int images, int columns, double far, double half)
    {
        const int Channels = 2;
        double[] x = KernelCheck.Between(far - half, far + half, images * Channels * columns, 1);
        double[] mean = new double[Channels];
        double[] rstd = new double[Channels];
        double[] variance = new double[Channels];
        BatchNormStatisticsKernel.Reference(x, mean, rstd, new double[Channels], variance, columns, 0, momentum: 1);

        // Relative to the variance, whatever its size.
        KernelCheck.Matches(4 * MathF.BitIncrement(1) - 4, [[1, 1], [1, 1], [1, 1]], host =>
        {
            int planes = images * Channels;
            (Mem means, Mem rests, Mem squares) = (host.Output(planes), host.Output(planes), host.Output(planes));
            host.Launcher.Rows(new BatchNormPlaneKernel(host.Input(x), means, rests, squares, columns), planes, KernelCheck.SmallTiles, host.Precision);
            (Mem m, Mem r, Mem moved) = (host.Output(Channels), host.Output(Channels), host.Input(new double[Channels]));
            BatchNormStatisticsKernel statistics = new(
                means, rests, squares, m, r, host.Input(new double[Channels]), moved, images, Channels, columns, 0, 1, 1);
            host.Launcher.Pixel(statistics, 1, Channels, 1, host.Precision);
            return [Share(host, m, mean), Share(host, r, rstd), Share(host, moved, variance)];
        });
    }

    private static Mem Share(HostRun host, Mem found, double[] expected) => host.Input([.. host.Read(found).Zip(expected, (a, b) => a / b)]);

    private static double[][] Reference(Data d, double[] mean, double[] rstd, bool training, bool relu, int columns)
    {
        double[] y = new double[d.X.Length];
        double[] dx = new double[d.X.Length];
        double[] dresidual = new double[d.X.Length];
        double[] dweight = new double[mean.Length];
        double[] dbias = new double[mean.Length];
        BatchNormApplyKernel.Reference(d.X, mean, rstd, d.Weight, d.Bias, d.Residual, y, columns, relu);
        BatchNormGradientKernel.Reference(d.X, y, d.Dy, mean, rstd, d.Weight, dx, dweight, dbias, dresidual, columns, training, relu);
        return [y, dx, dweight, dbias, .. d.Residual.Length > 0 ? new[] { dresidual } : []];
    }

    private static Mem[] ApplyAndGradient(HostRun host, Data d, Mem x, Mem mean, Mem rstd, int training, int relu, int columns)
    {
        int channels = d.Weight.Length;
        int planes = d.X.Length / columns;
        int hasResidual = d.Residual.Length > 0 ? 1 : 0;
        Mem weight = host.Input(d.Weight);
        Mem y = host.Output(d.X.Length);
        BatchNormApplyKernel apply = new(x, mean, rstd, weight, host.Input(d.Bias), host.Input(d.Residual), y, channels, columns, hasResidual, relu);
        host.Launcher.Pixel(apply, planes, columns, KernelCheck.SmallTiles, host.Precision);

        Mem dy = host.Input(d.Dy);
        Mem planeBias = host.Output(planes);
        Mem planeWeight = host.Output(planes);
        BatchNormGradientSumsKernel sums = new(x, y, dy, mean, rstd, planeBias, planeWeight, channels, columns, relu);
        host.Launcher.Rows(sums, planes, KernelCheck.SmallTiles, host.Precision);
        Mem dbias = host.Output(channels);
        Mem dweight = host.Output(channels);
        host.Launcher.Pixel(new CombineKernel(planeBias, dbias, planes / channels, channels), 1, channels, 1, host.Precision);
        host.Launcher.Pixel(new CombineKernel(planeWeight, dweight, planes / channels, channels), 1, channels, 1, host.Precision);
        Mem dx = host.Output(d.X.Length);
        Mem dresidual = host.Output(d.Residual.Length);
        BatchNormGradientKernel gradient = new(
            x, y, dy, mean, rstd, weight, dbias, dweight, dx, dresidual, channels, columns, planes / channels * columns, training, hasResidual, relu);
        host.Launcher.Pixel(gradient, planes, columns, KernelCheck.SmallTiles, host.Precision);
        return [y, dx, dweight, dbias, .. hasResidual == 1 ? new[] { dresidual } : []];
    }

    private sealed class Data(int images, int channels, int columns, bool residual)
    {
        public readonly double[] X = KernelCheck.Between(-2, 2, images * channels * columns, 1);
        public readonly double[] Dy = KernelCheck.Numbers(images * channels * columns, 2);
        public readonly double[] Residual = residual ? KernelCheck.Numbers(images * channels * columns, 3) : [];
        public readonly double[] Weight = KernelCheck.Between(0.5, 2, channels, 4);
        public readonly double[] Bias = KernelCheck.Numbers(channels, 5);
        public readonly double[] RunningMean = KernelCheck.Numbers(channels, 6);
        public readonly double[] RunningVariance = KernelCheck.Between(0.5, 2, channels, 7);
    }
}
