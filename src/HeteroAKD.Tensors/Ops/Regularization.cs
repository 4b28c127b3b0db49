using HeteroAKD.Kernels.Pixelwise;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>Attributes of random masks.</summary>
/// <param name="P">Probability of a zero, in [0, 1).</param>
/// <param name="Key">Names the random stream; equal keys give equal masks on every device. With a counter the stream is named by both.</param>
public readonly record struct MaskAttributes(float P = 0.5f, int Key = 0)
{
    /// <summary>The defaults; without it <c>new()</c> would zero every field.</summary>
    public MaskAttributes()
        : this(P: 0.5f)
    {
    }
}

/// <summary>Dropout and stochastic depth, whose masks are recomputed in the backward pass.</summary>
public static class Regularization
{
    /// <summary>Element-wise dropout.</summary>
    public static readonly OpRow<MaskAttributes> Dropout = new(
        "dropout",
        "zeroes elements with probability p, scales the others by 1/(1-p); torch.nn.functional.dropout with a counter-based mask",
        [new("input", "any"), new("counter", "[1]", Optional: true, Integer: true)],
        shape: n => Checked("dropout", n, n.Optional(1)),
        forward: n => Elements(n, n[0], n.Output),
        gradient: (n, dy) =>
        {
            Tensor dx = n.NewGradient(0);
            Elements(n, dy, dx);
            n.AddGradient(0, dx);
        });

    /// <summary>Stochastic depth: whole samples.</summary>
    public static readonly OpRow<MaskAttributes> DropPath = new(
        "drop_path",
        "zeroes whole samples with probability p, scales the others by 1/(1-p); torchvision.ops.stochastic_depth(mode='row'). With residual: added after",
        [new("input", "[N, ...]"), new("residual", "as input", Optional: true), new("counter", "[1]", Optional: true, Integer: true)],
        shape: n =>
        {
            Checked("drop_path", n, n.Optional(2));
            if (n[0].Shape.Rank == 0)
            {
                throw new ShapeMismatchException("drop_path", "input", $"{n[0].Shape} is a scalar; expected samples [N, ...]");
            }

            return n.Optional(1) is not { } residual || residual.Shape == n[0].Shape
                ? n[0].Shape
                : throw new ShapeMismatchException("drop_path", "residual", $"{residual.Shape} is not {n[0].Shape}");
        },
        forward: n => Samples(n, n[0], n.Optional(1), n.Output),
        gradient: (n, dy) =>
        {
            if (n.NeedsGradient(0))
            {
                Tensor dx = n.NewGradient(0);
                Samples(n, dy, null, dx);
                n.AddGradient(0, dx);
            }

            if (n.NeedsGradient(1))
            {
                n.PassGradient(1, dy);
            }
        });

    private static void Elements(OpNode<MaskAttributes> n, Tensor x, Tensor y) =>
        n.Device.Pixel(new DropoutKernel(x.Mem, y.Mem, Key(n, n.Optional(1)), n.Attributes.P, x.Shape.Count), 1, n[0].Shape.Count, 6, n.DType);

    private static void Samples(OpNode<MaskAttributes> n, Tensor x, Tensor? residual, Tensor y)
    {
        int samples = n[0].Shape[0];
        int columns = n[0].Shape.CountFrom(1);
        n.Device.Pixel(
            new DropPathKernel(
                x.Mem, (residual ?? x).Mem, y.Mem, Key(n, n.Optional(2)), n.Attributes.P, columns, residual is null ? 0 : 1), samples, columns, 3, n.DType);
    }

    private static MaskKey Key(OpNode<MaskAttributes> n, Tensor? counter) =>
        new((counter ?? n[0]).IndexMem, n.Attributes.Key, counter is null ? 0 : 1);

    private static Shape Checked(string operation, OpNode<MaskAttributes> n, Tensor? counter) =>
        n.Attributes.P is not (>= 0 and < 1) ? throw new HeteroAkdException($"{operation}: p = {n.Attributes.P} is no probability in [0, 1)")
        : counter is not null && counter.Shape.Count != 1 ? throw new ShapeMismatchException(operation, "counter", $"{counter.Shape} is not one integer")
        : n[0].Shape;
}
