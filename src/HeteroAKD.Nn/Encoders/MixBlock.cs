using HeteroAKD.Nn.Layers;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Encoders;

/// <summary>A transformer block of MiT: x += attention(norm x), x += feed-forward(norm x). Tokens [N, height·width, C].</summary>
public sealed class MixBlock : Module
{
    private readonly LayerNorm _norm1;
    private readonly EfficientAttention _attn;
    private readonly DropPath _dropPath1;
    private readonly LayerNorm _norm2;
    private readonly MixFeedForward _mlp;
    private readonly DropPath _dropPath2;

    /// <summary>Builds a block of stage <paramref name="stage"/>.</summary>
    public MixBlock(in Site site, MixTransformerOptions options, int stage, float dropPath)
        : base(site)
    {
        int dim = options.Dims[stage];
        _norm1 = Add(new LayerNorm(site.At("norm1"), dim, LayerNormEps.Default.Blocks));
        _attn = Add(new EfficientAttention(site.At("attn"), options, stage));
        _dropPath1 = Add(new DropPath(site.At("drop_path1"), dropPath));
        _norm2 = Add(new LayerNorm(site.At("norm2"), dim, LayerNormEps.Default.Blocks));
        _mlp = Add(new MixFeedForward(site.At("mlp"), options, dim));
        _dropPath2 = Add(new DropPath(site.At("drop_path2"), dropPath));
    }

    /// <summary>tokens [N, height·width, C] → the same shape.</summary>
    public Tensor Forward(Tensor tokens, int height, int width, in Pass pass)
    {
        using InnerScope scope = new(Device, pass);
        Tensor attended = _attn.Forward(_norm1.Forward(tokens, pass), height, width, pass);
        tokens = Functional.Add(tokens, _dropPath1.Forward(attended, pass));
        Tensor mixed = _mlp.Forward(_norm2.Forward(tokens, pass), height, width, pass);
        return scope.Result(Functional.Add(tokens, _dropPath2.Forward(mixed, pass)));
    }

    internal void SetEps(LayerNormEps eps)
    {
        _norm1.Eps = eps.Blocks;
        _norm2.Eps = eps.Blocks;
        _attn.SetEps(eps);
    }
}

/// <summary>Self-attention whose keys and values come from a map reduced by a strided convolution.</summary>
public sealed class EfficientAttention : Module
{
    private readonly Linear _q;
    private readonly Linear _kv;
    private readonly Linear _proj;
    private readonly Conv2d? _sr;
    private readonly LayerNorm? _norm;
    private readonly int _heads;

    /// <summary>Builds the attention of stage <paramref name="stage"/>.</summary>
    public EfficientAttention(in Site site, MixTransformerOptions options, int stage)
        : base(site)
    {
        int dim = options.Dims[stage];
        int ratio = options.SrRatios[stage];
        _heads = options.Heads[stage];
        if (dim % _heads != 0)
        {
            throw new ShapeMismatchException("attention", site.Path, $"{dim} channels do not divide into {_heads} heads");
        }

        _q = Add(new Linear(site.At("q"), dim, dim, initializer: MixTransformerOptions.LinearInitializer));
        _kv = Add(new Linear(site.At("kv"), dim, 2 * dim, initializer: MixTransformerOptions.LinearInitializer));
        _proj = Add(new Linear(site.At("proj"), dim, dim, initializer: MixTransformerOptions.LinearInitializer));
        if (ratio > 1)
        {
            _sr = Add(new Conv2d(site.At("sr"), dim, dim, ratio, ratio, initializer: options.ConvInitializer()));
            _norm = Add(new LayerNorm(site.At("norm"), dim, LayerNormEps.Default.Convolutions));
        }
    }

    /// <summary>tokens [N, height·width, C] → the same shape.</summary>
    public Tensor Forward(Tensor tokens, int height, int width, in Pass pass)
    {
        Tensor source = tokens;
        if (_sr is not null && _norm is not null)
        {
            Tensor reduced = _sr.Forward(Functional.ToMap(tokens, height, width), pass); // [N, C, height/ratio, width/ratio]
            source = _norm.Forward(Functional.ToTokens(reduced), pass);
        }

        Tensor attended = Functional.Attention(_q.Forward(tokens, pass), _kv.Forward(source, pass), _heads);
        return _proj.Forward(attended, pass);
    }

    internal void SetEps(LayerNormEps eps)
    {
        if (_norm is not null)
        {
            _norm.Eps = eps.Convolutions;
        }
    }
}

/// <summary>The feed-forward part of MiT: widen, 3x3 depth-wise convolution (which also tells tokens where they are), GELU, narrow.</summary>
public sealed class MixFeedForward : Module
{
    private readonly Linear _fc1;
    private readonly Conv2d _dwconv;
    private readonly Linear _fc2;

    /// <summary>Builds the part for tokens of <paramref name="dim"/> channels.</summary>
    public MixFeedForward(in Site site, MixTransformerOptions options, int dim)
        : base(site)
    {
        int hidden = dim * options.MlpRatio;
        _fc1 = Add(new Linear(site.At("fc1"), dim, hidden, initializer: MixTransformerOptions.LinearInitializer));
        _dwconv = Add(new Conv2d(site.At("dwconv"), hidden, hidden, 3, padding: 1, groups: hidden, initializer: options.ConvInitializer(hidden)));
        _fc2 = Add(new Linear(site.At("fc2"), hidden, dim, initializer: MixTransformerOptions.LinearInitializer));
    }

    /// <summary>tokens [N, height·width, C] → the same shape.</summary>
    public Tensor Forward(Tensor tokens, int height, int width, in Pass pass)
    {
        Tensor map = Functional.ToMap(_fc1.Forward(tokens, pass), height, width); // [N, hidden, height, width]
        Tensor mixed = Functional.Gelu(_dwconv.Forward(map, pass));
        return _fc2.Forward(Functional.ToTokens(mixed), pass);
    }
}
