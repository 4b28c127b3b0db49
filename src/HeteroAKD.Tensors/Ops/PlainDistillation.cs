using HeteroAKD.Kernels.Losses;
using HeteroAKD.Kernels.Resize;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>Attributes of plain distillation. Where or TargetLogits away from its default needs labels.</summary>
/// <param name="Tau">Temperature of both softmaxes.</param>
/// <param name="IgnoreIndex">Label of pixels that have none, where labels are given.</param>
/// <param name="Where">Which pixels count.</param>
/// <param name="PixelWeight">What a pixel weighs; multiplies what the input <c>weight</c> makes it weigh.</param>
/// <param name="TargetLogits">Which logits the student is led to.</param>
/// <param name="Unlabelled">What becomes of pixels without a label. Only where all pixels count can they stay: no teacher is right about them.</param>
public readonly record struct KdAttributes(
    float Tau = 1,
    int IgnoreIndex = -100,
    DistilledPixels Where = DistilledPixels.All,
    PixelWeighting PixelWeight = PixelWeighting.None,
    TargetLogits TargetLogits = TargetLogits.Teacher,
    UnlabelledPixels Unlabelled = UnlabelledPixels.Skip)
{
    /// <summary>The defaults; without it <c>new()</c> would zero every field.</summary>
    public KdAttributes()
        : this(Tau: 1)
    {
    }

    /// <summary>Whether pixels without a label stay.</summary>
    internal bool KeepsUnlabelled => Where == DistilledPixels.All && Unlabelled == UnlabelledPixels.Keep;

    /// <summary>Whether the loss is that of Eq. 1 on every pixel that counts.</summary>
    internal bool IsPlain => TargetLogits == TargetLogits.Teacher && PixelWeight == PixelWeighting.None;

    internal KdOptions Options => new(Tau, PixelWeight, TargetLogits, KeepsUnlabelled ? UnlabelledPixels.Keep : UnlabelledPixels.Skip);
}

/// <summary>How <see cref="Losses.Kd"/> is computed: labels of the pixels that count, then one of two losses.</summary>
internal static class PlainDistillation
{
    // Work of one class at one pixel, in the launcher's units: two softmaxes; with a target of its own or a weight as many again.
    private const int PlainCost = 5;
    private const int TargetedCost = 2 * PlainCost;

    // Of a class in the map of agreement: a comparison, and four numbers gathered where the teacher is sampled.
    private const int ComparisonCost = 1;
    private const int SampledCost = 4;

    // What the map of agreement has where there is no label.
    private const int NoLabel = -1;

    public static Shape ShapeOf(OpNode<KdAttributes> n)
    {
        Losses.CheckTeacher("kd_loss", n[0].Shape, n[1].Shape);
        Losses.CheckSampled("kd_loss", "teacher", n[1].Shape, n[0].Shape);
        Losses.CheckWeights("kd_loss", n[0].Shape, n.Optional(3));
        if (n.Optional(2) is { } labels)
        {
            Losses.CheckLabels("kd_loss", n[0].Shape, labels.Shape);
            Losses.CheckSampled("kd_loss", "target", labels.Shape, n[0].Shape);
        }
        else if (NeedsLabels(n.Attributes) is { } setting)
        {
            throw new ShapeMismatchException("kd_loss", "target", $"was left out; {setting} needs the labels [N, H, W]");
        }

        return n.Attributes.Tau > 0 ? new Shape(1) : throw new HeteroAkdException($"kd_loss: tau = {n.Attributes.Tau} must be above 0");
    }

    /// <summary>The sums [chunks, 8] of the loss; the gradient of the input is kept at 0.</summary>
    public static Tensor Sums(OpNode<KdAttributes> n)
    {
        KdAttributes a = n.Attributes;
        int classes = n[0].Shape[1];
        PixelLossRequest request = new()
        {
            Student = n[0],
            Teacher = n[1],
            Labels = a.IsPlain && a.KeepsUnlabelled ? null : n.Optional(2),
            IgnoreIndex = a.IgnoreIndex,
            Grid = new LossGrid(n[0].Shape[2], n[0].Shape[3], false),
            StudentGradient = n.WantsGradient ? n.Keep(0, n.NewGradient(0)) : null,
            Cost = (a.IsPlain ? PlainCost : TargetedCost) * classes,
        };
        using Tensor? chosen = a.Where == DistilledPixels.All || PixelLoss.IsEmpty(request) ? null : Chosen(request, a.Where);
        request.Labels = chosen ?? request.Labels;
        request.IgnoreIndex = chosen is null ? a.IgnoreIndex : NoLabel;
        Tensor? weights = n.Optional(3);
        int meanOver = Math.Max(1, KnownPixels(n));
        return a.IsPlain
            ? PixelLoss.Run(new PixelKlLoss(classes, a.Tau, (weights ?? n[0]).Mem, weights is not null, meanOver), request)
            : PixelLoss.Run(new TargetedKlLoss(classes, a.Options, (weights ?? n[0]).Mem, weights is not null, meanOver), request);
    }

    /// <summary>
    /// The mean's denominator where it is known beforehand, else 0: no pixel is left out, none weighs more, and a lane holds the number exactly.
    /// </summary>
    public static int KnownPixels(OpNode<KdAttributes> n)
    {
        Shape s = n[0].Shape;
        int pixels = s[0] * s[2] * s[3];
        bool every = n.Optional(2) is null || n.Attributes.KeepsUnlabelled;
        bool alike = n.Optional(3) is null && n.Attributes.PixelWeight == PixelWeighting.None;
        return every && alike && pixels < 1 << 24 ? pixels : 0;
    }

    /// <summary>The attribute that says nothing without labels, if there is one.</summary>
    private static string? NeedsLabels(in KdAttributes a) =>
        a.Where != DistilledPixels.All ? $"where={AttributeText.Text(a.Where)}"
        : a.TargetLogits != TargetLogits.Teacher ? $"target_logits={AttributeText.Text(a.TargetLogits)}"
        : null;

    /// <summary>The labels [N, h, w] of the pixels that count, on the student's grid; negative elsewhere.</summary>
    private static Tensor Chosen(in PixelLossRequest r, DistilledPixels where)
    {
        Device device = r.Student.Device;
        DType type = r.Student.DType;
        Shape teacher = r.Teacher!.Shape;
        int classes = teacher[1];
        int rows = teacher[0] * r.Grid.Height;
        BilinearAxis vertical = new(teacher[2], r.Grid.Height, r.Grid.AlignCorners);
        BilinearAxis horizontal = new(teacher[3], r.Grid.Width, r.Grid.AlignCorners);
        int cost = classes * (vertical.Source == vertical.Target && horizontal.Source == horizontal.Target ? ComparisonCost : SampledCost);
        Shape map = new(teacher[0], r.Grid.Height, r.Grid.Width);
        Tensor agreement = Tensor.Empty(device, map, DType.Int32);
        TeacherAgreementKernel compare = new(r.Teacher.Mem, agreement.IndexMem, PixelLoss.Labels(r), vertical, horizontal, classes);
        device.Pixel(compare, rows, r.Grid.Width, cost, type);
        if (where == DistilledPixels.TeacherRight)
        {
            return agreement;
        }

        Tensor labels = Tensor.Empty(device, map, DType.Int32);
        device.Pixel(
            new NearbyAgreementKernel(agreement.IndexMem, labels.IndexMem, r.Grid.Height, r.Grid.Width),
            rows,
            r.Grid.Width,
            NearbyAgreementKernel.Window,
            type);
        agreement.Dispose();
        return labels;
    }
}
