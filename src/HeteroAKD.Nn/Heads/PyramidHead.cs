using HeteroAKD.Nn.Layers;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Heads;

/// <summary>What tells pyramid heads apart.</summary>
/// <param name="Bins">Averages over bins x bins parts of the map, one for every level; two to five levels.</param>
/// <param name="AlignCorners">How levels are enlarged again, see <see cref="Functional.ResizeTo"/>.</param>
/// <param name="Dropout">Probability of the dropout before the classifier.</param>
public sealed record PyramidOptions(int[] Bins, bool AlignCorners, float Dropout)
{
    /// <summary>PSPNet's (Zhao et al. 2017), as the CIRKD code base has it.</summary>
    public static PyramidOptions PspNet { get; } = new([1, 2, 3, 6], AlignCorners: true, Dropout: 0.1f);

    /// <summary>That of the tiny CNNs.</summary>
    public static PyramidOptions Tiny { get; } = new([1, 2, 4], AlignCorners: false, Dropout: 0);
}

/// <summary>
/// Pyramid pooling: the deepest map beside its averages over a few bins, each reduced to a quarter of the channels, then a 3x3 convolution and the classifier.
/// The feature is what the classifier sees, after dropout.
/// </summary>
public sealed class PyramidHead : Head
{
    private readonly AdaptiveAvgPool2d[] _pools;
    private readonly ConvBn[] _reduce;
    private readonly ConvBn _conv;
    private readonly Dropout _dropout;
    private readonly Conv2d _classifier;
    private readonly bool _alignCorners;

    /// <summary>Builds the head.</summary>
    /// <param name="site">Where it is built.</param>
    /// <param name="options">Levels of the pyramid.</param>
    /// <param name="inChannels">Channels of the deepest map.</param>
    /// <param name="channels">Width before the classifier.</param>
    /// <param name="classes">Classes.</param>
    /// <param name="outputStride">Stride of the deepest map.</param>
    public PyramidHead(in Site site, PyramidOptions options, int inChannels, int channels, int classes, int outputStride)
        : base(site)
    {
        OutputStride = outputStride;
        FeatureChannels = channels;
        _alignCorners = options.AlignCorners;
        _pools = new AdaptiveAvgPool2d[options.Bins.Length];
        _reduce = new ConvBn[options.Bins.Length];
        int quarter = inChannels / 4;
        for (int i = 0; i < _pools.Length; i++)
        {
            _pools[i] = Add(new AdaptiveAvgPool2d(site.At("pools", i), options.Bins[i], options.Bins[i]));
            _reduce[i] = Add(new ConvBn(site.At("reduce", i), inChannels, quarter, 1));
        }

        _conv = Add(new ConvBn(site.At("conv"), inChannels + (_pools.Length * quarter), channels, 3));
        _dropout = Add(new Dropout(site.At("dropout"), options.Dropout));
        _classifier = Add(new Conv2d(site.At("classifier"), channels, classes, 1));
    }

    /// <inheritdoc/>
    public override int OutputStride { get; }

    /// <inheritdoc/>
    public override int FeatureChannels { get; }

    /// <inheritdoc/>
    public override HeadOutput Forward(in FeatureMaps features, in Pass pass)
    {
        Tensor feature = Pyramid(features[^1], pass);
        return new HeadOutput(_classifier.Forward(feature, pass), feature);
    }

    private Tensor Pyramid(Tensor deepest, in Pass pass)
    {
        using InnerScope scope = new(Device, pass);
        Tensor all = Functional.Cat(
            deepest, Pooled(0, deepest, pass), Pooled(1, deepest, pass), PooledIfAny(2, deepest, pass), PooledIfAny(3, deepest, pass),
            PooledIfAny(4, deepest, pass));
        return scope.Result(_dropout.Forward(_conv.Forward(all, pass), pass));
    }

    private Tensor? PooledIfAny(int level, Tensor map, in Pass pass) => level < _pools.Length ? Pooled(level, map, pass) : null;

    private Tensor Pooled(int level, Tensor map, in Pass pass) =>
        Functional.ResizeTo(_reduce[level].Forward(_pools[level].Forward(map, pass), pass), map, _alignCorners);
}
