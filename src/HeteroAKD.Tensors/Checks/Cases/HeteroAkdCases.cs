using HeteroAKD.Kernels.Losses;
using HeteroAKD.Kernels.Resize;
using HeteroAKD.Tensors.Ops;
using static HeteroAKD.Tensors.Checks.CaseInput;

namespace HeteroAKD.Tensors.Checks.Cases;

/// <summary>The HeteroAKD loss: the method as published, then each of its parts chosen, alone and together.</summary>
internal static class HeteroAkdCases
{
    public static IEnumerable<OpCase> All()
    {
        OpFamily family = Family();
        return [.. Published(family), .. ChosenParts(family), .. ChosenPartsAttached(family), .. ClassWeights(family)];
    }

    private static OpFamily Family() => new(HeteroAkd.Row, ErrorClass.Loss, v => Means(v, Specification(v)))
    {
        Differentiable = ["input", "teacher"],
        Gradients = DetachedGradients,
        Terms = (v, _) =>
            v.Attributes<HeteroAkdAttributes>().Grid == WorkingGrid.Label ? v.Shape("target").Count : v.Shape("input").Count / v.Shape("input")[1],
    };

    private static IEnumerable<OpCase> Published(OpFamily family)
    {
        yield return family.Case("", Inputs((1, 2), (1, 1), (1, 1), (1, 1)));
        yield return family.Case("", Inputs((2, 11), (5, 7), (5, 7), (5, 7)));
        yield return family.Case("lambda2=10 supervision_weight=0.5 supervision=ce ignore_index=255", Inputs((2, 19), (3, 17), (3, 17), (12, 68), 255));
        yield return family.Case("form=kl tau=2 scale_tau2=true supervision=none", Inputs((1, 5), (6, 9), (3, 5), (6, 9)));
        yield return family.Case("axis=spatial", Inputs((2, 3), (5, 7), (5, 7), (5, 7)));
        yield return family.Case("reliability=softmax_ce", Inputs((1, 4), (5, 9), (5, 9), (5, 9)));
        yield return family.Case("grid=label", Inputs((1, 3), (3, 5), (2, 3), (9, 17)));
        yield return family.Case("reduction=element lambda2=3 tau=2", Inputs((2, 5), (4, 9), (2, 5), (8, 18)));
        yield return family.Case("detach=false reduction=element", Inputs((1, 4), (3, 6), (3, 6), (3, 6)));
        yield return family.Case("detach=false supervision=none", Inputs((2, 5), (4, 6), (4, 6), (4, 6)));
        yield return family.Case("detach=false form=kl tau=3 lambda2=2", Inputs((1, 4), (5, 7), (3, 4), (20, 28)));
        yield return family.Case("detach=false axis=spatial supervision=ce", Inputs((2, 3), (4, 5), (4, 5), (4, 5)));
        yield return family.Case("detach=false reliability=softmax_ce", Inputs((1, 6), (3, 6), (3, 6), (3, 6)));
        yield return family.Case("detach=false grid=label align_corners=true tau=2 scale_tau2=true", Inputs((2, 3), (3, 5), (2, 3), (9, 17)));
        yield return family.Case("detach=false grid=label axis=spatial form=kl", Inputs((1, 3), (3, 5), (3, 5), (7, 11)));
    }

    private static IEnumerable<OpCase> ChosenParts(OpFamily family)
    {
        yield return family.Case("mixing=false", Inputs((2, 5), (4, 7), (4, 7), (4, 7)));
        yield return family.Case("mixing=false reliability=softmax_ce axis=spatial", Inputs((2, 3), (5, 6), (5, 6), (5, 6)));
        yield return family.Case("weighting=false", Inputs((1, 19), (3, 5), (3, 5), (12, 20)));
        yield return family.Case("weighting=false axis=spatial supervision=ce", Inputs((2, 3), (5, 7), (5, 7), (5, 7)));
        yield return family.Case("mixing=false weighting=false form=kl weight_scale=classes", Inputs((2, 4), (4, 9), (2, 5), (4, 9)));
        yield return family.Case("weight_scale=classes tau=2 scale_tau2=true", Inputs((1, 7), (5, 5), (5, 5), (5, 5)));
        yield return family.Case("weight_scale=classes axis=spatial", Inputs((2, 3), (5, 7), (3, 4), (5, 7)));
        yield return family.Case("weight_scale=classes axis=spatial weighting=false grid=label", Inputs((2, 3), (3, 4), (3, 4), (7, 9)));
        yield return family.Case("form=binary", Inputs((1, 2), (1, 1), (1, 1), (1, 1)));
        yield return family.Case("form=binary tau=2 scale_tau2=true reduction=element", Inputs((2, 11), (5, 7), (5, 7), (5, 7)));
        yield return family.Case("form=binary axis=spatial weight_scale=classes supervision=none", Inputs((2, 3), (5, 6), (5, 6), (5, 6)));
        yield return family.Case("form=binary mixing=false weighting=false grid=label", Inputs((1, 4), (3, 5), (2, 3), (9, 17)));
    }

    private static IEnumerable<OpCase> ChosenPartsAttached(OpFamily family)
    {
        yield return family.Case("detach=false mixing=false", Inputs((2, 5), (3, 6), (3, 6), (3, 6)));
        yield return family.Case("detach=false mixing=false reliability=softmax_ce form=kl tau=2", Inputs((1, 4), (3, 7), (3, 7), (3, 7)));
        yield return family.Case("detach=false weighting=false supervision=none", Inputs((1, 5), (4, 5), (4, 5), (4, 5)));
        yield return family.Case("detach=false weighting=false axis=spatial reliability=softmax_ce", Inputs((2, 3), (3, 5), (3, 5), (3, 5)));
        yield return family.Case("detach=false mixing=false weighting=false", Inputs((1, 4), (4, 5), (3, 3), (4, 5)));
        yield return family.Case("detach=false weight_scale=classes", Inputs((1, 6), (3, 5), (3, 5), (3, 5)));
        yield return family.Case("detach=false weight_scale=classes axis=spatial form=kl", Inputs((2, 3), (4, 5), (4, 5), (4, 5)));
        yield return family.Case("detach=false form=binary", Inputs((2, 5), (3, 5), (3, 5), (3, 5)));
        yield return family.Case("detach=false form=binary axis=spatial tau=2 grid=label", Inputs((1, 3), (3, 4), (3, 4), (7, 9)));
        yield return family.Case(
            "detach=false form=binary reliability=softmax_ce weight_scale=classes scale_tau2=true tau=3", Inputs((1, 4), (4, 5), (4, 5), (4, 5)));
        yield return family.Case("detach=false form=binary mixing=false axis=spatial", Inputs((2, 3), (3, 5), (3, 5), (3, 5)));
        yield return family.Case("detach=false form=binary weighting=false", Inputs((1, 5), (3, 5), (3, 5), (3, 5)));
    }

    private static IEnumerable<OpCase> ClassWeights(OpFamily family)
    {
        yield return family.Case("", [.. Inputs((2, 5), (4, 7), (4, 7), (8, 14)), Positive("weight", 5)]);
        yield return family.Case("reduction=element grid=label ignore_index=255", [.. Inputs((1, 3), (3, 5), (3, 5), (9, 17), 255), Positive("weight", 3)]);
        yield return family.Case("form=binary axis=spatial weight_scale=classes", [.. Inputs((2, 3), (5, 6), (5, 6), (5, 6)), Positive("weight", 3)]);
        yield return family.Case("detach=false", [.. Inputs((1, 4), (4, 6), (4, 6), (4, 6)), Positive("weight", 4)]);
        yield return family.Case("detach=false axis=spatial", [.. Inputs((2, 3), (4, 5), (4, 5), (4, 5)), Positive("weight", 3)]);
        yield return family.Case("detach=false form=binary axis=spatial supervision=ce", [.. Inputs((2, 3), (3, 5), (3, 5), (3, 5)), Positive("weight", 3)]);
        yield return family.Case("detach=false form=kl mixing=false reduction=element", [.. Inputs((1, 5), (3, 5), (3, 5), (3, 5)), Positive("weight", 5)]);
    }

    internal static CaseInput[] Inputs((int Images, int Classes) n, (int H, int W) student, (int H, int W) teacher, (int H, int W) labels, int ignore = -100) =>
    [
        Normal("input", n.Images, n.Classes, student.H, student.W), Normal("teacher", n.Images, n.Classes, teacher.H, teacher.W),
        Labels(n.Classes, ignore, "target", n.Images, labels.H, labels.W),
    ];

    /// <summary>Eq. 5-10 on the working grid, after every input was brought to it.</summary>
    private static HeteroAkdReference Specification(CaseValues v)
    {
        HeteroAkdAttributes a = v.Attributes<HeteroAkdAttributes>();
        Shape x = v.Shape("input");
        (int height, int width) = GridOf(v, a);
        int[] labels = [.. LossCases.Nearest(v, x[0], height, width).Select(label => label == a.IgnoreIndex ? -1 : label)];
        return new HeteroAkdReference(
            ResizingCases.Bilinear(v["input"], x, height, width, a.AlignCorners),
            ResizingCases.Bilinear(v["teacher"], v.Shape("teacher"), height, width, a.AlignCorners),
            labels,
            x[1],
            height * width,
            a.Options,
            v["weight"]);
    }

    private static NamedValues[] Means(CaseValues v, HeteroAkdReference reference)
    {
        HeteroAkdAttributes a = v.Attributes<HeteroAkdAttributes>();
        double[] sums = reference.Sums;
        double valid = reference.Valid;
        double supervised = a.Supervision == ProjectorSupervision.Bce ? v.Shape("input")[1] : 1;
        double[] means = [.. sums.Select(s => s / valid)];
        double distilled = a.Reduction == LossUnit.Element ? v.Shape("input")[1] : 1;
        (double loss, double teacher, double student) = (means[0] / distilled, means[2] / supervised, means[3] / supervised);
        double total = (a.Lambda2 * loss) + (a.SupervisionWeight * (teacher + student));
        return [new("output", [total]), new("result", [total, 1 / valid, valid, loss, teacher, student, .. means[4..]])];
    }

    private static NamedValues[]? DetachedGradients(CaseValues v)
    {
        HeteroAkdAttributes a = v.Attributes<HeteroAkdAttributes>();
        if (!a.Detach)
        {
            return null;
        }

        HeteroAkdReference reference = Specification(v);
        return [Back(v, a, "input", reference.StudentGradient, reference.Valid), Back(v, a, "teacher", reference.TeacherGradient, reference.Valid)];
    }

    // A gradient on the working grid, brought back to the input and divided by the valid pixels.
    private static NamedValues Back(CaseValues v, in HeteroAkdAttributes a, string input, double[] gradient, double valid)
    {
        Shape x = v.Shape(input);
        (int height, int width) = GridOf(v, a);
        double[] dx = new double[x.Count];
        BilinearVerticalKernel.ReferenceGradient(gradient, dx, x[2], x[3], height, width, a.AlignCorners);
        double factor = v.Upstream(1)[0] / valid;
        return new("grad." + input, [.. dx.Select(d => d * factor)]);
    }

    private static (int Height, int Width) GridOf(CaseValues v, in HeteroAkdAttributes a)
    {
        Shape grid = a.Grid == WorkingGrid.Label ? v.Shape("target") : v.Shape("input");
        return (grid[-2], grid[-1]);
    }
}
