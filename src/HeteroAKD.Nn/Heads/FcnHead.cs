using HeteroAKD.Nn.Layers;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Heads;

/// <summary>
/// The auxiliary head on a middle stage: 3x3 convolution to a quarter of the channels, dropout 0.1, classifier. [N, C, h, w] → [N, classes, h, w].
/// </summary>
public sealed class FcnHead : Layer
{
    private readonly ConvBn _conv;
    private readonly Dropout _dropout;
    private readonly Conv2d _classifier;

    /// <summary>Builds the head.</summary>
    public FcnHead(in Site site, int inChannels, int classes)
        : base(site)
    {
        int channels = inChannels / 4;
        _conv = Add(new ConvBn(site.At("conv"), inChannels, channels, 3));
        _dropout = Add(new Dropout(site.At("dropout"), 0.1f));
        _classifier = Add(new Conv2d(site.At("classifier"), channels, classes, 1));
    }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input, in Pass pass) =>
        _classifier.Forward(_dropout.Forward(_conv.Forward(input, pass), pass), pass);
}
