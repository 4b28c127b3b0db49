using HeteroAKD.Kernels.Conv;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Pixelwise;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>Attributes of a 2-D convolution; one number stands for rows and columns.</summary>
/// <param name="Stride">Step of the kernel.</param>
/// <param name="Padding">Zeros on each side.</param>
/// <param name="Dilation">Distance of the kernel's taps.</param>
/// <param name="Groups">Groups of channels that do not see each other.</param>
public readonly record struct Conv2dAttributes(Size2d Stride, Size2d Padding, Size2d Dilation, int Groups = 1)
{
    /// <summary>The defaults.</summary>
    public Conv2dAttributes()
        : this(Stride: 1, Padding: 0, Dilation: 1)
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
        forward: n => Forward(n.Device, ShapeOf(n), n[0], n[1], n.Optional(2), n.Output),
        gradient: (n, dy) =>
        {
            ConvShape s = ShapeOf(n);
            if (n.NeedsGradient(2))
            {
                n.AddGradient(2, BiasGradient(n.Device, dy, n.NewGradient(2)));
            }

            if (n.NeedsGradient(1))
            {
                Tensor dw = n.NewGradient(1);
                if (n[0].Shape.Count > 0)
                {
                    WeightGradient(n.Device, s, n[0], dy, dw);
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
                    InputGradient(n.Device, s, dy, n[1], dx);
                }

                n.AddGradient(0, dx);
            }
        });

    /// <summary>y = conv(x, weight) + bias; weight and bias have the operation's <see cref="OpNode{T}.SumType"/>.</summary>
    internal static void Forward(Device device, in ConvShape s, Tensor x, Tensor weight, Tensor? bias, Tensor y)
    {
        Mem added = (bias ?? weight).Mem;
        int hasBias = bias is null ? 0 : 1;
        if (device is HostDevice host)
        {
            using Tensor workspace = Tensor.Empty(device, new Shape(HostConv.ForwardWorkspace(s)), x.DType);
            HostConv.Forward(host.Pool, s, x.Mem, weight.Mem, added, hasBias, ActivationKind.None, y.Mem, workspace.Mem, HostDevice.Precision(x.DType));
        }
        else
        {
            DeviceConvolution.Forward(device, s, x.Mem, weight.Mem, added, hasBias, y.Mem);
        }
    }

    /// <summary>db = Σ over images and pixels of dy [N, O, H, W]; returns it.</summary>
    internal static Tensor BiasGradient(Device device, Tensor dy, Tensor db)
    {
        (int images, int channels, int pixels) = (dy.Shape[0], dy.Shape[1], dy.Shape.CountFrom(2));
        device.Rows(new ConvBiasGradientKernel((images, channels, pixels), dy.Mem, db.Mem, 0), channels, pixels, images * pixels, dy.DType);
        return db;
    }

    /// <summary>dx = convᵀ(dy, weight).</summary>
    internal static void InputGradient(Device device, in ConvShape s, Tensor dy, Tensor weight, Tensor dx)
    {
        if (device is HostDevice host)
        {
            using Tensor workspace = Tensor.Empty(device, new Shape(HostConv.InputGradientWorkspace(s)), dy.DType);
            HostConv.InputGradient(host.Pool, s, dy.Mem, weight.Mem, dx.Mem, 0, workspace.Mem, HostDevice.Precision(dy.DType));
        }
        else
        {
            DeviceConvolution.InputGradient(device, s, dy.Mem, weight.Mem, dx.Mem);
        }
    }

    /// <summary>dw = Σ over images and pixels of dy and patches of x.</summary>
    internal static void WeightGradient(Device device, in ConvShape s, Tensor x, Tensor dy, Tensor dw)
    {
        if (device is HostDevice host)
        {
            using Tensor workspace = Tensor.Empty(device, new Shape(HostConv.WeightGradientWorkspace(s, HostDevice.Precision(x.DType))), x.DType);
            HostConv.WeightGradient(host.Pool, s, x.Mem, dy.Mem, dw.Mem, 0, workspace.Mem, HostDevice.Precision(x.DType));
        }
        else
        {
            DeviceConvolution.WeightGradient(device, s, x.Mem, dy.Mem, dw.Mem);
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
            throw new ShapeMismatchException(
                "conv2d",
                "weight",
                $"{w} with {a.Groups} groups does not fit input {x}; it must be [O, {(x.Rank == 4 ? x[1] / Math.Max(1, a.Groups) : 0)}, KH, KW]");
        }

        try
        {
            return new ConvShape((x[0], x[1], x[2], x[3]), w[0], (w[2], w[3]), a.Stride, a.Padding, a.Dilation, a.Groups);
        }
        catch (ArgumentException e)
        {
            throw new ShapeMismatchException("conv2d", "input", $"{e.Message} (input {x}, weight {w}, {a})");
        }
    }
}
