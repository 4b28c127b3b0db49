using HeteroAKD.Kernels.Conv;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Pixelwise;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>Attributes of a 2-D convolution, the same on both axes.</summary>
/// <param name="Stride">Step of the kernel.</param>
/// <param name="Padding">Zeros on each side.</param>
/// <param name="Dilation">Distance of the kernel's taps.</param>
/// <param name="Groups">Groups of channels that do not see each other.</param>
public readonly record struct Conv2dAttributes(int Stride = 1, int Padding = 0, int Dilation = 1, int Groups = 1)
{
    /// <summary>The defaults; without it <c>new()</c> would zero every field.</summary>
    public Conv2dAttributes()
        : this(Stride: 1)
    {
    }
}

/// <summary>2-D convolution without im2col: the host's own algorithms, or products with patches on accelerators.</summary>
public static class Convolution
{
    /// <summary>The row of the table.</summary>
    public static readonly OpRow<Conv2dAttributes> Row = new(
        "conv2d",
        "torch.nn.functional.conv2d",
        [new("input", "[N, C, H, W]"), new("weight", "[O, C/groups, KH, KW]", Parameter: true), new("bias", "[O]", Optional: true, Parameter: true)],
        shape: n =>
        {
            ConvShape s = ShapeOf(n);
            return new Shape(s.Batch, s.OutChannels, s.OutHeight, s.OutWidth);
        },
        Forward,
        gradient: (n, dy) =>
        {
            ConvShape s = ShapeOf(n);
            if (n.NeedsGradient(2))
            {
                Tensor db = n.NewGradient(2);
                int pixels = s.OutHeight * s.OutWidth;
                n.Device.Rows(new ConvBiasGradientKernel(s, dy.Mem, db.Mem, 0), s.OutChannels, pixels, s.Batch * pixels, n.DType);
                n.AddGradient(2, db);
            }

            if (n.NeedsGradient(1))
            {
                Tensor dw = n.NewGradient(1);
                if (n[0].Shape.Count > 0)
                {
                    WeightGradient(n, s, dy, dw);
                }
                else
                {
                    Fill.Run(dw, 0);  // an output of padding alone
                }

                n.AddGradient(1, dw);
            }

            if (n.NeedsGradient(0))
            {
                Tensor dx = n.NewGradient(0);
                if (dx.Shape.Count > 0)
                {
                    InputGradient(n, s, dy, dx);
                }

                n.AddGradient(0, dx);
            }
        });

    private static void Forward(OpNode<Conv2dAttributes> n)
    {
        ConvShape s = ShapeOf(n);
        Mem bias = (n.Optional(2) ?? n[1]).Mem;
        int hasBias = n.Optional(2) is null ? 0 : 1;
        if (n.Device is HostDevice host)
        {
            using Tensor workspace = n.New(new Shape(HostConv.ForwardWorkspace(s)));
            HostConv.Forward(host.Pool, s, n[0].Mem, n[1].Mem, bias, hasBias, ActivationKind.None, n.Output.Mem, workspace.Mem, HostDevice.Precision(n.DType));
        }
        else
        {
            DeviceConvolution.Forward(n.Device, s, n[0].Mem, n[1].Mem, bias, hasBias, n.Output.Mem);
        }
    }

    private static void InputGradient(OpNode<Conv2dAttributes> n, in ConvShape s, Tensor dy, Tensor dx)
    {
        if (n.Device is HostDevice host)
        {
            using Tensor workspace = n.New(new Shape(HostConv.InputGradientWorkspace(s)));
            HostConv.InputGradient(host.Pool, s, dy.Mem, n[1].Mem, dx.Mem, 0, workspace.Mem, HostDevice.Precision(n.DType));
        }
        else
        {
            DeviceConvolution.InputGradient(n.Device, s, dy.Mem, n[1].Mem, dx.Mem);
        }
    }

    private static void WeightGradient(OpNode<Conv2dAttributes> n, in ConvShape s, Tensor dy, Tensor dw)
    {
        if (n.Device is HostDevice host)
        {
            using Tensor workspace = n.New(new Shape(HostConv.WeightGradientWorkspace(s, HostDevice.Precision(n.DType))));
            HostConv.WeightGradient(host.Pool, s, n[0].Mem, dy.Mem, dw.Mem, 0, workspace.Mem, HostDevice.Precision(n.DType));
        }
        else
        {
            DeviceConvolution.WeightGradient(n.Device, s, n[0].Mem, dy.Mem, dw.Mem);
        }
    }

    private static ConvShape ShapeOf(OpNode<Conv2dAttributes> n)
    {
        Shape w = n[1].Shape;
        ConvShape shape = ShapeOf(n[0].Shape, w, n.Attributes);
        return n.Optional(2) is { } bias && bias.Shape != new Shape(w[0])
            ? throw new ShapeMismatchException("conv2d", "bias", $"{bias.Shape} does not fit weight {w}; it must be [{w[0]}]")
            : shape;
    }

    /// <summary>Sizes and options of a convolution.</summary>
    /// <exception cref="ShapeMismatchException">They do not fit.</exception>
    internal static ConvShape ShapeOf(Shape x, Shape w, Conv2dAttributes a)
    {
        if (x.Rank != 4 || w.Rank != 4 || a.Groups < 1 || x[1] != w[1] * a.Groups)
        {
            throw new ShapeMismatchException("conv2d", "weight", $"{w} with {a.Groups} groups does not fit input {x}; it must be [O, {(x.Rank == 4 ? x[1] / Math.Max(1, a.Groups) : 0)}, KH, KW]");
        }

        try
        {
            return new ConvShape((x[0], x[1], x[2], x[3]), w[0], (w[2], w[3]), (a.Stride, a.Stride), (a.Padding, a.Padding), (a.Dilation, a.Dilation), a.Groups);
        }
        catch (ArgumentException e)
        {
            throw new ShapeMismatchException("conv2d", "input", $"{e.Message} (input {x}, weight {w}, {a})");
        }
    }
}
