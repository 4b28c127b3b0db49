using HeteroAKD.Nn.Encoders;

namespace HeteroAKD.Nn.Models;

/// <summary>An encoder that heads of other papers are put on, and how wide they are there.</summary>
/// <param name="Family">What it mainly computes with.</param>
/// <param name="Build">Makes the encoder.</param>
/// <param name="AsppChannels">Width of <see cref="Heads.DeepLabV3Head"/>.</param>
/// <param name="PyramidChannels">Width of <see cref="Heads.PyramidHead"/>.</param>
/// <param name="HasAuxHead">Whether <see cref="Heads.FcnHead"/> helps while training.</param>
internal sealed record Backbone(ModelFamily Family, Func<Site, Encoder> Build, int AsppChannels, int PyramidChannels, bool HasAuxHead)
{
    /// <summary>The backbones by name. Widths and the auxiliary head are those of the first release of the CIRKD code base, whose later ones have DeepLabV3
    /// 512 and PSPNet on bottlenecks 256 wide; a Mix Transformer there is new, and gets the narrow heads.</summary>
    public static IReadOnlyDictionary<string, Backbone> All { get; } = new OrderedDictionary<string, Backbone>
    {
        ["resnet18"] = Narrow(new ResNetOptions([2, 2, 2, 2])),
        ["resnet50"] = Wide(new ResNetOptions([3, 4, 6, 3], Bottleneck: true)),
        ["resnet101"] = Wide(new ResNetOptions([3, 4, 23, 3], Bottleneck: true)),
        ["resnet18b"] = Narrow(new ResNetOptions([2, 2, 2, 2], DeepStem: false)),
        ["resnet20b"] = Narrow(new ResNetOptions([2, 2, 2, 3], DeepStem: false)),
        ["resnet50b"] = Wide(new ResNetOptions([3, 4, 6, 3], Bottleneck: true, DeepStem: false)),
        ["resnet101b"] = Wide(new ResNetOptions([3, 4, 23, 3], Bottleneck: true, DeepStem: false)),
        ["mobilenetv2"] = new(ModelFamily.Cnn, site => new MobileNetV2(site), 128, 128, HasAuxHead: false),
        ["mit-b0"] = Mit(MixTransformerOptions.B0),
        ["mit-b1"] = Mit(MixTransformerOptions.B1),
        ["mit-b2"] = Mit(MixTransformerOptions.B2),
        ["mit-b3"] = Mit(MixTransformerOptions.B3),
        ["mit-b4"] = Mit(MixTransformerOptions.B4),
        ["mit-b5"] = Mit(MixTransformerOptions.B5),
    };

    private static Backbone Narrow(ResNetOptions options) => new(ModelFamily.Cnn, site => new ResNet(site, options), 128, 128, HasAuxHead: true);

    private static Backbone Wide(ResNetOptions options) => new(ModelFamily.Cnn, site => new ResNet(site, options), 256, 512, HasAuxHead: true);

    private static Backbone Mit(MixTransformerOptions options) =>
        new(ModelFamily.Transformer, site => new MixTransformer(site, options), 128, 128, HasAuxHead: false);
}
