using HeteroAKD.Nn.Encoders;

namespace HeteroAKD.Weights.Import;

/// <summary>MiT and SegFormer as their authors published them (<c>mit_b0.pth</c>, <c>segformer.b0.512x512.ade.160k.pth</c>).</summary>
internal sealed class MitMap : NameMap
{
    private static readonly NameRule[] s_head =
    [
        new(@"head\.linear\.(\d)\.(\w+)", m => new WeightSource($"decode_head.linear_c{OneMore(m.Groups[1])}.proj.{m.Groups[2]}") { Rank = 2 }),
        new(@"head\.fuse\.conv\.weight", "decode_head.linear_fuse.conv.weight"),
        new(@"head\.fuse\.conv\.bias", _ => WeightSource.Zero),
        new(@"head\.fuse\.bn\.(\w+)", "decode_head.linear_fuse.bn.$1"),
        new(@"head\.classifier\.(\w+)", "decode_head.linear_pred.$1"),
    ];

    /// <summary>Our encoder's names; CIRKD has the same ones.</summary>
    internal static IReadOnlyList<NameRule> Encoder { get; } =
    [
        new(@"encoder\.stages\.(\d)\.patch_embed\.(\w+)\.(\w+)", m => new WeightSource($"patch_embed{OneMore(m.Groups[1])}.{m.Groups[2]}.{m.Groups[3]}")),
        new(
            @"encoder\.stages\.(\d)\.blocks\.(\d+)\.mlp\.dwconv\.(\w+)",
            m => new WeightSource($"block{OneMore(m.Groups[1])}.{m.Groups[2]}.mlp.dwconv.dwconv.{m.Groups[3]}")),
        new(@"encoder\.stages\.(\d)\.blocks\.(\d+)\.([\w.]+)", m => new WeightSource($"block{OneMore(m.Groups[1])}.{m.Groups[2]}.{m.Groups[3]}")),
        new(@"encoder\.stages\.(\d)\.norm\.(\w+)", m => new WeightSource($"norm{OneMore(m.Groups[1])}.{m.Groups[2]}")),
    ];

    // The blocks and stages are built with 1e-6; the norms behind convolutions do not get it and keep PyTorch's 1e-5.
    internal static LayerNormEps Eps { get; } = new(1e-6f, 1e-5f);

    /// <inheritdoc/>
    public override string Name => "mit";

    /// <inheritdoc/>
    public override string Description => "MiT and SegFormer of their authors";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Prefixes => ["backbone.", "encoder."];

    /// <inheritdoc/>
    public override string WholePrefix => "backbone.";

    /// <inheritdoc/>
    public override LayerNormEps LayerNormEps => Eps;

    /// <inheritdoc/>
    public override bool Claims(IReadOnlySet<string> names) => names.Contains("patch_embed1.proj.weight");

    /// <inheritdoc/>
    public override WeightSource? SourceOf(string name, IReadOnlySet<string> names) => Apply(Encoder.Concat(s_head), name);

    /// <summary>Also the classifier of ImageNet, and <c>conv_seg</c>, which the base class of the head makes and nothing uses.</summary>
    public override bool Ignores(string name) =>
        base.Ignores(name) || name.StartsWith("head.", StringComparison.Ordinal) || name.StartsWith("decode_head.conv_seg.", StringComparison.Ordinal);
}

/// <summary>SegFormer of Hugging Face transformers, whole or its encoder alone.</summary>
internal sealed class HuggingFaceMap : NameMap
{
    private const string Block = @"encoder\.stages\.(\d)\.blocks\.(\d+)\.";

    private static readonly NameRule[] s_rules =
    [
        new(@"encoder\.stages\.(\d)\.patch_embed\.proj\.(\w+)", "encoder.patch_embeddings.$1.proj.$2"),
        new(@"encoder\.stages\.(\d)\.patch_embed\.norm\.(\w+)", "encoder.patch_embeddings.$1.layer_norm.$2"),
        new(Block + @"norm(\d)\.(\w+)", "encoder.block.$1.$2.layer_norm_$3.$4"),
        new(Block + @"attn\.q\.(\w+)", "encoder.block.$1.$2.attention.self.query.$3"),
        new(Block + @"attn\.kv\.(\w+)", m => new WeightSource(
            m.Result("encoder.block.$1.$2.attention.self.key.$3"), m.Result("encoder.block.$1.$2.attention.self.value.$3"))),
        new(Block + @"attn\.proj\.(\w+)", "encoder.block.$1.$2.attention.output.dense.$3"),
        new(Block + @"attn\.sr\.(\w+)", "encoder.block.$1.$2.attention.self.sr.$3"),
        new(Block + @"attn\.norm\.(\w+)", "encoder.block.$1.$2.attention.self.layer_norm.$3"),
        new(Block + @"mlp\.fc(\d)\.(\w+)", "encoder.block.$1.$2.mlp.dense$3.$4"),
        new(Block + @"mlp\.dwconv\.(\w+)", "encoder.block.$1.$2.mlp.dwconv.dwconv.$3"),
        new(@"encoder\.stages\.(\d)\.norm\.(\w+)", "encoder.layer_norm.$1.$2"),
        new(@"head\.linear\.(\d)\.(\w+)", m => new WeightSource(m.Result("decode_head.linear_c.$1.proj.$2")) { Rank = 2 }),
        new(@"head\.fuse\.conv\.weight", "decode_head.linear_fuse.weight"),
        new(@"head\.fuse\.conv\.bias", _ => WeightSource.Zero),
        new(@"head\.fuse\.bn\.(\w+)", "decode_head.batch_norm.$1"),
        new(@"head\.classifier\.(\w+)", "decode_head.classifier.$1"),
    ];

    /// <inheritdoc/>
    public override string Name => "huggingface";

    /// <inheritdoc/>
    public override string Description => "SegFormer of Hugging Face transformers";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Prefixes => ["segformer."];

    /// <inheritdoc/>
    public override string WholePrefix => "segformer.";

    /// <summary>Every layer norm is built with PyTorch's default.</summary>
    public override LayerNormEps LayerNormEps => new(1e-5f, 1e-5f);

    /// <inheritdoc/>
    public override bool Claims(IReadOnlySet<string> names) => names.Contains("encoder.patch_embeddings.0.proj.weight");

    /// <inheritdoc/>
    public override WeightSource? SourceOf(string name, IReadOnlySet<string> names) => Apply(s_rules, name);

    /// <summary>Also the classifier of ImageNet.</summary>
    public override bool Ignores(string name) => base.Ignores(name) || name.StartsWith("classifier.", StringComparison.Ordinal);
}

/// <summary>MiT of mmsegmentation. Its head is another network than SegFormer's own, so encoders alone can be taken over.</summary>
internal sealed class MmsegMap : NameMap
{
    private const string Block = @"encoder\.stages\.(\d)\.blocks\.(\d+)\.";

    private static readonly NameRule[] s_rules =
    [
        new(@"encoder\.stages\.(\d)\.patch_embed\.proj\.(\w+)", "layers.$1.0.projection.$2"),
        new(@"encoder\.stages\.(\d)\.patch_embed\.norm\.(\w+)", "layers.$1.0.norm.$2"),
        new(Block + @"norm(\d)\.(\w+)", "layers.$1.1.$2.norm$3.$4"),

        // torch.nn.MultiheadAttention keeps query, key and value in one matrix.
        new(Block + @"attn\.q\.(\w+)", m => new WeightSource(m.Result("layers.$1.1.$2.attn.attn.in_proj_$3")) { Thirds = 1 }),
        new(Block + @"attn\.kv\.(\w+)", m => new WeightSource(m.Result("layers.$1.1.$2.attn.attn.in_proj_$3")) { FirstThird = 1, Thirds = 2 }),
        new(Block + @"attn\.proj\.(\w+)", "layers.$1.1.$2.attn.attn.out_proj.$3"),
        new(Block + @"attn\.(sr|norm)\.(\w+)", "layers.$1.1.$2.attn.$3.$4"),
        new(Block + @"mlp\.fc1\.(\w+)", m => new WeightSource(m.Result("layers.$1.1.$2.ffn.layers.0.$3")) { Rank = 4 }),
        new(Block + @"mlp\.dwconv\.(\w+)", "layers.$1.1.$2.ffn.layers.1.$3"),
        new(Block + @"mlp\.fc2\.(\w+)", m => new WeightSource(m.Result("layers.$1.1.$2.ffn.layers.4.$3")) { Rank = 4 }),
        new(@"encoder\.stages\.(\d)\.norm\.(\w+)", "layers.$1.2.$2"),
    ];

    /// <inheritdoc/>
    public override string Name => "mmseg";

    /// <inheritdoc/>
    public override string Description => "MiT of mmsegmentation";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Prefixes => ["backbone."];

    /// <inheritdoc/>
    public override string WholePrefix => "backbone.";

    /// <inheritdoc/>
    public override string HeadProblem =>
        "mmsegmentation's SegformerHead has a batch norm and a ReLU behind the convolution of every stage, which this network has not";

    /// <inheritdoc/>
    public override bool Claims(IReadOnlySet<string> names) => names.Contains("layers.0.0.projection.weight");

    /// <inheritdoc/>
    public override WeightSource? SourceOf(string name, IReadOnlySet<string> names) => Apply(s_rules, name);
}
