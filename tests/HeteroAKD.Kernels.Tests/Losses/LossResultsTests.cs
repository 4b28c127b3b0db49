using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Losses;
using HeteroAKD.Kernels.Resize;

namespace HeteroAKD.Kernels.Tests.Losses;

public class LossResultsTests
{
    // Two chunks of eight sums.
    private static readonly double[] s_sums = [6, 2, 30, 12, 1, 2, 4, 8, 4, 3, 10, 3, 5, 6, 7, 8];

    [Theory]
    [InlineData(HostPrecision.Float64)]
    [InlineData(HostPrecision.Float32)]
    public void MeansDivideBySumsOfAllChunks(HostPrecision precision)
    {
        using TestMemory sums = new(precision, 16, s_sums);
        using TestMemory result = new(precision, MeanResultKernel.Length);
        Launch(new MeanResultKernel(sums.Mem, 2, result.Mem), 1, precision);
        Expect.Close([10 / 5.0, 1 / 5.0, 40, 15 / 40.0], result.Read(), 1e-7, "result");
    }

    [Theory]
    [InlineData(ProjectorSupervision.Bce, 4, LossUnit.Pixel, 1)]
    [InlineData(ProjectorSupervision.Ce, 1, LossUnit.Element, 4)]
    public void HeteroAkdResultIsTheWeightedTotalAndItsParts(ProjectorSupervision supervision, int elements, LossUnit unit, int distilled)
    {
        HeteroAkdOptions options = HeteroAkdOptions.Practical with { Supervision = supervision, Unit = unit, Weight = 3, SupervisionWeight = 0.5f };
        using TestMemory sums = new(HostPrecision.Float64, 16, s_sums);
        using TestMemory result = new(HostPrecision.Float64, HeteroAkdResultKernel.Length);
        Launch(new HeteroAkdResultKernel(sums.Mem, 2, 4, options, result.Mem), 1, HostPrecision.Float64);
        double teacher = 40 / 5.0 / elements;
        double student = 15 / 5.0 / elements;
        double distillation = 10 / 5.0 / distilled;
        double total = (3 * distillation) + (0.5 * (teacher + student));
        Expect.Close([total, 0.2, 5, distillation, teacher, student, 6 / 5.0, 8 / 5.0, 11 / 5.0, 16 / 5.0], result.Read(), 1e-15, "result");
    }

    [Fact]
    public void WithoutAnyPixelTheResultIsZero()
    {
        using TestMemory sums = new(HostPrecision.Float32, 8, new double[8]);
        using TestMemory mean = new(HostPrecision.Float32, MeanResultKernel.Length);
        using TestMemory hetero = new(HostPrecision.Float32, HeteroAkdResultKernel.Length);
        Launch(new MeanResultKernel(sums.Mem, 1, mean.Mem), 1, HostPrecision.Float32);
        Launch(new HeteroAkdResultKernel(sums.Mem, 1, 4, HeteroAkdOptions.Practical, hetero.Mem), 1, HostPrecision.Float32);
        Assert.All(mean.Read().Concat(hetero.Read()), value => Assert.Equal(0, value));
    }

    [Theory]
    [InlineData(HostPrecision.Float64)]
    [InlineData(HostPrecision.Float32)]
    public void ClassWeightsGetAMeanOfOneOverTheLabels(HostPrecision precision)
    {
        int[] labels = [0, 1, 255, 2, 2, 0, -7, 1, 2, 2, 255, 5]; // 2 x 6; of classes 0 to 3 2, 2, 4 and 0
        double[] weights = [0.5, 4, 1.5, 9];
        using TestLabels memory = new(labels);
        using TestMemory raw = new(precision, 4, weights);
        using TestMemory sums = new(precision, 8, new double[8]);
        using TestMemory result = new(precision, 4);
        using HostPool pool = new(1);
        HostLauncher launcher = new(pool);
        launcher.PixelSums(new LabelWeightKernel(new LabelSource(memory.Mem, 2, 6, 2, 6, 4, 255), raw.Mem), 1, 12, 1, sums.Mem, precision);
        Launch(new MeanOneWeightsKernel(raw.Mem, sums.Mem, result.Mem), 4, precision);
        Expect.Close([15, 8], sums.Read()[..2], 0, "sums");
        Expect.Close(Array.ConvertAll(weights, w => w * 8 / 15), result.Read(), 1e-7, "weights");
    }

    [Fact]
    public void WeightsOfNothingAreZero()
    {
        using TestMemory raw = new(HostPrecision.Float32, 3, [1, 2, 3]);
        using TestMemory sums = new(HostPrecision.Float32, 8, [0, 5, 0, 0, 0, 0, 0, 0]);
        using TestMemory result = new(HostPrecision.Float32, 3);
        Launch(new MeanOneWeightsKernel(raw.Mem, sums.Mem, result.Mem), 3, HostPrecision.Float32);
        Assert.All(result.Read(), w => Assert.Equal(0, w));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(37)]
    public void BackwardScalesByUpstreamAndDenominator(int length)
    {
        double[] gradient = LossProblem.Logits(new Random(1), length);
        using TestMemory local = new(HostPrecision.Float32, length, gradient);
        using TestMemory upstream = new(HostPrecision.Float32, 1, [3]);
        using TestMemory result = new(HostPrecision.Float32, MeanResultKernel.Length, [7, 0.25, 0, 0]);
        Launch(new LossGradientKernel(local.Mem, upstream.Mem, result.Mem), length, HostPrecision.Float32);
        Assert.Equal(Array.ConvertAll(gradient, g => (double)((float)g * 0.75f)), local.Read());
    }

    [Theory]
    [InlineData(1.0)]
    [InlineData(3.0)]
    [InlineData(double.NaN)]
    public void AFinalGradientIsScaledByUpstreamAlone(double factor)
    {
        double[] gradient = LossProblem.Logits(new Random(1), 37);
        using TestMemory local = new(HostPrecision.Float32, 37, gradient);
        using TestMemory upstream = new(HostPrecision.Float32, 1, [factor]);
        using TestMemory result = new(HostPrecision.Float32, MeanResultKernel.Length, [7, 0.25, 0, 0]);
        Launch(new LossGradientKernel(local.Mem, upstream.Mem, result.Mem, final: 1), 37, HostPrecision.Float32);
        Assert.Equal(Array.ConvertAll(gradient, g => (double)((float)g * (float)factor)), local.Read());
    }

    [Fact]
    public void APlanCoversEveryStripOnceWithinItsWorkspace()
    {
        foreach ((long bytes, int rows) in new[] { (0L, 32), (100_000L, 16), (1L << 20, 7), (1L << 30, 1000) })
        {
            BilinearAxis vertical = new(12, 100, false);
            StripPlan plan = new(3, 11, 100, 128, vertical, vertical, bytes, rows);
            Assert.Equal(3 * ((100 + rows - 1) / rows), Enumerable.Range(0, plan.Chunks).Sum(plan.StripCount));
            Assert.All(Enumerable.Range(0, plan.Chunks), chunk => Assert.InRange(plan.StripCount(chunk), 1, plan.ChunkStrips));
            long used = (plan.StudentWorkspaceLength + plan.TeacherWorkspaceLength) * sizeof(float);
            Assert.True(used <= bytes || plan.ChunkStrips == 1, $"{used} bytes for {bytes}");
        }
    }

    private static void Launch<TKernel>(in TKernel kernel, int columns, HostPrecision precision)
        where TKernel : struct, IPixelKernel
    {
        using HostPool pool = new(1);
        new HostLauncher(pool).Pixel(kernel, 1, columns, 4, precision);
    }
}
