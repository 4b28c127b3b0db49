using HeteroAKD.Kernels.Losses;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>Attributes of the divergence of two softmaxes.</summary>
/// <param name="Tau">Temperature of both.</param>
public readonly record struct SoftmaxKlAttributes(float Tau = 1)
{
    /// <summary>The defaults; without it <c>new()</c> would zero every field.</summary>
    public SoftmaxKlAttributes()
        : this(Tau: 1)
    {
    }
}

/// <summary>
/// The divergence of two softmaxes over rows, without either of them in memory: what channel-wise distillation and contrasts of similarities consist of. Its
/// error is that of a number near 1, so the divergence of rows that are nearly alike has few digits, here as in a composition of log-softmaxes; its gradient
/// does not suffer.
/// </summary>
public static class SoftmaxKl
{
    /// <summary>KL(softmax(target/τ) ‖ softmax(input/τ)) of each row. Kept: 0 statistics, [4, rows].</summary>
    public static readonly OpRow<SoftmaxKlAttributes> Row = new(
        "softmax_kl",
        "KL(softmax(target/tau) || softmax(input/tau)) over the last dimension; torch.nn.functional.kl_div of log_softmax and softmax, summed over it. No "
            + "gradient flows into target",
        [new("input", "[..., C]"), new("target", "[..., C]")],
        shape: Check,
        forward: n =>
        {
            (int rows, int columns) = Sizes(n);
            Tensor statistics = n.Keep(0, n.New(new Shape(4, rows)));
            n.Device.Rows(
                new RowKlKernel(n[0].Mem, n[1].Mem, n.Output.Mem, statistics.Mem, rows, columns, n.Attributes.Tau), rows, columns, 20 * columns, n.DType);
        },
        gradient: (n, dy) =>
        {
            (int rows, int columns) = Sizes(n);
            if (n.NeedsGradient(0))
            {
                Tensor dx = n.NewGradient(0);
                n.Device.Rows(
                    new RowKlGradientKernel(
                        n[0].Mem, n[1].Mem, n.Extra(0)!.Mem, dy.Mem, dx.Mem, rows, columns, n.Attributes.Tau), rows, columns, 20 * columns, n.DType);
                n.AddGradient(0, dx);
            }
        },
        "statistics")
    {
        Float32Only = true,
        WhenEmpty = n => n.Keep(0, n.New(new Shape(4, 0))),
    };

    private static (int Rows, int Columns) Sizes(OpNode<SoftmaxKlAttributes> n) => (n[0].Shape.Count / n[0].Shape[-1], n[0].Shape[-1]);

    private static Shape Check(OpNode<SoftmaxKlAttributes> n)
    {
        (Shape x, Shape target) = (n[0].Shape, n[1].Shape);
        if (target != x)
        {
            throw new ShapeMismatchException("softmax_kl", "target", $"{target} is not input's shape {x}");
        }

        if (x.Rank == 0 || x[-1] == 0)
        {
            throw new ShapeMismatchException("softmax_kl", "input", $"{x} has nothing to compare; expected [..., C] with C of at least 1");
        }

        // As in every row: NaN is not greater than 0 either.
        return n.Attributes.Tau > 0
            ? Reduction.Without(x, 1 << (x.Rank - 1))
            : throw new HeteroAkdException($"softmax_kl: tau = {n.Attributes.Tau} must be above 0");
    }
}
