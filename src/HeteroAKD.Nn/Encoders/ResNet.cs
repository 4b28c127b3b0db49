using HeteroAKD.Nn.Layers;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Encoders;

/// <summary>
/// ResNet v1s of basic blocks: a stem of three 3x3 convolutions, and the last two stages dilated by 2 and 4 instead of strided, so that the
/// output stride is 8 (the variant of the CIRKD code base). The first block of a dilated stage opens with half the dilation.
/// </summary>
public sealed class ResNet : Encoder
{
    private const int StemChannels = 64;
    private static readonly int[] s_channels = [64, 128, 256, 512];
    private static readonly int[] s_strides = [1, 2, 1, 1];
    private static readonly int[] s_dilations = [1, 1, 2, 4];

    private readonly ConvBn[] _stem = new ConvBn[3];
    private readonly MaxPool2d _maxPool;
    private readonly BasicBlock[][] _layers = new BasicBlock[4][];

    /// <summary>Builds the encoder.</summary>
    /// <param name="site">Where it is built.</param>
    /// <param name="depths">Blocks in each of the four stages; 2, 2, 2, 2 for ResNet-18.</param>
    public ResNet(in Site site, ReadOnlySpan<int> depths)
        : base(site)
    {
        _stem[0] = Add(new ConvBn(site.At("stem", 0), ImageChannels, StemChannels, 3, stride: 2));
        _stem[1] = Add(new ConvBn(site.At("stem", 1), StemChannels, StemChannels, 3));
        _stem[2] = Add(new ConvBn(site.At("stem", 2), StemChannels, 2 * StemChannels, 3));
        _maxPool = Add(new MaxPool2d(site.At("maxpool"), 3, stride: 2, padding: 1));
        int channels = 2 * StemChannels;
        for (int s = 0; s < _layers.Length; s++)
        {
            Site layer = site.At($"layer{s + 1}");
            int dilation = s_dilations[s];
            _layers[s] = new BasicBlock[depths[s]];
            for (int b = 0; b < depths[s]; b++)
            {
                int stride = b == 0 ? s_strides[s] : 1;
                int dilation1 = b == 0 ? Math.Max(1, dilation / 2) : dilation;
                _layers[s][b] = Add(new BasicBlock(layer.At($"{b}"), channels, s_channels[s], stride, dilation1, dilation));
                channels = s_channels[s];
            }
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<int> FeatureChannels => s_channels;

    /// <inheritdoc/>
    public override IReadOnlyList<int> FeatureStrides { get; } = [4, 8, 8, 8];

    /// <inheritdoc/>
    public override FeatureMaps Forward(Tensor images, in Pass pass)
    {
        Tensor x = images;
        foreach (ConvBn conv in _stem)
        {
            x = conv.Forward(x, pass);
        }

        x = _maxPool.Forward(x, pass);
        FeatureMaps features = default;
        foreach (BasicBlock[] layer in _layers)
        {
            foreach (BasicBlock block in layer)
            {
                x = block.Forward(x, pass);
            }

            features = features.With(x);
        }

        return features;
    }
}
