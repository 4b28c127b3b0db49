using HeteroAKD.Nn.Layers;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Encoders;

/// <summary>
/// ResNet's two 3x3 convolutions with a shortcut around them; the shortcut is a 1x1 convolution where sizes differ. [N, I, H, W] → [N, O, H/stride, W/stride].
/// </summary>
public sealed class BasicBlock : ResidualBlock
{
    private readonly ConvBn _conv1;
    private readonly ConvBn _conv2;

    /// <summary>Builds the block.</summary>
    /// <param name="site">Where it is built.</param>
    /// <param name="inChannels">I.</param>
    /// <param name="outChannels">O.</param>
    /// <param name="stride">Stride of the first convolution.</param>
    /// <param name="dilation1">Dilation of the first convolution.</param>
    /// <param name="dilation2">Dilation of the second convolution.</param>
    public BasicBlock(in Site site, int inChannels, int outChannels, int stride = 1, int dilation1 = 1, int dilation2 = 1)
        : base(site)
    {
        _conv1 = Add(new ConvBn(site.At("conv1"), inChannels, outChannels, 3, stride, dilation1));
        _conv2 = Add(new ConvBn(site.At("conv2"), outChannels, outChannels, 3, dilation: dilation2));
        AddShortcut(site, inChannels, outChannels, stride);
    }

    private protected override Tensor Convolve(Tensor input, Tensor shortcut, in Pass pass) =>
        _conv2.Forward(_conv1.Forward(input, pass), shortcut, pass);
}
