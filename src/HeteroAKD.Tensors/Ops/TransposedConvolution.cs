using HeteroAKD.Kernels.Conv;
using HeteroAKD.Kernels.Pixelwise;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>Attributes of a transposed 2-D convolution; one number stands for rows and columns.</summary>
/// <param name="Stride">Output elements from the place of an input element to that of the next.</param>
/// <param name="Padding">Output rows and columns that are cut off on each side.</param>
/// <param name="OutputPadding">Rows and columns that the output has more below and to the right; less than the stride.</param>
/// <param name="Dilation">Distance of the kernel's taps.</param>
/// <param name="Groups">Groups of channels that do not see each other.</param>
public readonly record struct ConvTranspose2dAttributes(Size2d Stride, Size2d Padding, Size2d OutputPadding, Size2d Dilation, int Groups = 1)
{
    /// <summary>The defaults.</summary>
    public ConvTranspose2dAttributes()
        : this(Stride: 1, Padding: 0, OutputPadding: 0, Dilation: 1)
    {
    }
}

/// <summary>
/// Transposed 2-D convolution: the gradient of a convolution for its input, as an operation. With that convolution's kernels the forward pass is its input
/// gradient, the gradient for the input its forward pass, and the gradient for the weight its weight gradient with both maps exchanged.
/// </summary>
public static class TransposedConvolution
{
    /// <summary>The row of the table.</summary>
    public static readonly OpRow<ConvTranspose2dAttributes> Row = new(
        "conv_transpose2d",
        "torch.nn.functional.conv_transpose2d",
        [new("input", "[N, C, H, W]"), new("weight", "[C, O/groups, KH, KW]", Parameter: true), new("bias", "[O]", Optional: true, Parameter: true)],
        shape: n =>
        {
            ConvShape s = ShapeOf(n);
            return new Shape(s.Batch, s.InChannels, s.Height, s.Width);
        },
        forward: n =>
        {
            Convolution.InputGradient(n.Device, ShapeOf(n), n[0], n[1], n.Output);
            if (n.Optional(2) is { } bias)
            {
                Shape y = n.Output.Shape;
                n.Device.Pixel(
                    new BinaryKernel<Add, PerChannel>(n.Output.Mem, bias.Mem, n.Output.Mem, y.CountFrom(2), y[1]), y[0] * y[1], y.CountFrom(2), 2, n.DType);
            }
        },
        gradient: (n, dy) =>
        {
            ConvShape s = ShapeOf(n);
            if (n.NeedsGradient(2))
            {
                n.AddGradient(2, Convolution.BiasGradient(n.Device, dy, n.NewGradient(2)));
            }

            if (n.NeedsGradient(1))
            {
                Tensor dw = n.NewGradient(1);
                Convolution.WeightGradient(n.Device, s, dy, n[0], dw);
                n.AddGradient(1, dw);
            }

            if (n.NeedsGradient(0))
            {
                Tensor dx = n.NewGradient(0);
                Convolution.Forward(n.Device, s, dy, n[1], null, dx);
                n.AddGradient(0, dx);
            }
        });

    /// <summary>Sizes and options of the convolution that takes an output to an input.</summary>
    /// <exception cref="ShapeMismatchException">They do not fit.</exception>
    internal static ConvShape ShapeOf(Shape x, Shape w, ConvTranspose2dAttributes a)
    {
        if (x.Rank != 4 || w.Rank != 4 || a.Groups < 1 || x[1] != w[0] || x[1] % a.Groups != 0)
        {
            throw new ShapeMismatchException(
                "conv_transpose2d", "weight", $"{w} with {a.Groups} groups does not fit input {x}; it must be [{(x.Rank == 4 ? x[1] : 0)}, O/groups, KH, KW]");
        }

        if (x[2] < 1 || x[3] < 1)
        {
            throw new ShapeMismatchException("conv_transpose2d", "input", $"{x} has no rows or columns");
        }

        if (a.OutputPadding.Height < 0 || a.OutputPadding.Width < 0 || a.OutputPadding.Height >= a.Stride.Height || a.OutputPadding.Width >= a.Stride.Width)
        {
            throw new ShapeMismatchException("conv_transpose2d", "output_padding", $"{a.OutputPadding} must lie between 0 and the stride {a.Stride} less 1");
        }

        try
        {
            int height = Extent(x[2], w[2], a.Stride.Height, a.Padding.Height, a.OutputPadding.Height, a.Dilation.Height);
            int width = Extent(x[3], w[3], a.Stride.Width, a.Padding.Width, a.OutputPadding.Width, a.Dilation.Width);
            return new ConvShape((x[0], checked(w[1] * a.Groups), height, width), x[1], (w[2], w[3]), a.Stride, a.Padding, a.Dilation, a.Groups);
        }
        catch (Exception e) when (e is ArgumentException or OverflowException)
        {
            throw new ShapeMismatchException("conv_transpose2d", "input", $"{e.Message} (input {x}, weight {w}, {a})");
        }
    }

    private static int Extent(int size, int kernel, int stride, int padding, int outputPadding, int dilation) =>
        checked((int)(((size - 1L) * stride) - (2L * padding) + ((long)dilation * (kernel - 1)) + outputPadding + 1));

    private static ConvShape ShapeOf(OpNode<ConvTranspose2dAttributes> n)
    {
        ConvShape shape = ShapeOf(n[0].Shape, n[1].Shape, n.Attributes);
        return n.Optional(2) is { } bias && bias.Shape != new Shape(shape.InChannels)
            ? throw new ShapeMismatchException("conv_transpose2d", "bias", $"{bias.Shape} does not fit weight {n[1].Shape}; it must be [{shape.InChannels}]")
            : shape;
    }
}
