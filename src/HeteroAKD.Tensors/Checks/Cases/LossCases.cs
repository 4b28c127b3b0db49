using HeteroAKD.Kernels.Losses;
using HeteroAKD.Kernels.Resize;
using HeteroAKD.Tensors.Ops;
using static HeteroAKD.Tensors.Checks.CaseInput;

namespace HeteroAKD.Tensors.Checks.Cases;

/// <summary>Losses over pixels.</summary>
internal static class LossCases
{
    public static IEnumerable<OpCase> All() =>
        [.. CrossEntropy(), .. Distillation(), .. HeteroAkdCases.All(), .. PseudoLabels(), .. OneHot(), .. SoftmaxKlOf(), .. Cdist(), .. PearsonOf()];

    private static IEnumerable<OpCase> CrossEntropy()
    {
        OpFamily family = new(Losses.CrossEntropy, ErrorClass.Loss, v =>
        {
            CrossEntropyAttributes a = v.Attributes<CrossEntropyAttributes>();
            Shape x = v.Shape("input");
            Shape grid = v.Shape("target");
            double[] logits = ResizingCases.Bilinear(v["input"], x, grid[1], grid[2], a.AlignCorners);
            double[] sums = CrossEntropyLoss.Reference(
                logits, v.Labels("target"), v["weight"], new double[logits.Length], x[1], grid[1] * grid[2], a.IgnoreIndex, a.LabelSmoothing);
            return Means(sums);
        })
        {
            Differentiable = ["input"],
            Terms = (v, _) => v.Shape("target").Count,
        };
        yield return family.Case("", Normal("input", 1, 2, 1, 1), Labels(2, -100, "target", 1, 1, 1));
        yield return family.Case("", Normal("input", 2, 11, 5, 7), Labels(11, -100, "target", 2, 5, 7));
        yield return family.Case(
            "ignore_index=255 label_smoothing=0.1", Normal("input", 2, 19, 4, 17), Labels(19, 255, "target", 2, 4, 17), Positive("weight", 19));
        yield return family.Case("", Normal("input", 2, 3, 3, 5), Labels(3, -100, "target", 2, 12, 20));
        yield return family.Case("ignore_index=3 align_corners=true", Normal("input", 1, 5, 4, 6), Labels(5, 3, "target", 1, 13, 35));
        yield return family.Case("label_smoothing=0.2", Normal("input", 1, 4, 6, 9), Labels(4, -100, "target", 1, 3, 5), Positive("weight", 4));
    }

    private static IEnumerable<OpCase> Cdist()
    {
        OpFamily family = new(CityBlock.Row, ErrorClass.Sum, v =>
        {
            (Shape first, Shape second) = (v.Shape("x1"), v.Shape("x2"));
            double[] y = new double[first[0] * first[1] * second[1]];
            CityBlockKernel.Reference(v["x1"], v["x2"], y, first[1], second[1], first[2]);
            return [new("output", y)];
        })
        {
            Terms = (v, result) => result switch { "grad.x1" => v.Shape("x2")[1], "grad.x2" => v.Shape("x1")[1], _ => v.Shape("x1")[2] },
        };

        yield return family.Case("", Normal("x1", 1, 1, 1), Normal("x2", 1, 1, 1));
        yield return family.Case("", Normal("x1", 1, 3, 5), Normal("x2", 1, 2, 5));
        yield return family.Case("", Normal("x1", 2, 7, 3), Normal("x2", 2, 35, 3));
        yield return family.Case("", Normal("x1", 3, 16, 9), Normal("x2", 3, 19, 9));
        yield return family.ForwardOnly("", Of(CaseNumbers.OneNaN, "x1", 1, 5, 7), Normal("x2", 1, 3, 7));
        yield return family.ForwardOnly("", Normal("x1", 1, 5, 0), Normal("x2", 1, 3, 0));
        yield return family.ForwardOnly("", Normal("x1", 2, 0, 3), Normal("x2", 2, 4, 3));
    }

    private static IEnumerable<OpCase> PearsonOf()
    {
        OpFamily family = new(Pearson.Row, ErrorClass.Loss, v =>
        {
            PearsonAttributes a = v.Attributes<PearsonAttributes>();
            Shape x = v.Shape("input");
            int pixels = x.CountFrom(2);
            double[] r = new double[a.PerChannel ? x[1] : x[0] * pixels];
            Func<int, int> vectorOf = a.PerChannel ? i => i / pixels % x[1] : i => (i / (x[1] * pixels) * pixels) + (i % pixels);
            PixelPearsonKernel.Reference(v["input"], v["target"], r, vectorOf, a.Eps);
            return [new("output", r)];
        })
        {
            Differentiable = ["input"],
            Terms = (v, _) => v.Attributes<PearsonAttributes>().PerChannel ? v.Shape("input")[0] * v.Shape("input").CountFrom(2) : v.Shape("input")[1],
        };
        yield return family.Case("", Normal("input", 2, 5), Normal("target", 2, 5));
        yield return family.Case("", Normal("input", 2, 19, 5, 7), Normal("target", 2, 19, 5, 7));
        yield return family.Case("eps=0.1", Normal("input", 1, 3, 83), Normal("target", 1, 3, 83));
        yield return family.Case("per_channel=true", Normal("input", 6, 3), Normal("target", 6, 3));
        yield return family.Case("per_channel=true", Normal("input", 2, 19, 5, 7), Normal("target", 2, 19, 5, 7));
        yield return family.Case("per_channel=true eps=0.1", Normal("input", 3, 2, 72), Normal("target", 3, 2, 72)); // whole quads
        yield return family.ForwardOnly("", Of(CaseNumbers.OneNaN, "input", 1, 5, 7), Normal("target", 1, 5, 7));
        yield return family.ForwardOnly("per_channel=true", Normal("input", 1, 5, 7), Of(CaseNumbers.OneNaN, "target", 1, 5, 7));
        yield return family.ForwardOnly("", Normal("input", 2, 5, 0), Normal("target", 2, 5, 0));
        yield return family.ForwardOnly("per_channel=true", Normal("input", 2, 0, 3), Normal("target", 2, 0, 3));
    }

    private static IEnumerable<OpCase> SoftmaxKlOf()
    {
        OpFamily family = new(SoftmaxKl.Row, ErrorClass.Loss, v =>
        {
            Shape x = v.Shape("input");
            double[] y = new double[x.Count / x[-1]];
            RowKlKernel.Reference(v["input"], v["target"], y, x[-1], v.Attributes<SoftmaxKlAttributes>().Tau);
            return [new("output", y)];
        })
        {
            Differentiable = ["input"],
            Terms = (v, _) => v.Shape("input")[-1],
        };
        yield return family.Case("", Normal("input", 1), Normal("target", 1));
        yield return family.Case("", Normal("input", 5, 1), Normal("target", 5, 1));
        yield return family.Case("", Normal("input", 3, 67), Normal("target", 3, 67));
        yield return family.Case("tau=0.1", Normal("input", 2, 3, 35), Normal("target", 2, 3, 35));

        // A high temperature would be ill-conditioned: softmaxes become alike, and what remains of their difference is as small as what sums lose.
        yield return family.Case("tau=0.7", Normal("input", 2, 1, 3, 130), Normal("target", 2, 1, 3, 130));

        // Rows of whole quads: devices take four elements a thread.
        yield return family.Case("tau=0.5", Normal("input", 3, 72), Normal("target", 3, 72));
        yield return family.ForwardOnly("", Of(CaseNumbers.OneNaN, "input", 3, 35), Normal("target", 3, 35));
        yield return family.ForwardOnly("", Normal("input", 3, 35), Of(CaseNumbers.OneNaN, "target", 3, 35));
        yield return family.ForwardOnly("", Normal("input", 0, 8), Normal("target", 0, 8));
    }

    private static IEnumerable<OpCase> Distillation()
    {
        OpFamily family = new(Losses.Kd, ErrorClass.Loss, v => Means(KdSpecification(v).Sums))
        {
            Differentiable = ["input"],
            Gradients = MixedGradient,
            Terms = (v, _) => v.Shape("input").Count / v.Shape("input")[1],
        };
        yield return family.Case("", Normal("input", 1, 3, 1, 1), Normal("teacher", 1, 3, 1, 1));
        yield return family.Case("tau=4", Normal("input", 2, 11, 5, 7), Normal("teacher", 2, 11, 5, 7));
        yield return family.Case(
            "ignore_index=255", Normal("input", 2, 3, 4, 17), Normal("teacher", 2, 3, 4, 17), Labels(3, 255, "target", 2, 4, 17), Positive("weight", 3));
        yield return family.Case("tau=2", Normal("input", 1, 19, 6, 9), Normal("teacher", 1, 19, 3, 5), Labels(19, -100, "target", 1, 24, 36));
        yield return family.Case("pixel_weight=confidence", Normal("input", 2, 5, 3, 17), Normal("teacher", 2, 5, 3, 17));
        yield return family.Case("pixel_weight=confidence tau=3 unlabelled=keep", [.. KdInputs((2, 3), (6, 9), (3, 5), (12, 18)), Positive("weight", 3)]);
        yield return family.Case("unlabelled=keep", KdInputs((1, 4), (5, 7), (5, 7), (5, 7)));
        foreach (string where in new[] { "teacher_right", "teacher_right_nearby" })
        {
            yield return family.Case($"where={where}", KdInputs((1, 1), (1, 1), (1, 1), (1, 1)));
            yield return family.Case($"where={where}", KdInputs((2, 2), (5, 19), (5, 19), (5, 19)));
            yield return family.Case($"where={where} ignore_index=1 tau=2", KdInputs((2, 3), (9, 11), (4, 5), (18, 33), ignore: 1));
            yield return family.Case(
                $"where={where} unlabelled=keep pixel_weight=confidence", [.. KdInputs((1, 3), (7, 17), (9, 20), (7, 17), 255), Positive("weight", 3)]);
        }

        foreach (string target in new[] { "mixed", "corrected" })
        {
            yield return family.Case($"target_logits={target}", KdInputs((5, 3), (1, 1), (1, 1), (1, 1)));
            yield return family.Case($"target_logits={target}", KdInputs((2, 19), (5, 7), (5, 7), (5, 7)));
            yield return family.Case($"target_logits={target} unlabelled=keep tau=2", KdInputs((2, 5), (4, 17), (4, 17), (4, 17), 255));
            yield return family.Case(
                $"target_logits={target} unlabelled=keep ignore_index=2", [.. KdInputs((1, 4), (6, 9), (3, 5), (24, 36), ignore: 2), Positive("weight", 4)]);
            yield return family.Case(
                $"target_logits={target} where=teacher_right_nearby pixel_weight=confidence tau=0.5", KdInputs((2, 3), (8, 9), (4, 5), (8, 9)));
        }
    }

    // Of normal logits of so many classes the thresholds take some pixels and leave others.
    private static IEnumerable<OpCase> PseudoLabels()
    {
        OpFamily family = new(Ops.PseudoLabels.Row, ErrorClass.Exact, v =>
        {
            PseudoLabelsAttributes a = v.Attributes<PseudoLabelsAttributes>();
            (Shape x, Shape grid) = (v.Shape("input"), v.Shape("target"));
            bool onGrid = x[2] == grid[1] && x[3] == grid[2];
            double[] logits = onGrid ? v["input"] : ResizingCases.Bilinear(v["input"], x, grid[1], grid[2], a.AlignCorners);
            int[] labels = new int[grid.Count];
            PseudoLabelKernel.Reference(logits, v.Labels("target"), labels, x[1], grid[1] * grid[2], a.Unlabelled, a.Threshold);
            return [new("output", Array.ConvertAll(labels, label => (double)label))];
        });
        yield return family.Case("", Normal("input", 1, 1, 1, 1), Labels(1, -2, "target", 1, 1, 1));
        yield return family.Case("threshold=0.55", Normal("input", 2, 3, 9, 13), Labels(3, -2, "target", 2, 9, 13));
        yield return family.Case("threshold=0.2", Normal("input", 2, 19, 3, 5), Labels(19, -2, "target", 2, 12, 37));
        yield return family.Case("threshold=0.45 unlabelled=3 align_corners=true", Normal("input", 1, 5, 4, 6), Labels(5, 3, "target", 1, 13, 35));
        yield return family.Case("threshold=0.4 unlabelled=-7", Normal("input", 1, 4, 8, 20), Labels(4, -7, "target", 1, 5, 9));
        yield return family.Case("threshold=1", Normal("input", 1, 2, 3, 17), Labels(2, -2, "target", 1, 3, 17));
        yield return family.ForwardOnly("threshold=0.5", Of(CaseNumbers.Special, "input", 1, 2, 11, 19), Labels(2, -2, "target", 1, 11, 19));
        yield return family.ForwardOnly("threshold=0.3", Of(CaseNumbers.OneNaN, "input", 1, 4, 5, 7), Labels(4, -2, "target", 1, 20, 28));
        yield return family.ForwardOnly("", Normal("input", 0, 3, 6, 8), Labels(3, -2, "target", 0, 12, 16));
    }

    private static IEnumerable<OpCase> OneHot()
    {
        OpFamily family = new(Ops.OneHot.Row, ErrorClass.Exact, v =>
        {
            OneHotAttributes a = v.Attributes<OneHotAttributes>();
            Shape x = v.Shape("input");
            double[] planes = new double[x[0] * a.NumClasses * x[2] * x[3]];
            OneHotKernel.Reference(Nearest(v, x[0], x[2], x[3]), planes, a.NumClasses, x[2] * x[3], a.IgnoreIndex);
            return [new("output", planes)];
        });
        yield return family.Case("num_classes=1", Normal("input", 1, 1, 1, 1), Labels(1, -100, "target", 1, 1, 1));
        yield return family.Case("num_classes=5", Normal("input", 2, 3, 9, 13), Labels(5, -100, "target", 2, 9, 13));
        yield return family.Case("num_classes=19 ignore_index=255", Normal("input", 2, 2, 3, 35), Labels(19, 255, "target", 2, 12, 140));
        yield return family.Case("num_classes=4 ignore_index=2", Normal("input", 1, 2, 7, 5), Labels(6, 2, "target", 1, 3, 17));
        yield return family.ForwardOnly("num_classes=3", Normal("input", 0, 3, 6, 8), Labels(3, -100, "target", 0, 12, 16));
    }

    private static CaseInput[] KdInputs(
        (int Images, int Classes) n, (int H, int W) student, (int H, int W) teacher, (int H, int W) labels, int ignore = -100) =>
        HeteroAkdCases.Inputs(n, student, teacher, labels, ignore);

    /// <summary>The sums of the loss, and the gradient of the input before it is divided by the second of them.</summary>
    private static (double[] Sums, double[] Gradient) KdSpecification(CaseValues v)
    {
        KdAttributes a = v.Attributes<KdAttributes>();
        Shape x = v.Shape("input");
        double[] teacher = ResizingCases.Bilinear(v["teacher"], v.Shape("teacher"), x[2], x[3], alignCorners: false);
        int[] labels = v.Has("target") ? Nearest(v, x[0], x[2], x[3]) : [];
        if (a.Where != DistilledPixels.All)
        {
            int[] agreement = new int[labels.Length];
            TeacherAgreementKernel.Reference(teacher, labels, agreement, x[1], x[2] * x[3], a.IgnoreIndex);
            if (a.Where == DistilledPixels.TeacherRightNearby)
            {
                NearbyAgreementKernel.Reference(agreement, labels, x[2], x[3]);
            }
            else
            {
                labels = agreement;
            }
        }

        double[] gradient = new double[x.Count];
        return (TargetedKlLoss.Reference(v["input"], teacher, labels, v["weight"], gradient, x[1], x[2] * x[3], a.IgnoreIndex, a.Options), gradient);
    }

    // A mixed target depends on the input and counts as a constant.
    private static NamedValues[]? MixedGradient(CaseValues v)
    {
        if (v.Attributes<KdAttributes>().TargetLogits != TargetLogits.Mixed)
        {
            return null;
        }

        (double[] sums, double[] gradient) = KdSpecification(v);
        double factor = sums[1] > 0 ? v.Upstream(1)[0] / sums[1] : 0;
        return [new("grad.input", [.. gradient.Select(g => g * factor)])];
    }

    /// <summary>The labels nearest to the pixels of a grid.</summary>
    internal static int[] Nearest(CaseValues v, int images, int height, int width)
    {
        Shape labels = v.Shape("target");
        int[] result = new int[images * height * width];
        NearestKernel.Reference(v.Labels("target"), result, labels[1], labels[2], height, width);
        return result;
    }

    // From Σ loss, Σ weight, valid pixels and a fourth sum.
    private static NamedValues[] Means(double[] sums)
    {
        double scale = sums[1] > 0 ? 1 / sums[1] : 0;
        double loss = sums[0] * scale;
        return [new("output", [loss]), new("result", [loss, scale, sums[2], sums[2] > 0 ? sums[3] / sums[2] : 0])];
    }
}
