using HeteroAKD.Kernels.Losses;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>Attributes of one-hot labels.</summary>
/// <param name="NumClasses">Classes, at least 1.</param>
/// <param name="IgnoreIndex">Label that is none; so is every id outside 0 … classes - 1.</param>
public readonly record struct OneHotAttributes(int NumClasses = 1, int IgnoreIndex = -100)
{
    /// <summary>The defaults; without it <c>new()</c> would zero every field.</summary>
    public OneHotAttributes()
        : this(NumClasses: 1)
    {
    }
}

/// <summary>
/// Labels as planes of zeros and ones, on the grid of a map: what sums over the pixels of a class multiply by. Nothing to be trained goes in, so no gradient
/// flows.
/// </summary>
public static class OneHot
{
    // Work of one class at one pixel, in the launcher's units.
    private const int Cost = 1;

    /// <summary>The row of the table. Of <c>input</c> only grid and float type matter.</summary>
    public static readonly OpRow<OneHotAttributes> Row = new(
        "one_hot",
        "1 in the plane of the class of the label nearest to a pixel of input's grid, else 0; torch.nn.functional.one_hot after "
            + "interpolate(mode='nearest-exact')",
        [new("input", "[N, d, h, w]"), new("target", "[N, H, W]", Integer: true)],
        shape: n => Check(n),
        forward: n =>
        {
            (Shape x, Shape y) = (n[0].Shape, n[1].Shape);
            OneHotAttributes a = n.Attributes;
            LabelSource labels = new(n[1].IndexMem, y[1], y[2], x[2], x[3], a.NumClasses, a.IgnoreIndex);
            n.Device.Pixel(new OneHotKernel(labels, n.Output.Mem, a.NumClasses, x[2], x[3]), x[0] * x[2], x[3], Cost * a.NumClasses, n.DType);
        },
        gradient: null)
    {
        Float32Only = true,
    };

    private static Shape Check(OpNode<OneHotAttributes> n)
    {
        Losses.CheckLabels("one_hot", n[0].Shape, n[1].Shape);
        int classes = n.Attributes.NumClasses;
        return classes >= 1
            ? new Shape(n[0].Shape[0], classes, n[0].Shape[2], n[0].Shape[3])
            : throw new HeteroAkdException($"one_hot: num_classes = {classes} must be at least 1");
    }
}
