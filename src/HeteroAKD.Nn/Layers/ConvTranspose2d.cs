using HeteroAKD.Nn.Initialization;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Layers;

/// <summary>
/// Transposed 2-D convolution. [N, I, H, W] → [N, O, H', W'], H' = (H - 1)·stride - 2·padding + dilation·(kernel - 1) + outputPadding + 1.
/// </summary>
public sealed class ConvTranspose2d : Layer
{
    private readonly Tensor _weight; // [I, O/groups, KH, KW]
    private readonly Tensor? _bias; // [O]
    private readonly Size2d _stride;
    private readonly Size2d _padding;
    private readonly Size2d _outputPadding;
    private readonly Size2d _dilation;
    private readonly int _groups;

    /// <summary>Options and defaults as <c>torch.nn.ConvTranspose2d</c>.</summary>
    /// <param name="site">Where it is built.</param>
    /// <param name="inChannels">I.</param>
    /// <param name="outChannels">O.</param>
    /// <param name="kernelSize">KH and KW; here and below one number stands for rows and columns.</param>
    /// <param name="stride">Output elements from the place of an input element to that of the next; null for 1.</param>
    /// <param name="padding">Output rows and columns that are cut off on each side.</param>
    /// <param name="outputPadding">Rows and columns that the output has more below and to the right; less than the stride.</param>
    /// <param name="groups">Groups of channels that do not see each other.</param>
    /// <param name="bias">Whether a bias is added.</param>
    /// <param name="dilation">Distance of the kernel's taps; null for 1.</param>
    public ConvTranspose2d(
        in Site site,
        int inChannels,
        int outChannels,
        Size2d kernelSize,
        Size2d? stride = null,
        Size2d padding = default,
        Size2d outputPadding = default,
        int groups = 1,
        bool bias = true,
        Size2d? dilation = null)
        : base(site)
    {
        if (inChannels % groups != 0 || outChannels % groups != 0)
        {
            throw new ShapeMismatchException("ConvTranspose2d", site.Path, $"{inChannels} → {outChannels} channels do not divide into {groups} groups");
        }

        _stride = stride ?? 1;
        _padding = padding;
        _outputPadding = outputPadding;
        _dilation = dilation ?? 1;
        _groups = groups;
        Shape shape = new(inChannels, outChannels / groups, kernelSize.Height, kernelSize.Width);
        _weight = AddParameter("weight", shape, Init.KaimingUniform());
        _bias = bias ? AddParameter("bias", new Shape(outChannels), Init.BiasUniform(shape.CountFrom(1))) : null;
    }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input, in Pass pass) =>
        Functional.ConvTranspose2d(input, _weight, _bias, _stride, _padding, _outputPadding, _groups, _dilation);
}
