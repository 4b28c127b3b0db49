using HeteroAKD.Nn.Layers;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Encoders;

/// <summary>
/// The block of the deeper ResNets: narrow with 1x1, filter with 3x3, widen with 1x1, and a shortcut around all three; the shortcut is a 1x1 convolution where
/// sizes differ. The 3x3 convolution carries stride and dilation. [N, I, H, W] → [N, O, H/stride, W/stride].
/// </summary>
public sealed class Bottleneck : ResidualBlock
{
    /// <summary>Output channels per channel of the 3x3 convolution.</summary>
    public const int Expansion = 4;

    private readonly ConvBn _conv1;
    private readonly ConvBn _conv2;
    private readonly ConvBn _conv3;

    /// <summary>Builds the block.</summary>
    /// <param name="site">Where it is built.</param>
    /// <param name="inChannels">I.</param>
    /// <param name="outChannels">O, a multiple of <see cref="Expansion"/>.</param>
    /// <param name="stride">Stride of the 3x3 convolution.</param>
    /// <param name="dilation">Dilation of the 3x3 convolution.</param>
    public Bottleneck(in Site site, int inChannels, int outChannels, int stride = 1, int dilation = 1)
        : base(site)
    {
        int channels = outChannels / Expansion;
        _conv1 = Add(new ConvBn(site.At("conv1"), inChannels, channels, 1));
        _conv2 = Add(new ConvBn(site.At("conv2"), channels, channels, 3, stride, dilation));
        _conv3 = Add(new ConvBn(site.At("conv3"), channels, outChannels, 1));
        AddShortcut(site, inChannels, outChannels, stride);
    }

    private protected override Tensor Convolve(Tensor input, Tensor shortcut, in Pass pass) =>
        _conv3.Forward(_conv2.Forward(_conv1.Forward(input, pass), pass), shortcut, pass);
}
