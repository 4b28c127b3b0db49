using HeteroAKD.Nn.Layers;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Encoders;

/// <summary>
/// A small convolutional encoder: a strided 3x3 stem and three stages of basic blocks, the last dilated by 2 instead of strided. Only the
/// first convolution of a block carries the dilation. Output stride 8.
/// </summary>
public sealed class TinyCnn : Encoder
{
    private const int Stages = 3;
    private readonly ConvBn _stem;
    private readonly BasicBlock[][] _stages = new BasicBlock[Stages][];

    /// <summary>Builds the encoder.</summary>
    /// <param name="site">Where it is built.</param>
    /// <param name="stemChannels">Channels after the stem.</param>
    /// <param name="channels">Channels of the three stages.</param>
    /// <param name="depth">Blocks in every stage.</param>
    public TinyCnn(in Site site, int stemChannels, int[] channels, int depth)
        : base(site)
    {
        FeatureChannels = channels;
        _stem = Add(new ConvBn(site.At("stem"), ImageChannels, stemChannels, 3, stride: 2));
        int last = stemChannels;
        for (int s = 0; s < Stages; s++)
        {
            bool dilated = s == Stages - 1;
            Site stage = site.At("stages", s);
            _stages[s] = new BasicBlock[depth];
            for (int b = 0; b < depth; b++)
            {
                int stride = b == 0 && !dilated ? 2 : 1;
                _stages[s][b] = Add(new BasicBlock(stage.At("blocks", b), last, channels[s], stride, dilated ? 2 : 1));
                last = channels[s];
            }
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<int> FeatureChannels { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<int> FeatureStrides { get; } = [4, 8, 8];

    /// <inheritdoc/>
    public override FeatureMaps Forward(Tensor images, in Pass pass)
    {
        Tensor x = _stem.Forward(images, pass);
        FeatureMaps features = default;
        foreach (BasicBlock[] stage in _stages)
        {
            x = Sequence(stage, x, pass);
            features = features.With(x);
        }

        return features;
    }
}
