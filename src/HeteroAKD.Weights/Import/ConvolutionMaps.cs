using HeteroAKD.Nn.Encoders;

namespace HeteroAKD.Weights.Import;

/// <summary>
/// ResNet and MobileNetV2 of torchvision, alone or as the backbone of another code base, and DeepLabV3 on ResNet. A ResNet's stem may be that of
/// mmsegmentation's ResNetV1c, of three convolutions.
/// </summary>
internal sealed class TorchvisionMap : NameMap
{
    private const string StemOfThree = "stem.0.weight";

    // A list of layers: convolution, norm and ReLU, three times.
    private static readonly NameRule[] s_stemOfThree =
    [
        new(@"encoder\.stem\.(\d)\.conv\.weight", m => new WeightSource($"stem.{3 * Number(m.Groups[1])}.weight")),
        new(@"encoder\.stem\.(\d)\.bn\.(\w+)", m => new WeightSource($"stem.{(3 * Number(m.Groups[1])) + 1}.{m.Groups[2]}")),
    ];

    private static readonly NameRule[] s_rules =
    [
        new(@"encoder\.stem\.0\.conv\.weight", "conv1.weight"),
        new(@"encoder\.stem\.0\.bn\.(\w+)", "bn1.$1"),
        .. ResNetLayers,
        new(@"head\.aspp\.point\.conv\.weight", "classifier.0.convs.0.0.weight"),
        new(@"head\.aspp\.point\.bn\.(\w+)", "classifier.0.convs.0.1.$1"),
        new(@"head\.aspp\.atrous\.(\d)\.conv\.weight", m => new WeightSource($"classifier.0.convs.{OneMore(m.Groups[1])}.0.weight")),
        new(@"head\.aspp\.atrous\.(\d)\.bn\.(\w+)", m => new WeightSource($"classifier.0.convs.{OneMore(m.Groups[1])}.1.{m.Groups[2]}")),
        new(@"head\.aspp\.pooled\.conv\.weight", "classifier.0.convs.4.1.weight"),
        new(@"head\.aspp\.pooled\.bn\.(\w+)", "classifier.0.convs.4.2.$1"),
        new(@"head\.aspp\.project\.conv\.weight", "classifier.0.project.0.weight"),
        new(@"head\.aspp\.project\.bn\.(\w+)", "classifier.0.project.1.$1"),
        new(@"head\.conv\.conv\.weight", "classifier.1.weight"),
        new(@"head\.conv\.bn\.(\w+)", "classifier.2.$1"),
        new(@"head\.classifier\.(\w+)", "classifier.4.$1"),
        new(@"aux_head\.conv\.conv\.weight", "aux_classifier.0.weight"),
        new(@"aux_head\.conv\.bn\.(\w+)", "aux_classifier.1.$1"),
        new(@"aux_head\.classifier\.(\w+)", "aux_classifier.4.$1"),
        new(@"encoder\.features\.0\.conv\.weight", "features.0.0.weight"),
        new(@"encoder\.features\.0\.bn\.(\w+)", "features.0.1.$1"),

        // The first block does not widen, so its parts come one earlier.
        new(@"encoder\.features\.1\.depthwise\.conv\.weight", "features.1.conv.0.0.weight"),
        new(@"encoder\.features\.1\.depthwise\.bn\.(\w+)", "features.1.conv.0.1.$1"),
        new(@"encoder\.features\.1\.project\.conv\.weight", "features.1.conv.1.weight"),
        new(@"encoder\.features\.1\.project\.bn\.(\w+)", "features.1.conv.2.$1"),
        new(@"encoder\.features\.(\d+)\.expand\.conv\.weight", "features.$1.conv.0.0.weight"),
        new(@"encoder\.features\.(\d+)\.expand\.bn\.(\w+)", "features.$1.conv.0.1.$2"),
        new(@"encoder\.features\.(\d+)\.depthwise\.conv\.weight", "features.$1.conv.1.0.weight"),
        new(@"encoder\.features\.(\d+)\.depthwise\.bn\.(\w+)", "features.$1.conv.1.1.$2"),
        new(@"encoder\.features\.(\d+)\.project\.conv\.weight", "features.$1.conv.2.weight"),
        new(@"encoder\.features\.(\d+)\.project\.bn\.(\w+)", "features.$1.conv.3.$2"),
    ];

    /// <inheritdoc/>
    public override string Name => "torchvision";

    /// <inheritdoc/>
    public override string Description => "ResNet, MobileNetV2 and DeepLabV3 of torchvision";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Prefixes => ["backbone.", "encoder."];

    /// <inheritdoc/>
    public override string WholePrefix => "backbone.";

    /// <summary>DeepLabV3 on a ResNet of bottlenecks; the encoder's other networks have other heads there.</summary>
    public override bool HasHeadFor(IReadOnlySet<string> names) =>
        names.Contains("encoder.layer1.0.conv3.conv.weight") && names.Contains("head.aspp.point.conv.weight");

    /// <summary>Blocks of ResNet behind the stem, of two or three convolutions; CIRKD has the same names.</summary>
    internal static IReadOnlyList<NameRule> ResNetLayers =>
    [
        new(@"encoder\.layer(\d)\.(\d+)\.conv(\d)\.conv\.weight", "layer$1.$2.conv$3.weight"),
        new(@"encoder\.layer(\d)\.(\d+)\.conv(\d)\.bn\.(\w+)", "layer$1.$2.bn$3.$4"),
        new(@"encoder\.layer(\d)\.(\d+)\.downsample\.conv\.weight", "layer$1.$2.downsample.0.weight"),
        new(@"encoder\.layer(\d)\.(\d+)\.downsample\.bn\.(\w+)", "layer$1.$2.downsample.1.$3"),
    ];

    /// <inheritdoc/>
    public override bool Claims(IReadOnlySet<string> names) =>
        (names.Contains("layer1.0.conv1.weight") && (names.Contains("conv1.weight") || names.Contains(StemOfThree)))
            || names.Contains("features.1.conv.0.0.weight");

    /// <inheritdoc/>
    public override WeightSource? SourceOf(string name, IReadOnlySet<string> names) =>
        (names.Contains(StemOfThree) ? Apply(s_stemOfThree, name) : null) ?? Apply(s_rules, name);

    /// <summary>Also the classifiers of ImageNet, and the 1280 channels before MobileNetV2's.</summary>
    public override bool Ignores(string name) =>
        base.Ignores(name) || IsBehindBackbone(name);

    /// <summary>What networks for ImageNet have behind what is an encoder here: classifiers, and the 1280 channels of MobileNetV2.</summary>
    internal static bool IsBehindBackbone(string name) => new[] { "fc.", "classifier.", "features.18." }.Any(p => name.StartsWith(p, StringComparison.Ordinal));
}

/// <summary>
/// The CIRKD code base: DeepLabV3 and PSPNet on ResNet with a stem of three convolutions or on MobileNetV2, and SegFormer. Its networks see images as OpenCV
/// reads them, blue first, from 0 to 255, less a mean; the first convolution is turned around, and <see cref="Input"/> does the rest.
/// </summary>
internal sealed class CirkdMap : NameMap
{
    // Parts of a ConvBn: the convolution has one name, the norm behind it the next number.
    private static readonly NameRule[] s_rules =
    [
        new(@"encoder\.stem\.(\d)\.conv\.weight", m => new WeightSource($"conv{OneMore(m.Groups[1])}.weight") { SwapRedAndBlue = m.Groups[1].Value == "0" }),
        new(@"encoder\.stem\.(\d)\.bn\.(\w+)", m => new WeightSource($"bn{OneMore(m.Groups[1])}.{m.Groups[2]}")),
        .. TorchvisionMap.ResNetLayers,
        new(@"encoder\.features\.0\.conv\.weight", _ => new WeightSource("features.0.0.weight") { SwapRedAndBlue = true }),
        new(@"encoder\.features\.0\.bn\.(\w+)", "features.0.1.$1"),
        new(@"encoder\.features\.1\.depthwise\.conv\.weight", "features.1.conv.0.weight"),
        new(@"encoder\.features\.1\.depthwise\.bn\.(\w+)", "features.1.conv.1.$1"),
        new(@"encoder\.features\.1\.project\.conv\.weight", "features.1.conv.3.weight"),
        new(@"encoder\.features\.1\.project\.bn\.(\w+)", "features.1.conv.4.$1"),
        new(@"encoder\.features\.(\d+)\.expand\.conv\.weight", "features.$1.conv.0.weight"),
        new(@"encoder\.features\.(\d+)\.expand\.bn\.(\w+)", "features.$1.conv.1.$2"),
        new(@"encoder\.features\.(\d+)\.depthwise\.conv\.weight", "features.$1.conv.3.weight"),
        new(@"encoder\.features\.(\d+)\.depthwise\.bn\.(\w+)", "features.$1.conv.4.$2"),
        new(@"encoder\.features\.(\d+)\.project\.conv\.weight", "features.$1.conv.6.weight"),
        new(@"encoder\.features\.(\d+)\.project\.bn\.(\w+)", "features.$1.conv.7.$2"),
        new(@"encoder\.stages\.0\.patch_embed\.proj\.weight", _ => new WeightSource("patch_embed1.proj.weight") { SwapRedAndBlue = true }),
        .. MitMap.Encoder,
        new(@"head\.aspp\.point\.conv\.weight", "head.aspp.b0.0.weight"),
        new(@"head\.aspp\.point\.bn\.(\w+)", "head.aspp.b0.1.$1"),
        new(@"head\.aspp\.atrous\.(\d)\.conv\.weight", m => new WeightSource($"head.aspp.b{OneMore(m.Groups[1])}.block.0.weight")),
        new(@"head\.aspp\.atrous\.(\d)\.bn\.(\w+)", m => new WeightSource($"head.aspp.b{OneMore(m.Groups[1])}.block.1.{m.Groups[2]}")),
        new(@"head\.aspp\.pooled\.conv\.weight", "head.aspp.b4.gap.1.weight"),
        new(@"head\.aspp\.pooled\.bn\.(\w+)", "head.aspp.b4.gap.2.$1"),
        new(@"head\.aspp\.project\.conv\.weight", "head.aspp.project.0.weight"),
        new(@"head\.aspp\.project\.bn\.(\w+)", "head.aspp.project.1.$1"),
        new(@"head\.reduce\.(\d)\.conv\.weight", m => new WeightSource($"head.psp.conv{OneMore(m.Groups[1])}.0.weight")),
        new(@"head\.reduce\.(\d)\.bn\.(\w+)", m => new WeightSource($"head.psp.conv{OneMore(m.Groups[1])}.1.{m.Groups[2]}")),
        new(@"head\.conv\.conv\.weight", "head.block.0.weight"),
        new(@"head\.conv\.bn\.(\w+)", "head.block.1.$1"),
        new(@"aux_head\.conv\.conv\.weight", "auxlayer.block.0.weight"),
        new(@"aux_head\.conv\.bn\.(\w+)", "auxlayer.block.1.$1"),
        new(@"aux_head\.classifier\.(\w+)", "auxlayer.block.4.$1"),
        new(@"head\.linear\.(\d)\.(\w+)", m => new WeightSource($"linear_c{OneMore(m.Groups[1])}.proj.{m.Groups[2]}")),
        new(@"head\.fuse\.conv\.(\w+)", "linear_fuse.0.$1"),
        new(@"head\.fuse\.bn\.(\w+)", "linear_fuse.1.$1"),
    ];

    // The last layer of the three heads: DeepLabV3, PSPNet, SegFormer.
    private static readonly string[] s_classifiers = ["head.block.4", "head.classifier", "linear_pred"];

    /// <inheritdoc/>
    public override string Name => "cirkd";

    /// <inheritdoc/>
    public override string Description => "the CIRKD code base";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Prefixes => ["pretrained.net.", "pretrained."];

    /// <inheritdoc/>
    public override LayerNormEps LayerNormEps => MitMap.Eps;

    /// <summary>With red first and pixels in [0, 1], (255 · pixel - mean) is (pixel - mean/255) / (1/255).</summary>
    public override InputNormalization Input { get; } =
        new([122.67891434 / 255, 116.66876762 / 255, 104.00698793 / 255], [1.0 / 255, 1.0 / 255, 1.0 / 255]);

    /// <inheritdoc/>
    public override bool AlignCorners => true;

    /// <inheritdoc/>
    public override bool Claims(IReadOnlySet<string> names) =>
        (names.Contains("layer1.0.conv1.weight") && names.Contains("conv3.weight"))
        || names.Contains("features.1.conv.0.weight")
        || names.Contains("head.aspp.b0.0.weight")
        || names.Contains("head.psp.conv1.0.weight")
        || (names.Contains("patch_embed1.proj.weight") && names.Contains("linear_c1.proj.weight"));

    /// <inheritdoc/>
    public override WeightSource? SourceOf(string name, IReadOnlySet<string> names)
    {
        const string Classifier = "head.classifier.";
        if (!name.StartsWith(Classifier, StringComparison.Ordinal))
        {
            return Apply(s_rules, name);
        }

        string[] candidates = [.. s_classifiers.Select(c => $"{c}.{name[Classifier.Length..]}")];
        return new WeightSource(candidates.FirstOrDefault(names.Contains) ?? candidates[0]);
    }

    /// <summary>
    /// Also the classifiers of ImageNet and the 1280 channels before MobileNetV2's, which the code base itself leaves out of the backbones it starts from.
    /// </summary>
    public override bool Ignores(string name) =>
        base.Ignores(name) || TorchvisionMap.IsBehindBackbone(name);
}

/// <summary>This program's own names: a checkpoint, or a network that <c>save_file</c> wrote.</summary>
public sealed class HeteroAkdMap : NameMap
{
    // One name of each kind of encoder here: MiT, the tiny CNN, ResNet, MobileNetV2.
    private static readonly string[] s_own =
        [
            "encoder.stages.0.patch_embed.proj.weight", "encoder.stages.0.blocks.0.conv1.conv.weight", "encoder.layer1.0.conv1.conv.weight",
            "encoder.features.0.conv.weight"
        ];

    /// <summary>What stands before the network's names in a checkpoint.</summary>
    public const string CheckpointPrefix = "model.";

    /// <inheritdoc/>
    public override string Name => "heteroakd";

    /// <inheritdoc/>
    public override string Description => "this program";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Prefixes => [CheckpointPrefix];

    /// <inheritdoc/>
    public override bool Claims(IReadOnlySet<string> names) =>
        s_own.Any(names.Contains);

    /// <inheritdoc/>
    public override WeightSource? SourceOf(string name, IReadOnlySet<string> names) => new(name);

    /// <summary>Also what training needs to go on.</summary>
    public override bool Ignores(string name) =>
        base.Ignores(name) || name.StartsWith("optimizer.", StringComparison.Ordinal) || name.StartsWith("projectors.", StringComparison.Ordinal);
}
