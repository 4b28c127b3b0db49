using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Optim;
using HeteroAKD.Kernels.Tests.Support;

namespace HeteroAKD.Kernels.Tests.Optim;

public sealed class OptimizerKernelTests
{
    private const int Steps = 3;

    // Numbers that floats hold exactly, so that double lanes see the same constants as the reference.
    private const double Beta1 = 0.875;
    private const double Beta2 = 0.96875;
    private const double Epsilon = 1.0 / (1 << 20);

    [Theory]
    [InlineData(1, 0, 1, 1)]
    [InlineData(19, 0.0625, 0.5, 1)]
    [InlineData(300, 0.25, 1, 0.125)]
    public void AdamW(int length, double weightDecay, double clipScale, double rateMultiplier)
    {
        double[][] gradients = Gradients(length);
        double[] p = KernelCheck.Numbers(length, 1);
        double[] m = new double[length];
        double[] v = new double[length];
        for (int step = 1; step <= Steps; step++)
        {
            AdamWKernel.Reference(p, gradients[step - 1], m, v, Scalars(step, clipScale), Beta1, Beta2, Epsilon, weightDecay, rateMultiplier);
        }

        KernelCheck.Matches(1e-6, [p, m, v], host =>
        {
            Mem parameters = host.Input(KernelCheck.Numbers(length, 1));
            Mem means = host.Input(new double[length]);
            Mem squares = host.Input(new double[length]);
            for (int step = 1; step <= Steps; step++)
            {
                AdamWKernel kernel = new(
                    parameters, host.Input(gradients[step - 1]), means, squares, host.Input(Scalars(step, clipScale)), Beta1, Beta2, Epsilon, weightDecay,
                    rateMultiplier);
                host.Launcher.Pixel(kernel, 1, length, KernelCheck.SmallTiles, host.Precision);
            }

            return [parameters, means, squares];
        });
    }

    [Fact]
    public void FirstAdamWStepMovesByTheRate()
    {
        // m/(1-β1) = g and sqrt(v/(1-β2)) = |g|: the first step is lr · sign(g), whatever the betas. The usual betas are no exact floats.
        double[] p = [1, 1, 1];
        using HostRun host = new(HostPrecision.Float32, 1);
        Mem parameters = host.Input(p);
        double[] scalars = [0.01, 1, 1 - 0.9, Math.Sqrt(1 - 0.999)];
        AdamWKernel kernel = new(
            parameters, host.Input([3, -0.001, 200]), host.Input(new double[3]), host.Input(new double[3]), host.Input(scalars), 0.9, 0.999, 1e-8, 0);
        host.Launcher.Pixel(kernel, 1, 3, 1, host.Precision);
        KernelCheck.Close([0.99, 1.01, 0.99], host.Read(parameters), 3e-7, "parameters");
    }

    [Theory]
    [InlineData(1, 0, 0, false, 1)]
    [InlineData(19, 0.875, 0.0625, false, 0.5)]
    [InlineData(300, 0.875, 0.0625, true, 2)]
    public void Sgd(int length, double momentum, double weightDecay, bool nesterov, double rateMultiplier)
    {
        double[][] gradients = Gradients(length);
        double[] p = KernelCheck.Numbers(length, 1);
        double[] b = new double[length];
        for (int step = 1; step <= Steps; step++)
        {
            SgdKernel.Reference(p, gradients[step - 1], b, Scalars(step, 0.5), momentum, weightDecay, nesterov, rateMultiplier);
        }

        KernelCheck.Matches(1e-6, [p, b], host =>
        {
            Mem parameters = host.Input(KernelCheck.Numbers(length, 1));
            Mem momenta = host.Input(new double[length]);
            for (int step = 1; step <= Steps; step++)
            {
                SgdKernel kernel = new(
                    parameters,
                    host.Input(gradients[step - 1]),
                    momenta,
                    host.Input(Scalars(step, 0.5)),
                    (float)momentum,
                    (float)weightDecay,
                    nesterov ? 1 : 0,
                    (float)rateMultiplier);
                host.Launcher.Pixel(kernel, 1, length, KernelCheck.SmallTiles, host.Precision);
            }

            return [parameters, momenta];
        });
    }

    [Theory]
    [InlineData(100, 1, 0.1)]
    [InlineData(0.25, 1, 1)]
    [InlineData(0, 1, 1)]
    [InlineData(1e10, double.PositiveInfinity, 1)]
    [InlineData(double.NaN, 1, double.NaN)]
    public void ClipScale(double sumOfSquares, double maxNorm, double expected)
    {
        Assert.Equal(expected, ClipScaleKernel.Reference(sumOfSquares, maxNorm), 1e-6);
        double[] scalars = [0.5, 7, 0.25, 0.125];
        double[] after = [0.5, ClipScaleKernel.Reference(sumOfSquares, maxNorm), 0.25, 0.125];
        KernelCheck.Matches(2e-7, [after, [Math.Sqrt(sumOfSquares)]], host =>
        {
            Mem buffer = host.Input(scalars);
            Mem norm = host.Output(1);
            host.Launcher.Pixel(new ClipScaleKernel(host.Input([sumOfSquares, 5]), buffer, norm, (float)maxNorm), 1, 1, 1, host.Precision);
            return [buffer, norm];
        });
    }

    private static double[][] Gradients(int length) => [.. Enumerable.Range(0, Steps).Select(step => KernelCheck.Numbers(length, 10 + step))];

    // All of them rounded to float: both precisions must see the same numbers.
    private static double[] Scalars(int step, double clipScale) =>
        [0.0625 / step, clipScale, 1 - Math.Pow(Beta1, step), (float)Math.Sqrt(1 - Math.Pow(Beta2, step))];
}
