using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Losses;

namespace HeteroAKD.Kernels.Tests.Losses;

public class PixelKlLossTests
{
    public static TheoryData<int, int, int, float, bool, bool> Cases() => new()
    {
        { 1, 1, 1, 1f, false, false },
        { 2, 19, 37, 1f, false, true },
        { 3, 11, 16, 4f, false, false },
        { 1, 5, 129, 0.5f, true, true },
        { 1, 150, 33, 2f, true, false },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void EqualsTheReference(int images, int classes, int pixels, float tau, bool weighted, bool masked)
    {
        Random random = new(classes + pixels);
        double[] student = LossProblem.Logits(random, images * classes * pixels, 5);
        double[] teacher = LossProblem.Logits(random, images * classes * pixels, 5);
        int[] labels = masked ? LossProblem.RandomLabels(random, images * pixels, classes) : [];
        double[] weights = weighted ? LossProblem.Logits(random, classes) : [];
        double[] gradient = new double[student.Length];
        double[] sums = PixelKlLoss.Reference(student, teacher, labels, weights, gradient, classes, pixels, 255, tau);
        foreach (HostPrecision precision in new[] { HostPrecision.Float64, HostPrecision.Float32 })
        {
            LossProblem problem = new()
            {
                Images = images,
                Classes = classes,
                Height = 1,
                Width = pixels,
                Student = student,
                Teacher = teacher,
                Labels = labels,
                Precision = precision,
            };
            LossRun run = problem.OnGrid(memory => Make(memory, classes, tau, weights));
            double tolerance = precision == HostPrecision.Float64 ? 1e-13 : 2e-6;
            Expect.Close(gradient, run.Student, tolerance * tau, $"{precision} gradient");
            Expect.Close(sums, run.Sums.AsSpan(0, 4), tolerance * 3, $"{precision} sum");
            Assert.All(run.Teacher, g => Assert.Equal(0, g));
        }
    }

    [Theory]
    [InlineData(1f, false)]
    [InlineData(4f, true)]
    public void GradientIsTheSlopeOfTheLoss(float tau, bool weighted)
    {
        const int Classes = 6;
        const int Pixels = 4;
        Random random = new(3);
        double[] student = LossProblem.Logits(random, Classes * Pixels);
        double[] teacher = LossProblem.Logits(random, Classes * Pixels);
        double[] weights = weighted ? [0.5, 2, 1, 0.25, 3, 1] : [];
        LossRun Run(double[] z) => new LossProblem
        {
            Images = 1,
            Classes = Classes,
            Height = 2,
            Width = 2,
            Student = z,
            Teacher = teacher,
            Labels = [2, 0, 255, 5],
        }.OnGrid(memory => Make(memory, Classes, tau, weights));

        double[] gradient = Run(student).Student;
        for (int i = 0; i < student.Length; i++)
        {
            double[] above = [.. student];
            double[] below = [.. student];
            above[i] += 1e-5;
            below[i] -= 1e-5;
            Assert.Equal((Run(above).Sums[0] - Run(below).Sums[0]) / 2e-5, gradient[i], 2e-9);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void EqualLogitsHaveNoLossAndNoGradient(float tau)
    {
        double[] logits = LossProblem.Logits(new Random(1), 19 * 40, 20);
        LossRun run = new LossProblem { Images = 1, Classes = 19, Height = 5, Width = 8, Student = logits, Teacher = logits, Precision = HostPrecision.Float32 }
            .OnGrid(memory => Make(memory, 19, tau, []));
        Assert.Equal(0, run.Sums[0]);
        Assert.All(run.Student, g => Assert.Equal(0, g));
        Assert.Equal(40, run.Sums[2]);
    }

    [Fact]
    public void TeacherOfAnotherSizeIsSampledInside()
    {
        const int Classes = 5;
        Random random = new(11);
        double[] student = LossProblem.Logits(random, 2 * Classes * 12 * 16);
        double[] coarse = LossProblem.Logits(random, 2 * Classes * 6 * 8);
        double[] teacher = BilinearTruth.Forward(coarse, 2 * Classes, 6, 8, 12, 16, false);
        int[] labels = LossProblem.RandomLabels(random, 2 * 12 * 16, Classes);
        double[] gradient = new double[student.Length];
        double[] sums = PixelKlLoss.Reference(student, teacher, labels, [], gradient, Classes, 12 * 16, 255, 2);
        LossRun run = new LossProblem
        {
            Images = 2,
            Classes = Classes,
            Height = 12,
            Width = 16,
            Student = student,
            Teacher = coarse,
            TeacherSize = (6, 8),
            Labels = labels,
        }.OnStrips(memory => Make(memory, Classes, 2, []));
        Expect.Close(sums, run.Sums.AsSpan(0, 4), 1e-12, "sum");
        Expect.Close(gradient, run.Student, 1e-12, "gradient");
    }

    private static PixelKlLoss Make(Func<double[], Mem> memory, int classes, float tau, double[] weights) =>
        new(classes, tau, memory(weights), weights.Length > 0);
}
