using HeteroAKD.Nn.Layers;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Encoders;

/// <summary>
/// A block of ResNet: convolutions with a shortcut around them, which is a 1x1 convolution where sizes differ. [N, I, H, W] → [N, O, H/stride, W/stride].
/// </summary>
public abstract class ResidualBlock(in Site site) : Layer(site)
{
    private ConvBn? _downsample;

    /// <inheritdoc/>
    public sealed override Tensor Forward(Tensor input, in Pass pass)
    {
        using InnerScope scope = new(Device, pass);
        Tensor shortcut = _downsample?.Forward(input, pass) ?? input;
        return scope.Result(Convolve(input, shortcut, pass));
    }

    /// <summary>The convolutions; the last one adds the shortcut.</summary>
    private protected abstract Tensor Convolve(Tensor input, Tensor shortcut, in Pass pass);

    /// <summary>Builds the shortcut, after the convolutions: parameters are drawn in that order.</summary>
    private protected void AddShortcut(in Site site, int inChannels, int outChannels, int stride) =>
        _downsample = inChannels == outChannels && stride == 1
            ? null
            : Add(new ConvBn(site.At("downsample"), inChannels, outChannels, 1, stride, activation: Activation.None));
}
