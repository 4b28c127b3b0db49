using HeteroAKD.Nn.Initialization;
using HeteroAKD.Nn.Layers;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Encoders;

/// <summary>The sizes that tell Mix Transformers apart; one entry a stage.</summary>
/// <param name="Dims">Channels.</param>
/// <param name="Depths">Blocks.</param>
/// <param name="Heads">Attention heads.</param>
/// <param name="SrRatios">Keys and values come from a map this many times smaller along each axis.</param>
/// <param name="MlpRatio">Hidden channels of the feed-forward part per channel.</param>
/// <param name="DropPath">Drop-path probability of the last block; earlier blocks have less, linearly from 0.</param>
/// <param name="FanOutConvolutions">True: convolutions start normal by fan_out per group, bias 0 (SegFormer's code); false: PyTorch's default.</param>
public sealed record MixTransformerOptions(
    int[] Dims, int[] Depths, int[] Heads, int[] SrRatios, int MlpRatio = 4, float DropPath = 0, bool FanOutConvolutions = false)
{
    /// <summary>MiT-B0.</summary>
    public static MixTransformerOptions B0 { get; } = Published([32, 64, 160, 256], [2, 2, 2, 2]);

    /// <summary>MiT-B1.</summary>
    public static MixTransformerOptions B1 { get; } = Published([64, 128, 320, 512], [2, 2, 2, 2]);

    /// <summary>MiT-B2.</summary>
    public static MixTransformerOptions B2 { get; } = Published([64, 128, 320, 512], [3, 4, 6, 3]);

    /// <summary>MiT-B3.</summary>
    public static MixTransformerOptions B3 { get; } = Published([64, 128, 320, 512], [3, 4, 18, 3]);

    /// <summary>MiT-B4.</summary>
    public static MixTransformerOptions B4 { get; } = Published([64, 128, 320, 512], [3, 8, 27, 3]);

    /// <summary>MiT-B5.</summary>
    public static MixTransformerOptions B5 { get; } = Published([64, 128, 320, 512], [3, 6, 40, 3]);

    /// <summary>Initial weights of linear layers: trunc_normal_(0.02), bias 0.</summary>
    public static Initializer LinearInitializer { get; } = Init.TruncNormal(0.02);

    /// <summary>Initial weights of convolutions, null for PyTorch's default.</summary>
    public Initializer? ConvInitializer(int groups = 1) => FanOutConvolutions ? Init.KaimingNormal(groups) : null;

    /// <summary>Drop-path probability of a block counted from the first of the network.</summary>
    public float DropPathOf(int block) => Depths.Sum() > 1 ? DropPath * block / (Depths.Sum() - 1) : 0;

    private static MixTransformerOptions Published(int[] dims, int[] depths) =>
        new(dims, depths, [1, 2, 5, 8], [8, 4, 2, 1], DropPath: 0.1f, FanOutConvolutions: true);
}

/// <summary>
/// SegFormer's encoder MiT (Xie et al. 2021): stages of overlapping patch embedding, transformer blocks and a layer norm; strides 4, 8, 16, (32).
/// </summary>
public sealed class MixTransformer : Encoder
{
    private readonly Stage[] _stages;

    /// <summary>Builds the encoder.</summary>
    public MixTransformer(in Site site, MixTransformerOptions options)
        : base(site)
    {
        _stages = new Stage[options.Dims.Length];
        int firstBlock = 0;
        for (int s = 0; s < _stages.Length; s++)
        {
            _stages[s] = Add(new Stage(site.At("stages", s), options, s, firstBlock));
            firstBlock += options.Depths[s];
        }

        FeatureChannels = options.Dims;
        FeatureStrides = [.. Enumerable.Range(0, _stages.Length).Select(s => 4 << s)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<int> FeatureChannels { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<int> FeatureStrides { get; }

    /// <inheritdoc/>
    public override LayerNormEps LayerNormEps
    {
        get => base.LayerNormEps;
        set
        {
            base.LayerNormEps = value;
            foreach (Stage stage in _stages)
            {
                stage.SetEps(value);
            }
        }
    }

    /// <inheritdoc/>
    public override FeatureMaps Forward(Tensor images, in Pass pass)
    {
        Tensor x = images;
        FeatureMaps features = default;
        foreach (Stage stage in _stages)
        {
            x = stage.Forward(x, pass);
            features = features.With(x);
        }

        return features;
    }

    /// <summary>[N, I, H, W] → [N, C, H/stride, W/stride]; inside, [N, H·W, C] tokens.</summary>
    private sealed class Stage : Layer
    {
        private readonly Conv2d _proj;
        private readonly LayerNorm _projNorm;
        private readonly MixBlock[] _blocks;
        private readonly LayerNorm _norm;

        public Stage(in Site site, MixTransformerOptions options, int index, int firstBlock)
            : base(site)
        {
            int dim = options.Dims[index];
            int inChannels = index == 0 ? ImageChannels : options.Dims[index - 1];
            (int kernel, int stride) = index == 0 ? (7, 4) : (3, 2);
            Site embed = site.At("patch_embed");
            _proj = Add(new Conv2d(embed.At("proj"), inChannels, dim, kernel, stride, kernel / 2, initializer: options.ConvInitializer()));
            _projNorm = Add(new LayerNorm(embed.At("norm"), dim, LayerNormEps.Default.Convolutions));
            _blocks = new MixBlock[options.Depths[index]];
            for (int b = 0; b < _blocks.Length; b++)
            {
                _blocks[b] = Add(new MixBlock(site.At("blocks", b), options, index, options.DropPathOf(firstBlock + b)));
            }

            _norm = Add(new LayerNorm(site.At("norm"), dim, LayerNormEps.Default.Blocks));
        }

        public void SetEps(LayerNormEps eps)
        {
            _projNorm.Eps = eps.Convolutions;
            _norm.Eps = eps.Blocks;
            foreach (MixBlock block in _blocks)
            {
                block.SetEps(eps);
            }
        }

        public override Tensor Forward(Tensor input, in Pass pass)
        {
            using InnerScope scope = new(Device, pass);
            Tensor map = _proj.Forward(input, pass);
            int height = map.Shape[2];
            int width = map.Shape[3];
            Tensor tokens = _projNorm.Forward(Functional.ToTokens(map), pass);
            foreach (MixBlock block in _blocks)
            {
                tokens = scope.Next(map, tokens, block.Forward(tokens, height, width, pass));
            }

            return scope.Result(Functional.ToMap(_norm.Forward(tokens, pass), height, width));
        }
    }
}
