using HeteroAKD.Nn.Layers;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Encoders;

/// <summary>The sizes that tell ResNets apart.</summary>
/// <param name="Depths">Blocks in each of the four stages.</param>
/// <param name="Bottleneck">True: blocks are <see cref="Encoders.Bottleneck"/>s; false: <see cref="BasicBlock"/>s.</param>
/// <param name="DeepStem">True: the stem of v1s, three 3x3 convolutions to 128 channels; false: that of v1b (torchvision's), one 7x7 convolution to 64.</param>
public sealed record ResNetOptions(int[] Depths, bool Bottleneck = false, bool DeepStem = true);

/// <summary>
/// ResNet (He et al. 2016), the last two stages dilated by 2 and 4 instead of strided, so that the output stride is 8 (the variant of the CIRKD code base). The
/// first block of a dilated stage opens with half the dilation.
/// </summary>
public sealed class ResNet : Encoder
{
    private const int StemChannels = 64;
    private static readonly int[] s_channels = [64, 128, 256, 512];
    private static readonly int[] s_strides = [1, 2, 1, 1];
    private static readonly int[] s_dilations = [1, 1, 2, 4];

    private readonly ConvBn[] _stem;
    private readonly MaxPool2d _maxPool;
    private readonly Layer[][] _layers = new Layer[4][];

    /// <summary>Builds the encoder.</summary>
    public ResNet(in Site site, ResNetOptions options)
        : base(site)
    {
        _stem = options.DeepStem ? DeepStem(site) : [Add(new ConvBn(site.At("stem", 0), ImageChannels, StemChannels, 7, stride: 2))];
        _maxPool = Add(new MaxPool2d(site.At("maxpool"), 3, stride: 2, padding: 1));
        FeatureChannels = options.Bottleneck ? [.. s_channels.Select(c => c * Bottleneck.Expansion)] : s_channels;
        int channels = options.DeepStem ? 2 * StemChannels : StemChannels;
        for (int s = 0; s < _layers.Length; s++)
        {
            Site layer = site.At($"layer{s + 1}");
            int outChannels = FeatureChannels[s];
            int dilation = s_dilations[s];
            _layers[s] = new Layer[options.Depths[s]];
            for (int b = 0; b < _layers[s].Length; b++)
            {
                Site block = layer.At($"{b}");
                int stride = b == 0 ? s_strides[s] : 1;
                int opening = b == 0 ? Math.Max(1, dilation / 2) : dilation;
                _layers[s][b] = options.Bottleneck
                    ? Add(new Bottleneck(block, channels, outChannels, stride, opening))
                    : Add(new BasicBlock(block, channels, outChannels, stride, opening, dilation));
                channels = outChannels;
            }
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<int> FeatureChannels { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<int> FeatureStrides { get; } = [4, 8, 8, 8];

    /// <inheritdoc/>
    public override FeatureMaps Forward(Tensor images, in Pass pass)
    {
        Tensor x = Stem(images, pass);
        FeatureMaps features = default;
        foreach (Layer[] layer in _layers)
        {
            x = Sequence(layer, x, pass);
            features = features.With(x);
        }

        return features;
    }

    private Tensor Stem(Tensor images, in Pass pass)
    {
        using InnerScope scope = new(Device, pass);
        return scope.Result(_maxPool.Forward(Sequence(_stem, images, pass), pass));
    }

    private ConvBn[] DeepStem(in Site site) =>
    [
        Add(new ConvBn(site.At("stem", 0), ImageChannels, StemChannels, 3, stride: 2)),
        Add(new ConvBn(site.At("stem", 1), StemChannels, StemChannels, 3)),
        Add(new ConvBn(site.At("stem", 2), StemChannels, 2 * StemChannels, 3)),
    ];
}
