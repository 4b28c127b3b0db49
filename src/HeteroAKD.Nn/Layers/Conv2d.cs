using HeteroAKD.Nn.Initialization;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Layers;

/// <summary>2-D convolution. [N, I, H, W] → [N, O, H', W'], H' = ⌊(H + 2·padding − dilation·(kernel − 1) − 1)/stride⌋ + 1.</summary>
public sealed class Conv2d : Layer
{
    private readonly Tensor _weight; // [O, I/groups, KH, KW]
    private readonly Tensor? _bias; // [O]
    private readonly Size2d _stride;
    private readonly Size2d _padding;
    private readonly Size2d _dilation;
    private readonly int _groups;

    /// <summary>Options and defaults as <c>torch.nn.Conv2d</c>.</summary>
    /// <param name="site">Where it is built.</param>
    /// <param name="inChannels">I.</param>
    /// <param name="outChannels">O.</param>
    /// <param name="kernelSize">KH and KW; here and below one number stands for rows and columns.</param>
    /// <param name="stride">Step of the kernel; null for 1.</param>
    /// <param name="padding">Zeros on each side.</param>
    /// <param name="dilation">Distance of the kernel's taps; null for 1.</param>
    /// <param name="groups">Groups of channels that do not see each other; I for a depth-wise convolution.</param>
    /// <param name="bias">Whether a bias is added.</param>
    /// <param name="initializer">Initial weight, with a bias of zero; null takes PyTorch's default for both.</param>
    public Conv2d(
        in Site site,
        int inChannels,
        int outChannels,
        Size2d kernelSize,
        Size2d? stride = null,
        Size2d padding = default,
        Size2d? dilation = null,
        int groups = 1,
        bool bias = true,
        Initializer? initializer = null)
        : base(site)
    {
        if (inChannels % groups != 0 || outChannels % groups != 0)
        {
            throw new ShapeMismatchException("Conv2d", site.Path, $"{inChannels} → {outChannels} channels do not divide into {groups} groups");
        }

        _stride = stride ?? 1;
        _padding = padding;
        _dilation = dilation ?? 1;
        _groups = groups;
        Shape shape = new(outChannels, inChannels / groups, kernelSize.Height, kernelSize.Width);
        _weight = AddParameter("weight", shape, initializer ?? Init.KaimingUniform());
        _bias = bias ? AddParameter("bias", new Shape(outChannels), initializer is null ? Init.BiasUniform(shape.CountFrom(1)) : Init.Constant(0)) : null;
    }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input, in Pass pass) => Functional.Conv2d(input, _weight, _bias, _stride, _padding, _dilation, _groups);
}
