using HeteroAKD.Nn.Layers;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Encoders;

/// <summary>
/// MobileNetV2's block: widen with 1x1, filter each channel with 3x3, narrow with 1x1 and no activation; the input is added where sizes
/// allow. [N, I, H, W] → [N, O, H/stride, W/stride].
/// </summary>
public sealed class InvertedResidual : Layer
{
    private readonly ConvBn? _expand;
    private readonly ConvBn _depthwise;
    private readonly ConvBn _project;
    private readonly bool _residual;

    /// <summary>Builds the block.</summary>
    /// <param name="site">Where it is built.</param>
    /// <param name="inChannels">I.</param>
    /// <param name="outChannels">O.</param>
    /// <param name="stride">Stride of the 3x3 convolution.</param>
    /// <param name="expandRatio">Hidden channels per input channel; 1 leaves the widening out.</param>
    /// <param name="dilation">Dilation of the 3x3 convolution.</param>
    /// <param name="residual">Whether the input is added.</param>
    public InvertedResidual(in Site site, int inChannels, int outChannels, int stride, int expandRatio, int dilation, bool residual)
        : base(site)
    {
        int hidden = inChannels * expandRatio;
        _residual = residual;
        _expand = expandRatio == 1 ? null : Add(new ConvBn(site.At("expand"), inChannels, hidden, 1, activation: Activation.Relu6));
        _depthwise = Add(new ConvBn(site.At("depthwise"), hidden, hidden, 3, stride, dilation, hidden, Activation.Relu6));
        _project = Add(new ConvBn(site.At("project"), hidden, outChannels, 1, activation: Activation.None));
    }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input, in Pass pass)
    {
        using InnerScope scope = new(Device, pass);
        Tensor hidden = _expand?.Forward(input, pass) ?? input;
        return scope.Result(_project.Forward(_depthwise.Forward(hidden, pass), _residual ? input : null, pass));
    }
}
