using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Tensors;

/// <summary>The operations as functions, with PyTorch's names, argument order and defaults (<c>torch.nn.functional</c>).</summary>
public static class Functional
{
    /// <summary>2-D convolution. input [N, C, H, W], weight [O, C/groups, KH, KW], bias [O] → [N, O, H', W'].</summary>
    public static Tensor Conv2d(Tensor input, Tensor weight, Tensor? bias = null, int stride = 1, int padding = 0, int dilation = 1, int groups = 1) =>
        Convolution.Row.Apply(new Conv2dAttributes(stride, padding, dilation, groups), input, weight, bias);

    /// <summary>input · weightᵀ + bias over the last dimension. input [..., I], weight [O, I], bias [O] → [..., O].</summary>
    public static Tensor Linear(Tensor input, Tensor weight, Tensor? bias = null) => MatMul.Linear.Apply(default, input, weight, bias);

    /// <summary>
    /// Batch normalisation of [N, C, H, W], optionally with a residual [N, C, H, W] added and a ReLU applied in the same pass.
    /// Training: statistics of the batch, running ones updated in place (unbiased variance). Else: running statistics.
    /// </summary>
    public static Tensor BatchNorm(
        Tensor input, Tensor weight, Tensor bias, Tensor runningMean, Tensor runningVar, Tensor? residual, bool training, float momentum = 0.1f, float eps = 1e-5f, bool relu = false) =>
        BatchNormalization.Row.Apply(new BatchNormAttributes(training, momentum, eps, relu), input, weight, bias, runningMean, runningVar, residual);

    /// <summary>Layer normalisation over the last dimension. input [..., C], weight [C], bias [C].</summary>
    public static Tensor LayerNorm(Tensor input, Tensor weight, Tensor bias, float eps = 1e-5f) => LayerNormalization.Row.Apply(new LayerNormAttributes(eps), input, weight, bias);

    /// <summary>max(x, 0).</summary>
    public static Tensor Relu(Tensor input) => Activations.Relu.Apply(default, input);

    /// <summary>min(max(x, 0), 6).</summary>
    public static Tensor Relu6(Tensor input) => Activations.Relu6.Apply(default, input);

    /// <summary>x · ½ (1 + erf(x/√2)): PyTorch's exact GELU.</summary>
    public static Tensor Gelu(Tensor input) => Activations.Gelu.Apply(default, input);

    /// <summary>x · sigmoid(x).</summary>
    public static Tensor Silu(Tensor input) => Activations.Silu.Apply(default, input);

    /// <summary>1 / (1 + e^-x).</summary>
    public static Tensor Sigmoid(Tensor input) => Activations.Sigmoid.Apply(default, input);

    /// <summary>Zeroes elements with probability <paramref name="p"/> and scales the others by 1/(1-p). The mask is a function of (key, element).</summary>
    /// <param name="input">Any shape.</param>
    /// <param name="p">Probability of a zero.</param>
    /// <param name="key">Names the random stream.</param>
    /// <param name="counter">[1] int32: with it the stream is named by its value and the key; a replayed step then draws anew.</param>
    public static Tensor Dropout(Tensor input, float p, int key, Tensor? counter = null) => Regularization.Dropout.Apply(new MaskAttributes(p, key), input, counter);

    /// <summary>Zeroes whole samples (first dimension) with probability <paramref name="p"/> and scales the others by 1/(1-p): stochastic depth.</summary>
    /// <param name="input">[N, ...].</param>
    /// <param name="p">Probability of a zero.</param>
    /// <param name="key">Names the random stream.</param>
    /// <param name="counter">[1] int32, as for <see cref="Dropout"/>.</param>
    public static Tensor DropPath(Tensor input, float p, int key, Tensor? counter = null) => Regularization.DropPath.Apply(new MaskAttributes(p, key), input, null, counter);

    /// <summary>a + b, same shape.</summary>
    public static Tensor Add(Tensor a, Tensor b) => Arithmetic.Add.Apply(default, a, b);

    /// <summary>weightA · a + weightB · b, same shape.</summary>
    public static Tensor WeightedSum(Tensor a, Tensor b, float weightA, float weightB) => Ops.WeightedSum.Row.Apply(new WeightedSumAttributes(weightA, weightB), a, b);

    /// <summary>Bilinear resize of [N, C, H, W] to [N, C, height, width].</summary>
    public static Tensor Interpolate(Tensor input, int height, int width, bool alignCorners = false) => Resampling.Interpolate.Apply(new InterpolateAttributes(height, width, alignCorners), input);

    /// <summary>[N, C, …] → [N, …] int32, the first class with the largest logit; torch.argmax(input, dim=1).</summary>
    public static Tensor Argmax(Tensor input) => Ops.Argmax.Row.Apply(default, input);

    /// <summary>A window of [N, C, H, W] or of its mirror image, padded where it reaches beyond.</summary>
    public static Tensor Window(Tensor input, in WindowAttributes window) => Windows.Cut.Apply(window, input);

    /// <summary>Max pooling of [N, C, H, W].</summary>
    public static Tensor MaxPool2d(Tensor input, int kernel, int stride, int padding = 0) => Pooling.Max.Apply(new MaxPoolAttributes(kernel, stride, padding), input);

    /// <summary>Average pooling of [N, C, H, W]; padding counts as zeros.</summary>
    public static Tensor AvgPool2d(Tensor input, int kernel, int stride, int padding = 0) => Pooling.Average.Apply(new AvgPoolAttributes(kernel, stride, padding), input);

    /// <summary>Average pooling of [N, C, H, W] into height × width bins.</summary>
    public static Tensor AdaptiveAvgPool2d(Tensor input, int height, int width) => Pooling.Adaptive.Apply(new AdaptivePoolAttributes(height, width), input);

    /// <summary>Concatenation of two to six maps [N, Cᵢ, H, W] along the channels.</summary>
    public static Tensor Cat(Tensor a, Tensor b, Tensor? c = null, Tensor? d = null, Tensor? e = null, Tensor? f = null) => Layout.Cat.Apply(default, a, b, c, d, e, f);

    /// <summary>[N, C, H, W] → [N, H·W, C].</summary>
    public static Tensor ToTokens(Tensor map) => Layout.ToTokens.Apply(default, map);

    /// <summary>[N, height·width, C] → [N, C, height, width].</summary>
    public static Tensor ToMap(Tensor tokens, int height, int width) => Layout.ToMap.Apply(new MapAttributes(height, width), tokens);

    /// <summary>Multi-head attention. query [B, N, C], keyValue [B, M, 2C] (keys, then values) → [B, N, C]; scale (C/heads)^-½.</summary>
    public static Tensor Attention(Tensor query, Tensor keyValue, int heads) => Ops.Attention.Row.Apply(new AttentionAttributes(heads), query, keyValue);

    /// <summary>The same numbers as float32 or bfloat16; the input itself where it holds that already. A float64 tensor of a gradient check stays one.</summary>
    public static Tensor To(Tensor input, DType type) => Cast.TypeOf(input.DType, type) == input.DType ? input : Cast.To.Apply(new ToAttributes(type), input);

    /// <summary>The same elements in another shape.</summary>
    public static Tensor Reshape(Tensor input, Shape shape) => Ops.Reshape.Row.Apply(ReshapeAttributes.Of(shape), input);
}
