using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Losses;

namespace HeteroAKD.Kernels.Tests.Losses;

/// <summary>What must hold for any logits.</summary>
public class HeteroAkdPropertyTests
{
    private const int Classes = 5;
    private const int Pixels = 1009;

    [Theory]
    [InlineData(HostPrecision.Float64, 2.0)]
    [InlineData(HostPrecision.Float64, 12.0)]
    [InlineData(HostPrecision.Float32, 3.0)]
    public void MapsKeepTheirOrderAndBounds(HostPrecision precision, double spread)
    {
        Random random = new(41);
        LossProblem problem = Problem(random, spread, precision);
        HeteroAkdReference reference = new(problem.Student, problem.Teacher, problem.Labels, Classes, Pixels, HeteroAkdOptions.Practical);
        double[][] maps = problem.Maps(HeteroAkdOptions.Practical);
        for (int i = 0; i < problem.Student.Length; i++)
        {
            double hs = reference.ReliabilityStudent[i];
            double ht = reference.ReliabilityTeacher[i];
            double slack = precision == HostPrecision.Float64 ? 1e-14 : 1e-6;
            Assert.InRange(maps[0][i], 0, 1);
            Assert.InRange(maps[1][i], 0, 1);
            Assert.InRange(maps[2][i], 0, hs * (1 + slack));
            Assert.InRange(maps[3][i], Math.Min(problem.Student[i], problem.Teacher[i]) - slack, Math.Max(problem.Student[i], problem.Teacher[i]) + slack);
            Assert.InRange(reference.ReliabilityHybrid[i], Math.Min(hs, ht) * (1 - 1e-12), Math.Max(hs, ht) * (1 + 1e-12));
            if (Math.Abs(hs - ht) > slack * 10 * Math.Max(hs, ht))
            {
                Assert.Equal(ht < hs, maps[2][i] > 0);
            }
        }
    }

    [Theory]
    [InlineData(WeightAxis.Class)]
    [InlineData(WeightAxis.Spatial)]
    public void WeightsSumToOneOverTheirAxis(WeightAxis axis)
    {
        LossProblem problem = Problem(new Random(5), 4, HostPrecision.Float64);
        double[] weights = problem.Maps(HeteroAkdOptions.Practical with { Axis = axis })[1];
        int groups = axis == WeightAxis.Class ? Pixels : Classes;
        double[] sums = new double[groups];
        for (int i = 0; i < weights.Length; i++)
        {
            sums[axis == WeightAxis.Class ? i % Pixels : i / Pixels] += weights[i];
        }

        Assert.All(sums, sum => Assert.Equal(1, sum, 1e-12));
    }

    [Fact]
    public void WhereBothReliabilitiesUnderflowTheShareIsOneHalf()
    {
        double[] logits = [200, 200, -200, -200, -200, -200];
        LossProblem problem = new()
        {
            Images = 1,
            Classes = 3,
            Height = 1,
            Width = 2,
            Student = logits,
            Teacher = logits,
            Labels = [0, 0],
            Precision = HostPrecision.Float32,
        };
        Assert.All(problem.Maps(HeteroAkdOptions.Practical)[0], share => Assert.Equal(0.5, share));
        foreach (bool detach in new[] { true, false })
        {
            LossRun run = problem.HeteroAkd(HeteroAkdOptions.Practical with { Detach = detach }, false);
            Assert.All(run.Sums, sum => Assert.True(double.IsFinite(sum)));
            Assert.All(run.Student.Concat(run.Teacher), g => Assert.Equal(0, g));
        }
    }

    [Theory]
    [InlineData(30)]
    [InlineData(1e4)]
    [InlineData(1e30)]
    public void HugeLogitsStayFinite(double size)
    {
        Random random = new(3);
        LossProblem problem = new()
        {
            Images = 1,
            Classes = 4,
            Height = 1,
            Width = 40,
            Student = LossProblem.Logits(random, 160, size),
            Teacher = LossProblem.Logits(random, 160, size),
            Labels = LossProblem.RandomLabels(random, 40, 4),
            Precision = HostPrecision.Float32,
        };
        LossRun run = problem.HeteroAkd(HeteroAkdOptions.Practical, false);
        Assert.All(run.Sums, sum => Assert.True(double.IsFinite(sum)));
        Assert.All(run.Student.Concat(run.Teacher), g => Assert.InRange(g, -2, 2));
    }

    [Fact]
    public void WithoutAValidPixelEverythingIsZero()
    {
        foreach (WeightAxis axis in Enum.GetValues<WeightAxis>())
        {
            LossProblem problem = new()
            {
                Images = 1,
                Classes = 3,
                Height = 1,
                Width = 19,
                Student = LossProblem.Logits(new Random(1), 57),
                Teacher = LossProblem.Logits(new Random(2), 57),
                Labels = Enumerable.Repeat(255, 19).ToArray(),
                Precision = HostPrecision.Float32,
            };
            LossRun run = problem.HeteroAkd(HeteroAkdOptions.Paper with { Axis = axis }, false);
            Assert.All(run.Sums.Concat(run.Student).Concat(run.Teacher), value => Assert.Equal(0, value));
        }
    }

    [Theory]
    [InlineData(true, Reliability.Bce, WeightAxis.Class)]
    [InlineData(false, Reliability.Bce, WeightAxis.Spatial)]
    [InlineData(true, Reliability.SoftmaxCe, WeightAxis.Spatial)]
    [InlineData(false, Reliability.SoftmaxCe, WeightAxis.Class)]
    public void AnIgnoredPixelCountsForNothingWhateverItHolds(bool detach, Reliability reliability, WeightAxis axis)
    {
        Random random = new(9);
        double[] student = LossProblem.Logits(random, 4 * 23);
        double[] teacher = LossProblem.Logits(random, 4 * 23);
        int[] labels = LossProblem.RandomLabels(random, 23, 4);
        labels[3] = 255;
        HeteroAkdOptions options = HeteroAkdOptions.Practical with { Detach = detach, Reliability = reliability, Axis = axis };
        LossRun Run(double poison, HostPrecision precision)
        {
            double[] s = [.. student];
            double[] t = [.. teacher];
            for (int c = 0; c < 4 && poison != 0; c++)
            {
                (s[(c * 23) + 3], t[(c * 23) + 3]) = (poison, c == 2 ? -poison : poison);
            }

            return new LossProblem
            {
                Images = 1,
                Classes = 4,
                Height = 1,
                Width = 23,
                Student = s,
                Teacher = t,
                Labels = labels,
                Precision = precision,
            }.HeteroAkd(options, false);
        }

        foreach (HostPrecision precision in Enum.GetValues<HostPrecision>())
        {
            LossRun clean = Run(0, precision);
            foreach (double poison in new[] { double.NaN, double.PositiveInfinity, double.NegativeInfinity, 3e38 })
            {
                LossRun run = Run(poison, precision);
                Assert.Equal(clean.Sums, run.Sums);
                Assert.Equal(clean.Student, run.Student);
                Assert.Equal(clean.Teacher, run.Teacher);
            }
        }
    }

    [Theory]
    [InlineData(true, WeightAxis.Class)]
    [InlineData(false, WeightAxis.Class)]
    [InlineData(false, WeightAxis.Spatial)]
    public void ThreadsDoNotChangeABit(bool detach, WeightAxis axis)
    {
        Random random = new(6);
        double[] student = LossProblem.Logits(random, 2 * 19 * 12 * 16);
        double[] teacher = LossProblem.Logits(random, 2 * 19 * 6 * 8);
        int[] labels = LossProblem.RandomLabels(random, 2 * 48 * 64, 19);
        LossRun Run(int threads) => new LossProblem
        {
            Images = 2,
            Classes = 19,
            Height = 48,
            Width = 64,
            Student = student,
            StudentSize = (12, 16),
            Teacher = teacher,
            TeacherSize = (6, 8),
            Labels = labels,
            Precision = HostPrecision.Float32,
            Threads = threads,
        }.HeteroAkd(HeteroAkdOptions.Practical with { Detach = detach, Axis = axis }, true);
        LossRun one = Run(1);
        LossRun two = Run(2);
        Assert.Equal(one.Sums, two.Sums);
        Assert.Equal(one.Student, two.Student);
        Assert.Equal(one.Teacher, two.Teacher);
    }

    private static LossProblem Problem(Random random, double spread, HostPrecision precision)
    {
        int[] labels = new int[Pixels];
        for (int i = 0; i < Pixels; i++)
        {
            labels[i] = random.Next(Classes);
        }

        return new()
        {
            Images = 1,
            Classes = Classes,
            Height = 1,
            Width = Pixels,
            Student = LossProblem.Logits(random, Classes * Pixels, spread),
            Teacher = LossProblem.Logits(random, Classes * Pixels, spread),
            Labels = labels,
            Precision = precision,
        };
    }
}
