using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Losses;
using HeteroAKD.Kernels.Resize;

namespace HeteroAKD.Kernels.Tests.Losses;

public class TeacherAgreementTests
{
    [Fact]
    public void SaysWhereTheTeacherIsRightWhereItErrsAndWhereNothingIsKnown()
    {
        // Class 1, a tie (the first wins), class 0, nothing but NaN, class 2, class 1.
        double[] teacher = [0, 3, 5, double.NaN, 0, 0, 2, 3, 1, double.NaN, 0, 1, 1, 0, 0, double.NaN, 4, 0];
        int[] labels = [1, 1, 0, 0, 255, -7];
        Assert.Equal([1, -3, 0, -2, -1, -1], Agreement(teacher, labels, 3, (1, 6), (1, 6), (1, 6)));
    }

    [Theory]
    [InlineData(9, 21, 9, 21)]
    [InlineData(9, 21, 4, 8)]
    [InlineData(5, 19, 7, 30)]
    public void EqualsTheReference(int height, int width, int teacherHeight, int teacherWidth)
    {
        const int Classes = 3;
        Random random = new(5);
        double[] teacher = LossProblem.Logits(random, 2 * Classes * teacherHeight * teacherWidth);
        int[] labels = LossProblem.RandomLabels(random, 2 * 3 * height * 2 * width, Classes);
        int[] nearest = new int[2 * height * width];
        NearestKernel.Reference(labels, nearest, 3 * height, 2 * width, height, width);
        double[] sampled = BilinearTruth.Forward(teacher, 2 * Classes, teacherHeight, teacherWidth, height, width, false);
        int[] expected = new int[nearest.Length];
        TeacherAgreementKernel.Reference(sampled, nearest, expected, Classes, height * width, 255);
        int[] agreement = Agreement(teacher, labels, Classes, (teacherHeight, teacherWidth), (3 * height, 2 * width), (height, width));
        Assert.Equal(expected, agreement);
        Assert.Contains(agreement, a => a >= 0);
        Assert.Contains(agreement, a => a < -1);

        NearbyAgreementKernel.Reference(agreement, expected, height, width);
        int[] nearby = Nearby(agreement, height, width);
        Assert.Equal(expected, nearby);
        Assert.Contains(nearby, label => label >= 0);
    }

    [Fact]
    public void TakesPixelsWithHalfOfTheLabelledNeighboursRight()
    {
        // Two images of one row: the window is five pixels, less at the borders. 4 is right, -6 is the same label with a teacher that errs, -1 has none.
        int[] agreement = [4, -6, -1, -6, 4, 4, -6, -6, -6, -6, -6, -1, -1, 4];
        int[] labels = [4, -1, -1, 4, 4, 4, 4, -1, -1, -1, -1, -1, -1, 4];
        Assert.Equal(labels, Nearby(agreement, 1, 7));

        // One column: the same along the other axis.
        Assert.Equal(labels, Nearby(agreement, 7, 1));
    }

    private static int[] Agreement(double[] teacher, int[] labels, int classes, (int H, int W) from, (int H, int W) labelSize, (int H, int W) grid)
    {
        using TestMemory logits = new(HostPrecision.Float32, teacher.Length, teacher);
        using TestLabels given = new(labels);
        int images = labels.Length / (labelSize.H * labelSize.W);
        using TestLabels agreement = new(new int[images * grid.H * grid.W]);
        LabelSource source = new(given.Mem, labelSize.H, labelSize.W, grid.H, grid.W, classes, 255);
        TeacherAgreementKernel kernel = new(
            logits.Mem, agreement.Mem, source, new BilinearAxis(from.H, grid.H, false), new BilinearAxis(from.W, grid.W, false), classes);
        return Run(kernel, agreement, images * grid.H, grid.W);
    }

    private static int[] Nearby(int[] agreement, int height, int width)
    {
        using TestLabels given = new(agreement);
        using TestLabels labels = new(new int[agreement.Length]);
        return Run(new NearbyAgreementKernel(given.Mem, labels.Mem, height, width), labels, agreement.Length / width, width);
    }

    private static unsafe int[] Run<TKernel>(in TKernel kernel, TestLabels result, int rows, int columns)
        where TKernel : struct, IPixelKernel
    {
        using HostPool pool = new(1);
        new HostLauncher(pool).Pixel(kernel, rows, columns, 1, HostPrecision.Float32);
        return new Span<int>(result.Mem.Ints, rows * columns).ToArray();
    }
}
