using HeteroAKD.Kernels.Losses;
using HeteroAKD.Kernels.Resize;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>Attributes of pseudo-labels.</summary>
/// <param name="Threshold">The least probability of a class that becomes a label, in (0, 1].</param>
/// <param name="Unlabelled">Label of the pixels that may get one; all others keep theirs.</param>
/// <param name="AlignCorners">How logits of another size than the labels are sampled.</param>
public readonly record struct PseudoLabelsAttributes(float Threshold = 0.9f, int Unlabelled = -2, bool AlignCorners = false)
{
    /// <summary>The defaults; without it <c>new()</c> would zero every field.</summary>
    public PseudoLabelsAttributes()
        : this(Threshold: 0.9f)
    {
    }
}

/// <summary>Labels for pixels without one, where a network is sure of its class. Whole numbers come out, so no gradient flows.</summary>
public static class PseudoLabels
{
    // Work of one class at one pixel, in the launcher's units: sampled twice, and an exponential. Most pixels are labelled and cost nothing.
    private const int Cost = 6;

    /// <summary>The row of the table; the output is int32.</summary>
    public static readonly OpRow<PseudoLabelsAttributes> Row = new(
        "pseudo_labels",
        "the class of the largest softmax(interpolate(input)) where target is the unlabelled id and that probability is at least the threshold, else target "
            + "(docs/method.md)",
        [new("input", "[N, C, h, w]"), new("target", "[N, H, W]", Integer: true)],
        shape: n => Check(n),
        forward: n =>
        {
            (Shape x, Shape y) = (n[0].Shape, n[1].Shape);
            PseudoLabelsAttributes a = n.Attributes;
            BilinearAxis vertical = new(x[2], y[1], a.AlignCorners);
            BilinearAxis horizontal = new(x[3], y[2], a.AlignCorners);
            PseudoLabelKernel kernel = new(n[0].Mem, n[1].IndexMem, n.Output.IndexMem, vertical, horizontal, x[1], a.Unlabelled, a.Threshold);
            n.Device.Pixel(kernel, y[0] * y[1], y[2], Cost * x[1], n.DType);
        },
        gradient: null)
    {
        OutputType = _ => DType.Int32,
        Float32Only = true,
    };

    private static Shape Check(OpNode<PseudoLabelsAttributes> n)
    {
        Losses.CheckLabels("pseudo_labels", n[0].Shape, n[1].Shape);
        Losses.CheckSampled("pseudo_labels", "input", n[0].Shape, n[1].Shape);
        return n.Attributes.Threshold is > 0 and <= 1
            ? n[1].Shape
            : throw new HeteroAkdException($"pseudo_labels: threshold = {AttributeText.Text(n.Attributes.Threshold)} must lie in (0, 1]");
    }
}
