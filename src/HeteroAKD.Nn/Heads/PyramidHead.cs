using HeteroAKD.Nn.Layers;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Heads;

/// <summary>
/// The head of the tiny CNNs, a small pyramid pooling (PSPNet): the deepest map beside its averages over 1x1, 2x2 and 4x4 bins, each reduced
/// to a quarter of the channels, then a 3x3 convolution and the classifier.
/// </summary>
public sealed class PyramidHead : Head
{
    private static readonly int[] s_bins = [1, 2, 4];

    private readonly AdaptiveAvgPool2d[] _pools = new AdaptiveAvgPool2d[3];
    private readonly ConvBn[] _reduce = new ConvBn[3];
    private readonly ConvBn _conv;
    private readonly Conv2d _classifier;

    /// <summary>Builds the head.</summary>
    /// <param name="site">Where it is built.</param>
    /// <param name="inChannels">Channels of the deepest map.</param>
    /// <param name="channels">Width before the classifier.</param>
    /// <param name="classes">Classes.</param>
    /// <param name="outputStride">Stride of the deepest map.</param>
    public PyramidHead(in Site site, int inChannels, int channels, int classes, int outputStride)
        : base(site)
    {
        OutputStride = outputStride;
        FeatureChannels = channels;
        int quarter = inChannels / 4;
        for (int i = 0; i < s_bins.Length; i++)
        {
            _pools[i] = Add(new AdaptiveAvgPool2d(site.At("pools", i), s_bins[i], s_bins[i]));
            _reduce[i] = Add(new ConvBn(site.At("reduce", i), inChannels, quarter, 1));
        }

        _conv = Add(new ConvBn(site.At("conv"), inChannels + (s_bins.Length * quarter), channels, 3));
        _classifier = Add(new Conv2d(site.At("classifier"), channels, classes, 1));
    }

    /// <inheritdoc/>
    public override int OutputStride { get; }

    /// <inheritdoc/>
    public override int FeatureChannels { get; }

    /// <inheritdoc/>
    public override HeadOutput Forward(in FeatureMaps features, in Pass pass)
    {
        Tensor deepest = features[^1];
        Tensor all = Functional.Cat(deepest, Pooled(0, deepest, pass), Pooled(1, deepest, pass), Pooled(2, deepest, pass));
        Tensor feature = _conv.Forward(all, pass);
        return new HeadOutput(_classifier.Forward(feature, pass), feature);
    }

    private Tensor Pooled(int level, Tensor map, in Pass pass) => ResizeTo(_reduce[level].Forward(_pools[level].Forward(map, pass), pass), map);
}
