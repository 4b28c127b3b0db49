using HeteroAKD.Nn;
using HeteroAKD.Nn.Initialization;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Distillation.Terms;

/// <summary>
/// Tells a teacher's logits from a student's (Liu et al., CVPR 2019; CIRKD's <c>Discriminator</c>, after SAGAN): batch norm, 4x4 convolutions of stride 2 with
/// leaky ReLU, each twice as wide as the one before and divided by its spectral norm, self-attention after the last two, a 4x4 convolution to one score a
/// place.
/// </summary>
internal sealed class Discriminator : Module
{
    /// <summary>Side of all kernels, and with it of the smallest map that the last one takes.</summary>
    public const int Kernel = 4;

    private const float NegativeSlope = 0.1f;

    private readonly Tensor _mean; // [C]
    private readonly Tensor _variance; // [C]
    private readonly List<Tensor> _parameters = [];
    // a place in _parameters, and [1, O] its left singular vector as the power iteration has it
    private readonly List<(int Weight, Tensor Direction)> _spectral = [];
    private readonly int _layers;

    /// <summary>Builds it.</summary>
    /// <param name="site">Where it is built.</param>
    /// <param name="classes">Channels of the logits.</param>
    /// <param name="layers">Convolutions before the last one.</param>
    /// <param name="width">Channels of the first.</param>
    public Discriminator(in Site site, int classes, int layers, int width)
        : base(site)
    {
        _layers = layers;
        _mean = AddBuffer("bn.running_mean", new Shape(classes), 0);
        _variance = AddBuffer("bn.running_var", new Shape(classes), 1);
        _parameters.Add(AddParameter("bn.weight", new Shape(classes), Init.Constant(1)));
        _parameters.Add(AddParameter("bn.bias", new Shape(classes), Init.Constant(0)));
        int channels = classes;
        for (int layer = 0; layer < layers; layer++)
        {
            int wide = width << layer;
            int weight = _parameters.Count;
            AddConvolution($"conv{layer + 1}", channels, wide, Kernel);
            _spectral.Add((weight, AddBuffer($"conv{layer + 1}.u", new Shape(1, wide), Init.UnitRows())));
            if (Attends(layer))
            {
                AddConvolution($"attention{layer + 1}.query", wide, wide / 8, 1);
                AddConvolution($"attention{layer + 1}.key", wide, wide / 8, 1);
                AddConvolution($"attention{layer + 1}.value", wide, wide, 1);
                _parameters.Add(AddParameter($"attention{layer + 1}.gamma", new Shape(1), Init.Constant(0)));
            }

            channels = wide;
        }

        AddConvolution("last", channels, 1, Kernel);
    }

    /// <summary>
    /// All parameters in the order in which <see cref="Forward"/> takes them, the convolutions divided by their spectral norms. One power iteration moves the
    /// estimates of those.
    /// </summary>
    public IReadOnlyList<Tensor> Weights()
    {
        List<Tensor> weights = [.. _parameters];
        foreach ((int weight, Tensor direction) in _spectral)
        {
            weights[weight] = Normalized(weights[weight], direction);
        }

        return weights;
    }

    /// <summary>[N, C, h, w] → [N, 1, h', w'] scores: above 0 for a teacher.</summary>
    /// <param name="logits">Of one network.</param>
    /// <param name="weights"><see cref="Weights"/>, or the same detached.</param>
    public Tensor Forward(Tensor logits, IReadOnlyList<Tensor> weights)
    {
        int at = 0;
        Tensor x = Functional.BatchNorm(logits, weights[at++], weights[at++], _mean, _variance, residual: null, training: true);
        for (int layer = 0; layer < _layers; layer++)
        {
            x = Functional.LeakyRelu(Functional.Conv2d(x, weights[at++], weights[at++], stride: 2, padding: 1), NegativeSlope);
            if (Attends(layer))
            {
                x = Attention(x, weights, at);
                at += 7;
            }
        }

        return Functional.Conv2d(x, weights[at++], weights[at]);
    }

    // W / σ with σ = uᵀ·W·v; u and v are constants of the gradient, as published.
    private static Tensor Normalized(Tensor weight, Tensor direction)
    {
        Shape shape = weight.Shape;
        Tensor rows = Functional.Reshape(weight, new Shape(1, shape[0], shape.CountFrom(1)));
        Tensor constant = Functional.Reshape(Functional.Detach(rows), new Shape(shape[0], shape.CountFrom(1)));
        Tensor u = Functional.Reshape(direction, new Shape(1, 1, shape[0]));
        Tensor v = Functional.Normalize(Functional.MatMul(u, Functional.Detach(rows)), 2); // [1, 1, I·K·K]
        Tensor next = Functional.Normalize(Functional.Linear(Functional.Reshape(v, new Shape(1, v.Shape[2])), constant), 1); // [1, O]
        Copy.Run(next, direction);
        Tensor sigma = Functional.Sum(Functional.MatMul(Functional.Reshape(next, u.Shape), rows) * v);
        return weight / Functional.Reshape(sigma, new Shape(1, 1, 1, 1));
    }

    // gamma · attention(x) + x; a pixel's query against the keys of all pixels.
    private static Tensor Attention(Tensor x, IReadOnlyList<Tensor> weights, int at)
    {
        (int images, int height, int width) = (x.Shape[0], x.Shape[2], x.Shape[3]);
        Tensor query = Functional.Conv2d(x, weights[at], weights[at + 1]);
        Tensor key = Functional.Conv2d(x, weights[at + 2], weights[at + 3]);
        Tensor value = Functional.Conv2d(x, weights[at + 4], weights[at + 5]);
        Tensor energy = Functional.MatMul(Functional.ToTokens(query), Functional.Reshape(key, new Shape(images, key.Shape[1], height * width)));
        Tensor mixed = Functional.MatMul(Functional.Softmax(energy, -1), Functional.ToTokens(value)); // [N, P, C]
        return (Functional.ToMap(mixed, height, width) * Functional.Reshape(weights[at + 6], new Shape(1, 1, 1, 1))) + x;
    }

    private bool Attends(int layer) => layer >= _layers - 2;

    private void AddConvolution(string name, int from, int to, int kernel)
    {
        Shape shape = new(to, from, kernel, kernel);
        _parameters.Add(AddParameter($"{name}.weight", shape, Init.KaimingUniform()));
        _parameters.Add(AddParameter($"{name}.bias", new Shape(to), Init.BiasUniform(shape.CountFrom(1))));
    }
}
