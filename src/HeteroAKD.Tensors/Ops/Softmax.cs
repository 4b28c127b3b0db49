using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Reduce;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>Attributes of a softmax.</summary>
/// <param name="Dim">The dimension it runs over: -1 (the last), or 1 (the classes of [N, C, ...]).</param>
public readonly record struct SoftmaxAttributes(int Dim = -1)
{
    /// <summary>The defaults; without it <c>new()</c> would zero every field.</summary>
    public SoftmaxAttributes()
        : this(Dim: -1)
    {
    }
}

/// <summary>Softmax and its logarithm over rows or over classes.</summary>
public static class Softmax
{
    /// <summary>Softmax.</summary>
    public static readonly OpRow<SoftmaxAttributes> Row = Make("softmax", "torch.softmax(input, dim)", 0);

    /// <summary>Logarithm of the softmax.</summary>
    public static readonly OpRow<SoftmaxAttributes> LogRow = Make("log_softmax", "torch.log_softmax(input, dim)", 1);

    private static OpRow<SoftmaxAttributes> Make(string name, string source, int logarithm) => new(
        name,
        source,
        [new("input", "[..., C] or [N, C, ...]")],
        shape: n =>
        {
            Shape x = n[0].Shape;
            return OverRows(n) || (n.Attributes.Dim == 1 && x.Rank > 2)
                ? x
                : throw new ShapeMismatchException(name, "dim", $"{n.Attributes.Dim} of input {x}; it runs over the last dimension or over dimension 1");
        },
        forward: n =>
        {
            Shape x = n[0].Shape;
            if (OverRows(n))
            {
                int columns = x[-1];
                n.Device.Rows(new RowSoftmaxKernel(n[0].Mem, n.Output.Mem, columns, logarithm), x.Count / columns, columns, 10 * columns, n.DType);
            }
            else if (n.Device is HostDevice host && HostClassSoftmax.Serves(x[1], x.CountFrom(2)))
            {
                HostClassSoftmax.Forward(host.Pool, n[0].Mem, n.Output.Mem, x[0], x[1], x.CountFrom(2), logarithm, HostDevice.Precision(n.DType));
            }
            else
            {
                OverClasses(n, n[0].Mem, n.Output.Mem, logarithm);
            }
        },
        gradient: (n, dy) =>
        {
            Shape x = n[0].Shape;
            Tensor dx = n.NewGradient(0);
            if (OverRows(n))
            {
                int columns = x[-1];
                n.Device.Rows(new RowSoftmaxGradientKernel(n.Output.Mem, dy.Mem, dx.Mem, columns, logarithm), x.Count / columns, columns, 6 * columns, n.DType);
            }
            else if (n.Device is HostDevice host && HostClassSoftmax.Serves(x[1], x.CountFrom(2)))
            {
                HostClassSoftmax.Backward(host.Pool, n.Output.Mem, dy.Mem, dx.Mem, x[0], x[1], x.CountFrom(2), logarithm, HostDevice.Precision(n.DType));
            }
            else
            {
                GradientOverClasses(n, n.Output.Mem, dy.Mem, dx.Mem, logarithm);
            }

            n.AddGradient(0, dx);
        });

    private static void OverClasses(OpNode<SoftmaxAttributes> n, Mem x, Mem y, int logarithm)
    {
        Shape shape = n[0].Shape;
        int pixels = shape.CountFrom(2);
        int cost = 10 * shape[1];
        if (!n.Device.UsesPtx)
        {
            n.Device.Pixel(new ClassSoftmaxKernel(x, y, shape[1], pixels, logarithm), shape[0], pixels, cost, n.DType);
        }
        else if (shape[1] <= RegisterSoftmaxKernel.MostClasses)
        {
            n.Device.Pixel(new RegisterSoftmaxKernel(x, y, shape[1], pixels, logarithm), shape[0], pixels, cost, n.DType);
        }
        else
        {
            n.Device.Pixel(new OnlineSoftmaxKernel(x, y, shape[1], pixels, logarithm), shape[0], pixels, cost, n.DType);
        }
    }

    private static void GradientOverClasses(OpNode<SoftmaxAttributes> n, Mem y, Mem dy, Mem dx, int logarithm)
    {
        Shape shape = n[0].Shape;
        int pixels = shape.CountFrom(2);
        int cost = 6 * shape[1];
        if (!n.Device.UsesPtx || shape[1] > RegisterSoftmaxKernel.MostClasses)
        {
            n.Device.Pixel(new ClassSoftmaxGradientKernel(y, dy, dx, shape[1], pixels, logarithm), shape[0], pixels, cost, n.DType);
        }
        else
        {
            n.Device.Pixel(new RegisterSoftmaxGradientKernel(y, dy, dx, shape[1], pixels, logarithm), shape[0], pixels, cost, n.DType);
        }
    }

    private static bool OverRows(OpNode<SoftmaxAttributes> n) =>
        n[0].Shape.Rank > 0 && (n.Attributes.Dim == -1 || n.Attributes.Dim == n[0].Shape.Rank - 1);
}
