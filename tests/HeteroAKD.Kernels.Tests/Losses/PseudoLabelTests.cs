using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Losses;
using HeteroAKD.Kernels.Resize;

namespace HeteroAKD.Kernels.Tests.Losses;

public class PseudoLabelTests
{
    private const int Unlabelled = -2;

    [Fact]
    public void TakesTheClassesOfWhichTheTeacherIsSure()
    {
        // Two classes, so that ln 3 above the other is a probability of 3/4: class 1 above and below it, class 0, a tie, a NaN, and two labels that stay.
        double sure = Math.Log(3) + 1e-3;
        double unsure = Math.Log(3) - 1e-3;
        double[] teacher = [0, 0, sure, 0, double.NaN, 0, 0, sure, unsure, 0, 0, 0, sure, sure];
        int[] labels = [Unlabelled, Unlabelled, Unlabelled, Unlabelled, Unlabelled, 0, 255];
        Assert.Equal([1, Unlabelled, 0, Unlabelled, Unlabelled, 0, 255], Labels(teacher, labels, 2, (1, 7), (1, 7), 0.75f));

        // Half is enough for a tie, of which the first class is taken.
        Assert.Equal([1, 1, 0, 0, Unlabelled, 0, 255], Labels(teacher, labels, 2, (1, 7), (1, 7), 0.5f));
    }

    [Theory]
    [InlineData(9, 21, 9, 21)]
    [InlineData(16, 35, 4, 9)]
    [InlineData(5, 19, 7, 30)]
    public void EqualsTheReference(int height, int width, int teacherHeight, int teacherWidth)
    {
        const int Classes = 3;
        const float Threshold = 0.7f;
        Random random = new(5);
        double[] teacher = LossProblem.Logits(random, 2 * Classes * teacherHeight * teacherWidth);
        int[] labels = LossProblem.RandomLabels(random, 2 * height * width, Classes);

        // The second image and a half of the first have no labels.
        labels.AsSpan(height / 2 * width).Fill(Unlabelled);
        double[] sampled = BilinearTruth.Forward(teacher, 2 * Classes, teacherHeight, teacherWidth, height, width, false);
        int[] expected = new int[labels.Length];
        PseudoLabelKernel.Reference(sampled, labels, expected, Classes, height * width, Unlabelled, Threshold);
        int[] result = Labels(teacher, labels, Classes, (teacherHeight, teacherWidth), (height, width), Threshold);
        Assert.Equal(expected, result);
        Assert.Equal(labels[..(height / 2 * width)], result[..(height / 2 * width)]);
        Assert.Contains(result[(height * width)..], label => label == Unlabelled);
        Assert.Equal([0, 1, 2], result[(height * width)..].Where(label => label >= 0).Distinct().Order());
    }

    private static unsafe int[] Labels(double[] teacher, int[] labels, int classes, (int H, int W) from, (int H, int W) grid, float threshold)
    {
        using TestMemory logits = new(HostPrecision.Float32, teacher.Length, teacher);
        using TestLabels given = new(labels);
        using TestLabels result = new(new int[labels.Length]);
        PseudoLabelKernel kernel = new(
            logits.Mem,
            given.Mem,
            result.Mem,
            new BilinearAxis(from.H, grid.H, false),
            new BilinearAxis(from.W, grid.W, false),
            classes,
            Unlabelled,
            threshold);
        using HostPool pool = new(1);
        new HostLauncher(pool).Pixel(kernel, labels.Length / grid.W, grid.W, 1, HostPrecision.Float32);
        return new Span<int>(result.Mem.Ints, labels.Length).ToArray();
    }
}
