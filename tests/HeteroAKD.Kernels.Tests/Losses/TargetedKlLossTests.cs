using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Losses;

namespace HeteroAKD.Kernels.Tests.Losses;

public class TargetedKlLossTests
{
    [Theory]
    [InlineData(TargetLogits.Mixed, PixelWeighting.None, UnlabelledPixels.Skip)]
    [InlineData(TargetLogits.Mixed, PixelWeighting.Confidence, UnlabelledPixels.Keep)]
    [InlineData(TargetLogits.Corrected, PixelWeighting.None, UnlabelledPixels.Keep)]
    [InlineData(TargetLogits.Corrected, PixelWeighting.Confidence, UnlabelledPixels.Skip)]
    [InlineData(TargetLogits.Teacher, PixelWeighting.Confidence, UnlabelledPixels.Skip)]
    public void EqualsTheReference(TargetLogits target, PixelWeighting weighting, UnlabelledPixels unlabelled)
    {
        const int Classes = 19;
        Random random = new(7);
        double[] student = LossProblem.Logits(random, 2 * Classes * 37, 5);
        double[] teacher = LossProblem.Logits(random, 2 * Classes * 37, 5);
        int[] labels = LossProblem.RandomLabels(random, 2 * 37, Classes);
        KdOptions options = new(2, weighting, target, unlabelled);
        double[] gradient = new double[student.Length];
        double[] sums = TargetedKlLoss.Reference(student, teacher, labels, [], gradient, Classes, 37, 255, options);
        foreach (HostPrecision precision in new[] { HostPrecision.Float64, HostPrecision.Float32 })
        {
            LossRun run = new LossProblem
            {
                Images = 2,
                Classes = Classes,
                Height = 1,
                Width = 37,
                Student = student,
                Teacher = teacher,
                Labels = labels,
                Precision = precision,
            }.OnGrid(memory => new TargetedKlLoss(Classes, options, memory([]), weighted: false));
            double tolerance = precision == HostPrecision.Float64 ? 1e-13 : 2e-6;
            Expect.Close(gradient, run.Student, tolerance * 2, $"{precision} gradient");
            Expect.Close(sums, run.Sums.AsSpan(0, 4), tolerance * 3, $"{precision} sum");
        }
    }

    [Fact]
    public void MixesByTheCrossEntropiesOfBothNetworks()
    {
        double[] student = [0, 0, Math.Log(2)];
        double[] teacher = [Math.Log(6), 0, 0];
        double studentEntropy = Math.Log(4);
        double teacherEntropy = Math.Log(8.0 / 6);
        double share = studentEntropy / (studentEntropy + teacherEntropy);
        double[] mixture = [.. teacher.Select((t, c) => (share * t) + ((1 - share) * student[c]))];
        AssertTarget(mixture, student, teacher, label: 0, TargetLogits.Mixed);
    }

    [Fact]
    public void MixesHalfAndHalfWhereBothAreSureBeyondMeasure() =>
        AssertTarget([205, 1.5, 3], student: [210, 0, 3], teacher: [200, 3, 3], label: 0, TargetLogits.Mixed);

    [Theory]
    [InlineData(1, new double[] { 1, 5, -2, 3 })]
    [InlineData(2, new double[] { 1, -2, 5, 3 })]
    [InlineData(0, new double[] { 5, 1, -2, 3 })]
    public void CorrectsTheTeacherByExchangingTwoLogits(int label, double[] corrected) =>
        AssertTarget(corrected, student: [0.5, 2, 0, -1], teacher: [1, 5, -2, 3], label, TargetLogits.Corrected);

    [Theory]
    [InlineData(TargetLogits.Mixed)]
    [InlineData(TargetLogits.Corrected)]
    public void PixelsWithoutLabelKeepTheTeacher(TargetLogits target) =>
        AssertTarget([1, 5, -2], student: [0.5, 2, 0], teacher: [1, 5, -2], label: 255, target, UnlabelledPixels.Keep);

    [Fact]
    public void AConfidentTeacherWeighsMore()
    {
        // Probabilities 8/10 and 5/10 of the largest class.
        double[] teacher = [Math.Log(8), Math.Log(5), 0, Math.Log(4), 0, 0];
        double[] student = [0, 0, 1, 0, 0, 2];
        double[] first = Sums([0, 1, 0], [Math.Log(8), 0, 0], PixelWeighting.None);
        double[] second = Sums([0, 0, 2], [Math.Log(5), Math.Log(4), 0], PixelWeighting.None);
        double[] both = Sums(student, teacher, PixelWeighting.Confidence);
        Expect.Close([(0.8 * first[0]) + (0.5 * second[0]), 1.3, 2, first[3] + second[3]], both, 1e-14, "sum");

        static double[] Sums(double[] student, double[] teacher, PixelWeighting weighting)
        {
            KdOptions options = new(1, weighting, TargetLogits.Teacher, UnlabelledPixels.Skip);
            return new LossProblem { Images = 1, Classes = 3, Height = 1, Width = student.Length / 3, Student = student, Teacher = teacher }
                .OnGrid(memory => new TargetedKlLoss(3, options, memory([]), weighted: false)).Sums[..4];
        }
    }

    /// <summary>One pixel gives what plain distillation towards <paramref name="expected"/> gives.</summary>
    private static void AssertTarget(
        double[] expected, double[] student, double[] teacher, int label, TargetLogits target, UnlabelledPixels unlabelled = UnlabelledPixels.Skip)
    {
        int classes = student.Length;
        LossRun Run<TLoss>(double[] from, int[] labels, Func<Func<double[], Mem>, TLoss> make)
            where TLoss : struct, IPixelLoss =>
            new LossProblem { Images = 1, Classes = classes, Height = 1, Width = 1, Student = student, Teacher = from, Labels = labels }.OnGrid(make);

        LossRun plain = Run(expected, [], memory => new PixelKlLoss(classes, 1, memory([]), weighted: false));
        LossRun run = Run(
            teacher, [label], memory => new TargetedKlLoss(classes, new KdOptions(1, PixelWeighting.None, target, unlabelled), memory([]), weighted: false));
        Expect.Close(plain.Sums, run.Sums, 1e-14, "sum");
        Expect.Close(plain.Student, run.Student, 1e-14, "gradient");
    }
}
