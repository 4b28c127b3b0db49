using HeteroAKD.Nn.Initialization;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Layers;

/// <summary>What follows a normalisation.</summary>
public enum Activation
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>max(x, 0), fused into the normalisation.</summary>
    Relu,

    /// <summary>min(max(x, 0), 6).</summary>
    Relu6,
}

/// <summary>
/// Convolution, batch normalisation, activation. The convolution is padded to keep the size (at stride 1), its weights are Kaiming-normal
/// (fan_out). [N, I, H, W] → [N, O, ⌈H/stride⌉, ⌈W/stride⌉].
/// </summary>
public sealed class ConvBn : Layer
{
    private readonly Conv2d _conv;
    private readonly BatchNorm2d _bn;
    private readonly Activation _activation;

    /// <summary>Builds the three.</summary>
    /// <param name="site">Where it is built.</param>
    /// <param name="inChannels">I.</param>
    /// <param name="outChannels">O.</param>
    /// <param name="kernelSize">Odd size of the kernel.</param>
    /// <param name="stride">Step of the kernel.</param>
    /// <param name="dilation">Distance of the kernel's taps.</param>
    /// <param name="groups">Groups of channels; I for a depth-wise convolution.</param>
    /// <param name="activation">What follows.</param>
    /// <param name="bias">A bias before the normalisation takes no part in training; some published models have it.</param>
    public ConvBn(
        in Site site, int inChannels, int outChannels, int kernelSize, int stride =
            1, int dilation = 1, int groups = 1, Activation activation = Activation.Relu, bool bias = false)
        : base(site)
    {
        _activation = activation;
        _conv = Add(
            new Conv2d(
                site.At("conv"), inChannels, outChannels, kernelSize, stride, dilation * (kernelSize / 2), dilation, groups, bias, Init.KaimingNormal()));
        _bn = Add(new BatchNorm2d(site.At("bn"), outChannels, relu: activation == Activation.Relu));
    }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input, in Pass pass) => Forward(input, null, pass);

    /// <summary>activation(bn(conv(input)) + residual).</summary>
    /// <param name="input">[N, I, H, W].</param>
    /// <param name="residual">[N, O, H', W'], or null.</param>
    /// <param name="pass">Kind of pass.</param>
    public Tensor Forward(Tensor input, Tensor? residual, in Pass pass)
    {
        Tensor output = _bn.Forward(_conv.Forward(input, pass), residual, pass);
        return _activation == Activation.Relu6 ? Functional.Relu6(output) : output;
    }
}
