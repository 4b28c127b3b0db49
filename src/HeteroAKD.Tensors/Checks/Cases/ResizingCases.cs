using HeteroAKD.Kernels.Pool;
using HeteroAKD.Kernels.Resize;
using HeteroAKD.Tensors.Ops;
using static HeteroAKD.Tensors.Checks.CaseInput;

namespace HeteroAKD.Tensors.Checks.Cases;

/// <summary>Resizing and pooling.</summary>
internal static class ResizingCases
{
    public static IEnumerable<OpCase> All() => [.. Interpolate(), .. MaxPool(), .. AveragePool(), .. AdaptivePool()];

    private static IEnumerable<OpCase> Interpolate()
    {
        OpFamily family = new(Resampling.Interpolate, ErrorClass.Sum, v =>
        {
            Shape x = v.Shape("input");
            InterpolateAttributes a = v.Attributes<InterpolateAttributes>();
            return [new("output", a.Mode == InterpolateMode.Bilinear ? Bilinear(v["input"], x, a.Height, a.Width, a.AlignCorners) : Nearest(v["input"], x, a))];
        })
        {
            // Enlarging n times makes a source element part of about (2n)² target elements.
            Terms = (v, result) =>
                result == "output" ? 4
                    : 4 * (1 + (v.Attributes<InterpolateAttributes>().Height * v.Attributes<InterpolateAttributes>().Width / v.Shape("input").CountFrom(2))),
        };
        foreach (string corners in new[] { "", " align_corners=true" })
        {
            yield return family.Case("height=1 width=1" + corners, Normal("input", 1, 1, 1, 1));
            yield return family.Case("height=7 width=19" + corners, Normal("input", 2, 3, 1, 1));
            yield return family.Case("height=1 width=1" + corners, Normal("input", 1, 3, 5, 7));
            yield return family.Case("height=10 width=14" + corners, Normal("input", 2, 3, 5, 7));
            yield return family.Case("height=32 width=40" + corners, Normal("input", 1, 2, 4, 5));
            yield return family.Case("height=5 width=9" + corners, Normal("input", 1, 2, 11, 33));
            yield return family.Case("height=3 width=35" + corners, Normal("input", 1, 1, 7, 17));

            // Equal size copies; elsewhere infinities and NaN reach those they are mixed into, and no others.
            yield return family.ForwardOnly("height=5 width=67" + corners, Of(CaseNumbers.Special, "input", 1, 2, 5, 67));
            yield return family.ForwardOnly("height=9 width=133" + corners, Of(CaseNumbers.Special, "input", 1, 1, 5, 67));
            yield return family.ForwardOnly("height=4 width=20" + corners, Of(CaseNumbers.Special, "input", 1, 1, 9, 40));
        }

        foreach (string mode in new[] { " mode=nearest", " mode=nearest_exact" })
        {
            yield return family.Case("height=1 width=1" + mode, Normal("input", 1, 1, 1, 1));
            yield return family.Case("height=7 width=19" + mode, Normal("input", 2, 3, 1, 1));
            yield return family.Case("height=10 width=14" + mode, Normal("input", 2, 3, 5, 7));
            yield return family.Case("height=5 width=9" + mode, Normal("input", 1, 2, 11, 33));
            yield return family.Case("height=7 width=50" + mode, Normal("input", 1, 2, 3, 37));
            yield return family.Case("height=3 width=35" + mode, Normal("input", 1, 1, 7, 17));
            yield return family.ForwardOnly("height=9 width=133" + mode, Of(CaseNumbers.Special, "input", 1, 1, 5, 67));
        }
    }

    private static double[] Nearest(double[] values, Shape x, InterpolateAttributes a)
    {
        double[] y = new double[x[0] * x[1] * a.Height * a.Width];
        NearestMapKernel.Reference(values, y, x[2], x[3], a.Height, a.Width, a.Mode == InterpolateMode.NearestExact);
        return y;
    }

    /// <summary>Maps [N, C, h, w] at another size.</summary>
    internal static double[] Bilinear(double[] values, Shape x, int height, int width, bool alignCorners)
    {
        double[] y = new double[x[0] * x[1] * height * width];
        BilinearVerticalKernel.Reference(values, y, x[2], x[3], height, width, alignCorners);
        return y;
    }

    private static IEnumerable<OpCase> MaxPool()
    {
        OpFamily family = new(Pooling.Max, ErrorClass.Exact, v =>
        {
            MaxPoolAttributes a = v.Attributes<MaxPoolAttributes>();
            PoolShape s = PoolSize(v, a.KernelSize, a.Stride, a.Padding);
            double[] y = new double[Pooled(v, s)];
            int[] places = new int[y.Length];
            MaxPoolKernel.Reference(v["input"], y, places, s);
            return [new("output", y), new("indices", Array.ConvertAll(places, p => (double)p))];
        })
        {
            // An element can be the largest of several windows.
            GradientError = ErrorClass.Sum,
            Terms = (v, _) => v.Attributes<MaxPoolAttributes>().KernelSize * v.Attributes<MaxPoolAttributes>().KernelSize,
        };
        yield return family.Case("kernel_size=1", Of(CaseNumbers.Distinct, "input", 1, 1, 1, 1));
        yield return family.Case("", Of(CaseNumbers.Distinct, "input", 2, 3, 6, 18));
        yield return family.Case("kernel_size=3 stride=2 padding=1", Of(CaseNumbers.Distinct, "input", 2, 3, 9, 35));
        yield return family.Case("kernel_size=5 stride=1 padding=2", Of(CaseNumbers.Distinct, "input", 1, 2, 7, 9));
        yield return family.ForwardOnly("kernel_size=3 stride=2 padding=1", Of(CaseNumbers.OneNaN, "input", 1, 1, 9, 11));
        yield return family.ForwardOnly("", Normal("input", 0, 3, 6, 8));
    }

    private static IEnumerable<OpCase> AveragePool()
    {
        OpFamily family = new(Pooling.Average, ErrorClass.Sum, v =>
        {
            AvgPoolAttributes a = v.Attributes<AvgPoolAttributes>();
            PoolShape s = PoolSize(v, a.KernelSize, a.Stride, a.Padding);
            double[] y = new double[Pooled(v, s)];
            AveragePoolKernel.Reference(v["input"], y, s, a.CountIncludePad);
            return [new("output", y)];
        })
        {
            Terms = (v, _) => v.Attributes<AvgPoolAttributes>().KernelSize * v.Attributes<AvgPoolAttributes>().KernelSize,
        };
        yield return family.Case("kernel_size=1", Normal("input", 1, 1, 1, 1));
        yield return family.Case("", Normal("input", 2, 3, 6, 18));
        yield return family.Case("kernel_size=3 stride=2 padding=1", Normal("input", 2, 3, 9, 35));
        yield return family.Case("kernel_size=3 stride=2 padding=1 count_include_pad=false", Normal("input", 2, 3, 9, 11));
        yield return family.Case("kernel_size=4 stride=1 padding=2", Normal("input", 1, 2, 7, 9));
    }

    private static IEnumerable<OpCase> AdaptivePool()
    {
        OpFamily family = new(Pooling.Adaptive, ErrorClass.Sum, v =>
        {
            Shape x = v.Shape("input");
            AdaptivePoolAttributes a = v.Attributes<AdaptivePoolAttributes>();
            double[] y = new double[x[0] * x[1] * a.Height * a.Width];
            AdaptiveAveragePoolKernel.Reference(v["input"], y, x[2], x[3], a.Height, a.Width);
            return [new("output", y)];
        })
        {
            Terms = (v, result) =>
                result == "output"
                    ? v.Shape("input").CountFrom(2) / (v.Attributes<AdaptivePoolAttributes>().Height * v.Attributes<AdaptivePoolAttributes>().Width)
                    : 4,
        };
        yield return family.Case("", Normal("input", 1, 1, 1, 1));
        yield return family.Case("", Normal("input", 2, 5, 7, 19));
        yield return family.Case("height=3 width=5", Normal("input", 2, 3, 7, 16));
        yield return family.Case("height=6 width=6", Normal("input", 1, 2, 4, 5));
        yield return family.Case("height=2 width=2", Normal("input", 2, 3, 12, 16));
        yield return family.Case("height=3 width=1", Normal("input", 2, 1, 6, 35));
        yield return family.Case("height=2 width=2", Normal("input", 2, 3, 12, 10));
    }

    private static PoolShape PoolSize(CaseValues v, int kernelSize, int stride, int padding) =>
        new(v.Shape("input")[2], v.Shape("input")[3], kernelSize, stride > 0 ? stride : kernelSize, padding);

    private static int Pooled(CaseValues v, PoolShape s) => v.Shape("input")[0] * v.Shape("input")[1] * s.OutputHeight * s.OutputWidth;
}
