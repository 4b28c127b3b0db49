using System.Globalization;
using HeteroAKD.Nn.Layers;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Encoders;

/// <summary>
/// MobileNetV2 without its 1280-channel end, blocks 7 to 13 dilated by 2 and 14 to 17 by 4, output stride 8 (the variant of the CIRKD code
/// base). A convolution that lost its stride has half the dilation of its stage.
/// </summary>
public sealed class MobileNetV2 : Encoder
{
    private const int StemChannels = 32;

    // Rows: channels, blocks, stride as published, stride here, dilation. The widening is 6 but for the first row.
    private static readonly (int Channels, int Blocks, int Stride, int StrideHere, int Dilation)[] s_rows =
    [
        (16, 1, 1, 1, 1), (24, 2, 2, 2, 1), (32, 3, 2, 2, 1), (64, 4, 2, 1, 2), (96, 3, 1, 1, 2), (160, 3, 2, 1, 4), (320, 1, 1, 1, 4),
    ];

    private static readonly int[] s_stageEnds = [3, 6, 13, 17]; // the blocks whose outputs are the four stages' maps

    private readonly ConvBn _stem;
    private readonly List<InvertedResidual> _blocks = [];

    /// <summary>Builds the encoder.</summary>
    public MobileNetV2(in Site site)
        : base(site)
    {
        _stem = Add(new ConvBn(site.At("features", 0), ImageChannels, StemChannels, 3, stride: 2, activation: Activation.Relu6));
        int channels = StemChannels;
        foreach ((int outChannels, int blocks, int stride, int strideHere, int dilation) in s_rows)
        {
            for (int b = 0; b < blocks; b++)
            {
                bool lostStride = b == 0 && stride != strideHere;
                int expandRatio = _blocks.Count == 0 ? 1 : 6;
                bool residual = channels == outChannels && (b > 0 || stride == 1);
                Site block = site.At("features", _blocks.Count + 1);
                _blocks.Add(
                    Add(
                        new InvertedResidual(
                            block, channels, outChannels, b == 0 ? strideHere : 1, expandRatio, lostStride ? dilation / 2 : dilation, residual)));
                channels = outChannels;
            }
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<int> FeatureChannels { get; } = [24, 32, 96, 320];

    /// <inheritdoc/>
    public override IReadOnlyList<int> FeatureStrides { get; } = [4, 8, 8, 8];

    /// <inheritdoc/>
    public override FeatureMaps Forward(Tensor images, in Pass pass)
    {
        Tensor x = _stem.Forward(images, pass);
        FeatureMaps features = default;
        for (int i = 0; i < _blocks.Count; i++)
        {
            x = _blocks[i].Forward(x, pass);
            if (i + 1 == s_stageEnds[features.Count])
            {
                features = features.With(x);
            }
        }

        return features;
    }

    // The blocks between two maps that leave the encoder are a stage: features.1-3.
    internal override string StageOf(string name)
    {
        int index = int.Parse(name.Split('.')[1], CultureInfo.InvariantCulture);
        int first = 0;
        int last = 0;
        for (int s = 0; last < index; s++)
        {
            first = last + 1;
            last = s_stageEnds[s];
        }

        return first == last ? $"features.{last}" : $"features.{first}-{last}";
    }
}
