using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Losses;

namespace HeteroAKD.Kernels.Tests.Losses;

public class CrossEntropyLossTests
{
    public static TheoryData<int, int, int, bool, float> Cases() => new()
    {
        { 1, 2, 1, false, 0f },
        { 2, 19, 37, false, 0f },
        { 3, 11, 16, true, 0f },
        { 1, 5, 129, false, 0.1f },
        { 2, 7, 53, true, 0.25f },
        { 1, 150, 33, true, 0.1f },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void EqualsTheReference(int images, int classes, int pixels, bool weighted, float smoothing)
    {
        Random random = new(classes + pixels);
        double[] logits = LossProblem.Logits(random, images * classes * pixels, 6);
        int[] labels = LossProblem.RandomLabels(random, images * pixels, classes);
        double[] weights = weighted ? Weights(random, classes) : [];
        double[] gradient = new double[logits.Length];
        double[] sums = CrossEntropyLoss.Reference(logits, labels, weights, gradient, classes, pixels, 255, smoothing);
        foreach (HostPrecision precision in new[] { HostPrecision.Float64, HostPrecision.Float32 })
        {
            LossProblem problem = new()
            {
                Images = images,
                Classes = classes,
                Height = 1,
                Width = pixels,
                Student = logits,
                Labels = labels,
                Precision = precision,
            };
            LossRun run = problem.OnGrid(memory => Make(memory, classes, weights, smoothing));
            double tolerance = precision == HostPrecision.Float64 ? 1e-13 : 1e-6;
            Expect.Close(gradient, run.Student, tolerance, $"{precision} gradient");
            Expect.Close(sums, run.Sums.AsSpan(0, 4), tolerance * 3, $"{precision} sum");
        }
    }

    [Theory]
    [InlineData(false, 0f)]
    [InlineData(true, 0.2f)]
    public void GradientIsTheSlopeOfTheLoss(bool weighted, float smoothing)
    {
        const int Classes = 6;
        const int Pixels = 5;
        Random random = new(3);
        double[] logits = LossProblem.Logits(random, Classes * Pixels);
        double[] weights = weighted ? Weights(random, Classes) : [];
        int[] labels = [2, 0, 255, 5, 2];
        LossRun Run(double[] z) => new LossProblem { Images = 1, Classes = Classes, Height = 1, Width = Pixels, Student = z, Labels = labels }
            .OnGrid(memory => Make(memory, Classes, weights, smoothing));

        double[] gradient = Run(logits).Student;
        for (int i = 0; i < logits.Length; i++)
        {
            double[] above = [.. logits];
            double[] below = [.. logits];
            above[i] += 1e-5;
            below[i] -= 1e-5;
            Assert.Equal((Run(above).Sums[0] - Run(below).Sums[0]) / 2e-5, gradient[i], 1e-9);
        }
    }

    [Fact]
    public void HugeLogitsNeitherOverflowNorLoseTheLoss()
    {
        LossProblem problem = new()
        {
            Images = 1,
            Classes = 3,
            Height = 1,
            Width = 2,
            Student = [1e4, 3e38, -1e4, 0, 0, -3e38],
            Labels = [0, 0],
            Precision = HostPrecision.Float32,
        };
        LossRun run = problem.OnGrid(memory => Make(memory, 3, [], 0));
        Assert.All(run.Student, g => Assert.Equal(0, g));
        Assert.Equal(0, run.Sums[0]);
        Assert.Equal(2, run.Sums[3]);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public void AnIgnoredPixelCountsForNothingWhateverItHolds(double poison)
    {
        const int Pixels = 20;
        Random random = new(9);
        double[] logits = LossProblem.Logits(random, 4 * Pixels);
        int[] labels = LossProblem.RandomLabels(random, Pixels, 4);
        labels[3] = 255;
        double[] poisoned = [.. logits];
        for (int c = 0; c < 4; c++)
        {
            poisoned[(c * Pixels) + 3] = poison;
        }

        foreach (HostPrecision precision in new[] { HostPrecision.Float64, HostPrecision.Float32 })
        {
            LossRun Run(double[] z) => new LossProblem
            {
                Images = 1,
                Classes = 4,
                Height = 1,
                Width = Pixels,
                Student = z,
                Labels = labels,
                Precision = precision,
            }.OnGrid(memory => Make(memory, 4, [], 0.1f));
            Assert.Equal(Run(logits).Sums, Run(poisoned).Sums);
            Assert.Equal(Run(logits).Student, Run(poisoned).Student);
        }
    }

    [Fact]
    public void ThreadsDoNotChangeABit()
    {
        Random random = new(5);
        double[] logits = LossProblem.Logits(random, 3 * 19 * 777);
        int[] labels = LossProblem.RandomLabels(random, 3 * 777, 19);
        LossRun Run(int threads) => new LossProblem
        {
            Images = 3,
            Classes = 19,
            Height = 21,
            Width = 37,
            Student = logits,
            Labels = labels,
            Precision = HostPrecision.Float32,
            Threads = threads,
        }.OnGrid(memory => Make(memory, 19, [], 0));
        LossRun one = Run(1);
        LossRun two = Run(2);
        Assert.Equal(one.Sums, two.Sums);
        Assert.Equal(one.Student, two.Student);
    }

    internal static CrossEntropyLoss Make(Func<double[], Mem> memory, int classes, double[] weights, float smoothing) =>
        new(classes, memory(weights), weights.Length > 0, smoothing);

    private static double[] Weights(Random random, int classes)
    {
        double[] weights = new double[classes];
        for (int c = 0; c < classes; c++)
        {
            weights[c] = (float)(0.2 + random.NextDouble());
        }

        return weights;
    }
}
