using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Losses;

namespace HeteroAKD.Kernels.Tests.Losses;

/// <summary>A loss that samples its inputs equals explicit resizing, the loss on the grid, and the transpose of the resizing.</summary>
public class SampledAccessTests
{
    public static TheoryData<int, int, int, int, bool, HostPrecision> Sizes()
    {
        TheoryData<int, int, int, int, bool, HostPrecision> data = [];
        foreach ((int h, int w, int toH, int toW) in new[]
        {
            (4, 5, 32, 40), (6, 8, 12, 16), (1, 1, 9, 21), (7, 3, 20, 33), (9, 40, 5, 17), (50, 3, 7, 19), (5, 5, 5, 5), (3, 2, 100, 35),
        })
        {
            foreach (bool align in new[] { false, true })
            {
                data.Add(h, w, toH, toW, align, HostPrecision.Float64);
                data.Add(h, w, toH, toW, align, HostPrecision.Float32);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void CrossEntropyOnTheLabelGrid(int height, int width, int toHeight, int toWidth, bool align, HostPrecision precision)
    {
        const int Images = 3;
        const int Classes = 5;
        Random random = new(toHeight);
        double[] coarse = LossProblem.Logits(random, Images * Classes * height * width);
        int[] labels = LossProblem.RandomLabels(random, Images * toHeight * toWidth, Classes);
        double[] fine = BilinearTruth.Forward(coarse, Images * Classes, height, width, toHeight, toWidth, align);
        double[] fineGradient = new double[fine.Length];
        double[] sums = CrossEntropyLoss.Reference(fine, labels, [], fineGradient, Classes, toHeight * toWidth, 255, 0);
        double[] gradient = BilinearTruth.Transpose(fineGradient, Images * Classes, height, width, toHeight, toWidth, align);
        double[] magnitudes = BilinearTruth.Transpose(Array.ConvertAll(fineGradient, Math.Abs), Images * Classes, height, width, toHeight, toWidth, align);
        double tolerance = precision == HostPrecision.Float64 ? 1e-12 : 1e-6;
        foreach (long workspace in new long[] { 1, 20_000, StripPlan.HostWorkspaceBytes })
        {
            LossRun run = new LossProblem
            {
                Images = Images,
                Classes = Classes,
                Height = toHeight,
                Width = toWidth,
                Student = coarse,
                StudentSize = (height, width),
                Labels = labels,
                AlignCorners = align,
                Precision = precision,
                WorkspaceBytes = workspace,
            }.OnStrips(memory => CrossEntropyLossTests.Make(memory, Classes, [], 0));
            Expect.Close(sums.AsSpan(0, 3), run.Sums.AsSpan(0, 3), tolerance, "sum");
            Expect.CloseSums(gradient, magnitudes, run.Student, tolerance, $"gradient with {workspace} bytes");
        }
    }

    [Theory]
    [InlineData(32, 40, 4, 5)]
    [InlineData(33, 35, 4, 5)]
    [InlineData(3, 4, 7, 21)]
    [InlineData(96, 128, 12, 16)]
    public void LabelsOfAnotherSizeAreTakenAtPixelCentres(int labelHeight, int labelWidth, int height, int width)
    {
        const int Classes = 4;
        Random random = new(labelHeight);
        double[] logits = LossProblem.Logits(random, 2 * Classes * height * width);
        int[] labels = LossProblem.RandomLabels(random, 2 * labelHeight * labelWidth, Classes);
        int[] nearest = new int[2 * height * width];
        for (int i = 0; i < nearest.Length; i++)
        {
            int y = (int)Math.Floor(((i / width % height) + 0.5) * labelHeight / height);
            int x = (int)Math.Floor(((i % width) + 0.5) * labelWidth / width);
            nearest[i] = labels[(((i / (width * height)) * labelHeight) + y) * labelWidth + x];
        }

        double[] gradient = new double[logits.Length];
        double[] sums = CrossEntropyLoss.Reference(logits, nearest, [], gradient, Classes, height * width, 255, 0);
        LossProblem problem = new()
        {
            Images = 2,
            Classes = Classes,
            Height = height,
            Width = width,
            Student = logits,
            Labels = labels,
            LabelHeight = labelHeight,
            LabelWidth = labelWidth,
            Precision = HostPrecision.Float32,
        };
        Func<Func<double[], Mem>, CrossEntropyLoss> make = memory => CrossEntropyLossTests.Make(memory, Classes, [], 0);
        foreach (LossRun run in new[] { problem.OnGrid(make), problem.OnStrips(make) })
        {
            Expect.Close(sums, run.Sums.AsSpan(0, 4), 1e-6, "sum");
            Expect.Close(gradient, run.Student, 1e-6, "gradient");
        }
    }

    [Fact]
    public void ThreadsDoNotChangeABit()
    {
        Random random = new(5);
        double[] coarse = LossProblem.Logits(random, 2 * 11 * 12 * 16);
        int[] labels = LossProblem.RandomLabels(random, 2 * 96 * 128, 11);
        LossRun Run(int threads) => new LossProblem
        {
            Images = 2,
            Classes = 11,
            Height = 96,
            Width = 128,
            Student = coarse,
            StudentSize = (12, 16),
            Labels = labels,
            Precision = HostPrecision.Float32,
            Threads = threads,
        }.OnStrips(memory => CrossEntropyLossTests.Make(memory, 11, [], 0));
        LossRun one = Run(1);
        LossRun two = Run(2);
        Assert.Equal(one.Sums, two.Sums);
        Assert.Equal(one.Student, two.Student);
    }
}
