using HeteroAKD.Nn.Encoders;
using HeteroAKD.Nn.Initialization;
using HeteroAKD.Nn.Layers;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Heads;

/// <summary>
/// SegFormer's all-MLP head: every stage mapped to one width and enlarged to stride 4, deepest first in the concatenation, fused by a 1x1
/// convolution. The per-stage linear layers are 1x1 convolutions here, which saves turning maps into tokens and back.
/// </summary>
public sealed class SegFormerHead : Head
{
    private readonly Conv2d[] _linear = new Conv2d[FeatureMaps.MaxCount];
    private readonly ConvBn _fuse;
    private readonly Dropout2d _dropout;
    private readonly Conv2d _classifier;

    /// <summary>Builds the head.</summary>
    /// <param name="site">Where it is built.</param>
    /// <param name="inChannels">Channels of the four stages.</param>
    /// <param name="channels">Width: 256 for B0 and B1, 768 for B2 to B5.</param>
    /// <param name="classes">Classes.</param>
    public SegFormerHead(in Site site, ReadOnlySpan<int> inChannels, int channels, int classes)
        : base(site)
    {
        FeatureChannels = channels;
        for (int s = 0; s < _linear.Length; s++)
        {
            _linear[s] = Add(new Conv2d(site.At("linear", s), inChannels[s], channels, 1, initializer: MixTransformerOptions.LinearInitializer));
        }

        _fuse = Add(new ConvBn(site.At("fuse"), _linear.Length * channels, channels, 1, bias: true));
        _dropout = Add(new Dropout2d(site.At("dropout"), 0.1f));
        _classifier = Add(new Conv2d(site.At("classifier"), channels, classes, 1, initializer: Init.KaimingNormal()));
    }

    /// <inheritdoc/>
    public override int OutputStride => 4;

    /// <inheritdoc/>
    public override int FeatureChannels { get; }

    /// <inheritdoc/>
    public override HeadOutput Forward(in FeatureMaps features, in Pass pass)
    {
        Tensor feature = Fuse(features, pass);
        return new HeadOutput(_classifier.Forward(feature, pass), feature);
    }

    private Tensor Fuse(in FeatureMaps features, in Pass pass)
    {
        using InnerScope scope = new(Device, pass);
        Tensor finest = _linear[0].Forward(features[0], pass); // [N, channels, H/4, W/4]
        Tensor all = Functional.Cat(
            Functional.ResizeTo(_linear[3].Forward(features[3], pass), finest),
            Functional.ResizeTo(_linear[2].Forward(features[2], pass), finest),
            Functional.ResizeTo(_linear[1].Forward(features[1], pass), finest),
            finest); // [N, 4·channels, H/4, W/4]
        return scope.Result(_dropout.Forward(_fuse.Forward(all, pass), pass));
    }
}
