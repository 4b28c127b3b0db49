using HeteroAKD.Nn.Layers;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Heads;

/// <summary>
/// DeepLabV3's head on the deepest map: <see cref="Aspp"/>, 3x3 convolution, dropout 0.1, classifier. The feature is what the classifier sees, after dropout.
/// </summary>
public sealed class DeepLabV3Head : Head
{
    private readonly Aspp _aspp;
    private readonly ConvBn _conv;
    private readonly Dropout _dropout;
    private readonly Conv2d _classifier;

    /// <summary>Builds the head.</summary>
    /// <param name="site">Where it is built.</param>
    /// <param name="inChannels">Channels of the deepest map.</param>
    /// <param name="channels">Width; 128 for ResNet-18 and MobileNetV2, 256 for the deeper ResNets.</param>
    /// <param name="classes">Classes.</param>
    /// <param name="outputStride">Stride of the deepest map.</param>
    public DeepLabV3Head(in Site site, int inChannels, int channels, int classes, int outputStride)
        : base(site)
    {
        OutputStride = outputStride;
        FeatureChannels = channels;
        _aspp = Add(new Aspp(site.At("aspp"), inChannels, channels));
        _conv = Add(new ConvBn(site.At("conv"), channels, channels, 3));
        _dropout = Add(new Dropout(site.At("dropout"), 0.1f));
        _classifier = Add(new Conv2d(site.At("classifier"), channels, classes, 1));
    }

    /// <inheritdoc/>
    public override int OutputStride { get; }

    /// <inheritdoc/>
    public override int FeatureChannels { get; }

    /// <inheritdoc/>
    public override HeadOutput Forward(in FeatureMaps features, in Pass pass)
    {
        Tensor feature = _dropout.Forward(_conv.Forward(_aspp.Forward(features[^1], pass), pass), pass);
        return new HeadOutput(_classifier.Forward(feature, pass), feature);
    }
}
