namespace HeteroAKD.Weights.Import;

/// <summary>Networks that are not here, told by a name that each of them has.</summary>
internal static class ForeignNetworks
{
    private static readonly (string End, string Network)[] s_known =
    [
        ("1.block.0.0.weight", "MobileNetV3 or EfficientNet"),
        ("_blocks.0._depthwise_conv.weight", "EfficientNet"),
        ("blocks.0.0.conv_dw.weight", "EfficientNet or MobileNet of timm"),
        ("stages.0.0.dwconv.weight", "ConvNeXt"),
        ("stages.0.blocks.0.conv_dw.weight", "ConvNeXt"),
        ("features.1.0.block.0.weight", "ConvNeXt"),
        ("attn.relative_position_bias_table", "Swin"),
        ("cls_token", "a Vision Transformer"),
        ("stage2.0.branches.0.0.conv1.weight", "HRNet"),
        ("denseblock1.denselayer1.conv1.weight", "DenseNet"),
        ("features.28.weight", "VGG"),
        ("inc.double_conv.0.weight", "U-Net"),
    ];

    /// <summary>The network that names are of, or null.</summary>
    public static string? Find(IEnumerable<string> names) =>
        names.SelectMany(n => s_known.Where(k => n.EndsWith(k.End, StringComparison.Ordinal)).Select(k => k.Network)).FirstOrDefault();
}
