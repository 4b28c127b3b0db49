using HeteroAKD.Nn.Initialization;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Layers;

/// <summary>2-D convolution with square kernels. [N, I, H, W] → [N, O, H', W'], H' = ⌊(H + 2·padding − dilation·(kernel − 1) − 1)/stride⌋ + 1.</summary>
public sealed class Conv2d : Layer
{
    private readonly Tensor _weight; // [O, I/groups, K, K]
    private readonly Tensor? _bias; // [O]
    private readonly int _stride;
    private readonly int _padding;
    private readonly int _dilation;
    private readonly int _groups;

    /// <summary>Options and defaults as <c>torch.nn.Conv2d</c>.</summary>
    /// <param name="site">Where it is built.</param>
    /// <param name="inChannels">I.</param>
    /// <param name="outChannels">O.</param>
    /// <param name="kernelSize">K.</param>
    /// <param name="stride">Step of the kernel.</param>
    /// <param name="padding">Zeros on each side.</param>
    /// <param name="dilation">Distance of the kernel's taps.</param>
    /// <param name="groups">Groups of channels that do not see each other; I for a depth-wise convolution.</param>
    /// <param name="bias">Whether a bias is added.</param>
    /// <param name="initializer">Initial weight, with a bias of zero; null takes PyTorch's default for both.</param>
    public Conv2d(
        in Site site, int inChannels, int outChannels, int kernelSize, int stride = 1, int padding = 0, int dilation = 1, int groups = 1, bool bias = true, Initializer? initializer = null)
        : base(site)
    {
        if (inChannels % groups != 0 || outChannels % groups != 0)
        {
            throw new ShapeMismatchException("Conv2d", site.Path, $"{inChannels} → {outChannels} channels do not divide into {groups} groups");
        }

        _stride = stride;
        _padding = padding;
        _dilation = dilation;
        _groups = groups;
        Shape shape = new(outChannels, inChannels / groups, kernelSize, kernelSize);
        _weight = AddParameter("weight", shape, initializer ?? Init.KaimingUniform());
        _bias = bias ? AddParameter("bias", new Shape(outChannels), initializer is null ? Init.BiasUniform(shape.CountFrom(1)) : Init.Constant(0)) : null;
    }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input, in Pass pass) => Functional.Conv2d(input, _weight, _bias, _stride, _padding, _dilation, _groups);
}
