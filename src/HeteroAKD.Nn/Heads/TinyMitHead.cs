using HeteroAKD.Nn.Layers;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Heads;

/// <summary>The head of the tiny Mix Transformers: three stages mapped to one width and brought to stride 8, fused by a 1x1 convolution.</summary>
public sealed class TinyMitHead : Head
{
    private readonly Conv2d[] _linear = new Conv2d[3];
    private readonly ConvBn _fuse;
    private readonly Conv2d _classifier;

    /// <summary>Builds the head.</summary>
    /// <param name="site">Where it is built.</param>
    /// <param name="inChannels">Channels of the three stages.</param>
    /// <param name="channels">Width.</param>
    /// <param name="classes">Classes.</param>
    public TinyMitHead(in Site site, ReadOnlySpan<int> inChannels, int channels, int classes)
        : base(site)
    {
        FeatureChannels = channels;
        for (int s = 0; s < _linear.Length; s++)
        {
            _linear[s] = Add(new Conv2d(site.At("linear", s), inChannels[s], channels, 1));
        }

        _fuse = Add(new ConvBn(site.At("fuse"), _linear.Length * channels, channels, 1));
        _classifier = Add(new Conv2d(site.At("classifier"), channels, classes, 1));
    }

    /// <inheritdoc/>
    public override int OutputStride => 8;

    /// <inheritdoc/>
    public override int FeatureChannels { get; }

    /// <inheritdoc/>
    public override HeadOutput Forward(in FeatureMaps features, in Pass pass)
    {
        Tensor middle = _linear[1].Forward(features[1], pass); // [N, channels, H/8, W/8]
        Tensor fine = Functional.AvgPool2d(_linear[0].Forward(features[0], pass), 2, 2);
        Tensor deep = _linear[2].Forward(features[2], pass);
        Tensor feature = _fuse.Forward(Functional.Cat(Functional.ResizeTo(fine, middle), middle, Functional.ResizeTo(deep, middle)), pass);
        return new HeadOutput(_classifier.Forward(feature, pass), feature);
    }
}
