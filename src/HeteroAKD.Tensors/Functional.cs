using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Tensors;

/// <summary>The operations as functions, with PyTorch's names, argument order and defaults (<c>torch.nn.functional</c>).</summary>
public static partial class Functional
{
    /// <summary>
    /// 2-D convolution. input [N, C, H, W], weight [O, C/groups, KH, KW], bias [O] → [N, O, H', W']. Stride and dilation are 1 where they are left out; a pair
    /// is for rows and columns.
    /// </summary>
    public static Tensor Conv2d(
        Tensor input, Tensor weight, Tensor? bias = null, Size2d? stride = null, Size2d padding = default, Size2d? dilation = null, int groups = 1) =>
        Convolution.Row.Apply(new Conv2dAttributes(stride ?? 1, padding, dilation ?? 1, groups), input, weight, bias);

    /// <summary>
    /// Transposed 2-D convolution. input [N, C, H, W], weight [C, O/groups, KH, KW], bias [O] → [N, O, H', W'], H' = (H - 1)·stride - 2·padding + dilation·(KH
    /// - 1) + outputPadding + 1. Stride and dilation are 1 where they are left out.
    /// </summary>
    public static Tensor ConvTranspose2d(
        Tensor input, Tensor weight, Tensor? bias =
            null, Size2d? stride = null, Size2d padding = default, Size2d outputPadding = default, int groups = 1, Size2d? dilation = null) =>
        TransposedConvolution.Row.Apply(new ConvTranspose2dAttributes(stride ?? 1, padding, outputPadding, dilation ?? 1, groups), input, weight, bias);

    /// <summary>input · weightᵀ + bias over the last dimension. input [..., I], weight [O, I], bias [O] → [..., O].</summary>
    public static Tensor Linear(Tensor input, Tensor weight, Tensor? bias = null) => Ops.MatMul.Linear.Apply(default, input, weight, bias);

    /// <summary>
    /// Batch normalisation of [N, C, H, W], optionally with a residual [N, C, H, W] added and a ReLU applied in the same pass.
    /// Training: statistics of the batch, running ones updated in place (unbiased variance). Else: running statistics.
    /// </summary>
    public static Tensor BatchNorm(
        Tensor input, Tensor weight, Tensor bias, Tensor runningMean, Tensor runningVar, Tensor? residual, bool training, float momentum =
            0.1f, float eps = 1e-5f, bool relu = false) =>
        BatchNormalization.Row.Apply(new BatchNormAttributes(training, momentum, eps, relu), input, weight, bias, runningMean, runningVar, residual);

    /// <summary>Layer normalisation over the last dimension. input [..., C], weight [C], bias [C].</summary>
    public static Tensor LayerNorm(Tensor input, Tensor weight, Tensor bias, float eps = 1e-5f) =>
        LayerNormalization.Row.Apply(new LayerNormAttributes(eps), input, weight, bias);

    /// <summary>Group normalisation. input [N, C, ...], weight [C], bias [C]; each of the groups of channels of each image is normalised by itself.</summary>
    public static Tensor GroupNorm(Tensor input, int numGroups, Tensor weight, Tensor bias, float eps = 1e-5f) =>
        GroupNormalization.Row.Apply(new GroupNormAttributes(numGroups, eps), input, weight, bias);

    /// <summary>max(x, 0).</summary>
    public static Tensor Relu(Tensor input) => Activations.Relu.Apply(default, input);

    /// <summary>x where it is positive, negativeSlope · x elsewhere.</summary>
    public static Tensor LeakyRelu(Tensor input, float negativeSlope = 0.01f) => WeightedSum(Relu(input), input, 1 - negativeSlope, negativeSlope);

    /// <summary>min(max(x, 0), 6).</summary>
    public static Tensor Relu6(Tensor input) => Activations.Relu6.Apply(default, input);

    /// <summary>x · ½ (1 + erf(x/√2)): PyTorch's exact GELU.</summary>
    public static Tensor Gelu(Tensor input) => Activations.Gelu.Apply(default, input);

    /// <summary>x · sigmoid(x).</summary>
    public static Tensor Silu(Tensor input) => Activations.Silu.Apply(default, input);

    /// <summary>x · min(max(x + 3, 0), 6) / 6.</summary>
    public static Tensor Hardswish(Tensor input) => Activations.Hardswish.Apply(default, input);

    /// <summary>1 / (1 + e^-x).</summary>
    public static Tensor Sigmoid(Tensor input) => Activations.Sigmoid.Apply(default, input);

    /// <summary>Hyperbolic tangent.</summary>
    public static Tensor Tanh(Tensor input) => Activations.Tanh.Apply(default, input);

    /// <summary>e^x.</summary>
    public static Tensor Exp(Tensor input) => Activations.Exp.Apply(default, input);

    /// <summary>Natural logarithm.</summary>
    public static Tensor Log(Tensor input) => Activations.Log.Apply(default, input);

    /// <summary>√x.</summary>
    public static Tensor Sqrt(Tensor input) => Activations.Sqrt.Apply(default, input);

    /// <summary>|x|; its derivative at 0 is 0.</summary>
    public static Tensor Abs(Tensor input) => Activations.Abs.Apply(default, input);

    /// <summary>x².</summary>
    public static Tensor Square(Tensor input) => Activations.Square.Apply(default, input);

    /// <summary>1 / x.</summary>
    public static Tensor Reciprocal(Tensor input) => Activations.Reciprocal.Apply(default, input);

    /// <summary>-x.</summary>
    public static Tensor Neg(Tensor input) => ScaleShift(input, -1);

    /// <summary>Softmax over the last dimension, or over dimension 1, the classes of [N, C, ...].</summary>
    public static Tensor Softmax(Tensor input, int dim) => Ops.Softmax.Row.Apply(new SoftmaxAttributes(dim), input);

    /// <summary>Logarithm of <see cref="Softmax"/>, without the digits that a logarithm of small numbers loses.</summary>
    public static Tensor LogSoftmax(Tensor input, int dim) => Ops.Softmax.LogRow.Apply(new SoftmaxAttributes(dim), input);

    /// <summary>Zeroes elements with probability <paramref name="p"/> and scales the others by 1/(1-p). The mask is a function of (key, element).</summary>
    /// <param name="input">Any shape.</param>
    /// <param name="p">Probability of a zero.</param>
    /// <param name="key">Names the random stream.</param>
    /// <param name="counter">[1] int32: with it the stream is named by its value and the key; a replayed step then draws anew.</param>
    public static Tensor Dropout(Tensor input, float p, int key, Tensor? counter = null) =>
        Regularization.Dropout.Apply(new MaskAttributes(p, key), input, counter);

    /// <summary>Zeroes whole samples (first dimension) with probability <paramref name="p"/> and scales the others by 1/(1-p): stochastic depth.</summary>
    /// <param name="input">[N, ...].</param>
    /// <param name="p">Probability of a zero.</param>
    /// <param name="key">Names the random stream.</param>
    /// <param name="counter">[1] int32, as for <see cref="Dropout"/>.</param>
    public static Tensor DropPath(Tensor input, float p, int key, Tensor? counter = null) =>
        Regularization.DropPath.Apply(new MaskAttributes(p, key), input, null, counter);

    /// <summary>a + b, broadcast as <see cref="Arithmetic"/> says: [C] as second operand is one number a channel, all else is as in PyTorch.</summary>
    /// <exception cref="ShapeMismatchException">The shapes do not fit.</exception>
    public static Tensor Add(Tensor a, Tensor b) => Arithmetic.Add.Apply(default, a, b);

    /// <summary>a + number.</summary>
    public static Tensor Add(Tensor a, float number) => ScaleShift(a, 1, number);

    /// <summary>a - b, broadcast as <see cref="Add(Tensor, Tensor)"/>.</summary>
    /// <exception cref="ShapeMismatchException">The shapes do not fit.</exception>
    public static Tensor Sub(Tensor a, Tensor b) => Arithmetic.Subtract.Apply(default, a, b);

    /// <summary>a - number.</summary>
    public static Tensor Sub(Tensor a, float number) => ScaleShift(a, 1, -number);

    /// <summary>number - b.</summary>
    public static Tensor Sub(float number, Tensor b) => ScaleShift(b, -1, number);

    /// <summary>a · b, broadcast as <see cref="Add(Tensor, Tensor)"/>.</summary>
    /// <exception cref="ShapeMismatchException">The shapes do not fit.</exception>
    public static Tensor Mul(Tensor a, Tensor b) => Arithmetic.Multiply.Apply(default, a, b);

    /// <summary>a · number.</summary>
    public static Tensor Mul(Tensor a, float number) => ScaleShift(a, number);

    /// <summary>a / b, broadcast as <see cref="Add(Tensor, Tensor)"/>.</summary>
    /// <exception cref="ShapeMismatchException">The shapes do not fit.</exception>
    public static Tensor Div(Tensor a, Tensor b) => Arithmetic.Divide.Apply(default, a, b);

    /// <summary>a / number, as a product with the rounded 1 / number: the last bit may differ from a quotient's, as in PyTorch on a GPU.</summary>
    public static Tensor Div(Tensor a, float number) => ScaleShift(a, 1 / number);

    /// <summary>number / b, as number · (1 / b), which is what PyTorch makes of it.</summary>
    public static Tensor Div(float number, Tensor b) => Mul(Reciprocal(b), number);

    /// <summary>scale · input + shift, with one rounding.</summary>
    public static Tensor ScaleShift(Tensor input, float scale, float shift = 0) => Ops.ScaleShift.Row.Apply(new ScaleShiftAttributes(scale, shift), input);

    /// <summary>Sum over all elements → [1].</summary>
    public static Tensor Sum(Tensor input) => Reduction.Sum.Apply(default, input);

    /// <summary>Sum over one dimension, which goes or stays with size 1; -1 is the last.</summary>
    public static Tensor Sum(Tensor input, int dim, bool keepdim = false) => Sum(input, [dim], keepdim);

    /// <summary>Sum over dimensions, which go or stay with size 1; where none is left → [1].</summary>
    public static Tensor Sum(Tensor input, ReadOnlySpan<int> dim, bool keepdim = false) => Reduction.Sum.Apply(new(Dims.Of(dim), keepdim), input);

    /// <summary>Mean over all elements → [1].</summary>
    public static Tensor Mean(Tensor input) => Reduction.Mean.Apply(default, input);

    /// <summary>Mean over one dimension, as <see cref="Sum(Tensor, int, bool)"/>.</summary>
    public static Tensor Mean(Tensor input, int dim, bool keepdim = false) => Mean(input, [dim], keepdim);

    /// <summary>Mean over dimensions, as <see cref="Sum(Tensor, ReadOnlySpan{int}, bool)"/>.</summary>
    public static Tensor Mean(Tensor input, ReadOnlySpan<int> dim, bool keepdim = false) => Reduction.Mean.Apply(new(Dims.Of(dim), keepdim), input);

    /// <summary>The largest element → [1]; NaN if there is one. Equal largest elements share the gradient evenly (torch.amax).</summary>
    public static Tensor Max(Tensor input) => Reduction.Max.Apply(default, input);

    /// <summary>The largest elements along one dimension, as <see cref="Sum(Tensor, int, bool)"/>.</summary>
    public static Tensor Max(Tensor input, int dim, bool keepdim = false) => Max(input, [dim], keepdim);

    /// <summary>The largest elements along dimensions, as <see cref="Sum(Tensor, ReadOnlySpan{int}, bool)"/>.</summary>
    public static Tensor Max(Tensor input, ReadOnlySpan<int> dim, bool keepdim = false) => Reduction.Max.Apply(new(Dims.Of(dim), keepdim), input);

    /// <summary>Matrix product: [M, K] × [K, N], or [B, M, K] × [B, K, N].</summary>
    public static Tensor MatMul(Tensor input, Tensor other) => Ops.MatMul.Row.Apply(default, input, other);

    /// <summary>weightA · a + weightB · b, same shape.</summary>
    public static Tensor WeightedSum(Tensor a, Tensor b, float weightA, float weightB) =>
        Ops.WeightedSum.Row.Apply(new WeightedSumAttributes(weightA, weightB), a, b);

    /// <summary>Bilinear resize of [N, C, H, W] to [N, C, height, width].</summary>
    public static Tensor Interpolate(Tensor input, int height, int width, bool alignCorners = false) =>
        Resampling.Interpolate.Apply(new InterpolateAttributes(height, width, alignCorners), input);

    /// <summary>Resize of [N, C, H, W] to [N, C, height, width] in a mode of one's choice.</summary>
    public static Tensor Interpolate(Tensor input, int height, int width, InterpolateMode mode) =>
        Resampling.Interpolate.Apply(new InterpolateAttributes(height, width, AlignCorners: false, mode), input);

    /// <summary>Bilinear resize of [N, C, h, w] to the size of <paramref name="target"/> [.., H, W]; the input itself where it has that size.</summary>
    public static Tensor ResizeTo(Tensor input, Tensor target, bool alignCorners = false)
    {
        int height = target.Shape[2];
        int width = target.Shape[3];
        return input.Shape[2] == height && input.Shape[3] == width ? input : Interpolate(input, height, width, alignCorners);
    }

    /// <summary>[N, C, …] → [N, …] int32, the first class with the largest logit; torch.argmax(input, dim=1).</summary>
    public static Tensor Argmax(Tensor input) => Ops.Argmax.Row.Apply(default, input);

    /// <summary>A window of [N, C, H, W] or of its mirror image, padded where it reaches beyond.</summary>
    public static Tensor Window(Tensor input, in WindowAttributes window) => Windows.Cut.Apply(window, input);

    /// <summary>
    /// A copy of target [N, C, H, W] with input [N, C, h, w], or its mirror image, added at a place and cut to what fits. Not differentiable.
    /// </summary>
    public static Tensor AddWindow(Tensor target, Tensor input, in AddWindowAttributes place) => Windows.Add.Apply(place, target, input);

    /// <summary>Max pooling of [N, C, H, W].</summary>
    public static Tensor MaxPool2d(Tensor input, int kernel, int stride, int padding = 0) =>
        Pooling.Max.Apply(new MaxPoolAttributes(kernel, stride, padding), input);

    /// <summary>Average pooling of [N, C, H, W]; padding counts as zeros.</summary>
    public static Tensor AvgPool2d(Tensor input, int kernel, int stride, int padding = 0) =>
        Pooling.Average.Apply(new AvgPoolAttributes(kernel, stride, padding), input);

    /// <summary>Average pooling of [N, C, H, W] into height × width bins.</summary>
    public static Tensor AdaptiveAvgPool2d(Tensor input, int height, int width) => Pooling.Adaptive.Apply(new AdaptivePoolAttributes(height, width), input);

    /// <summary>Concatenation of two to six maps [N, Cᵢ, H, W] along the channels.</summary>
    public static Tensor Cat(Tensor a, Tensor b, Tensor? c = null, Tensor? d = null, Tensor? e = null, Tensor? f = null) =>
        Layout.Cat.Apply(default, a, b, c, d, e, f);

    /// <summary>[N, C, H, W] → [N, H·W, C].</summary>
    public static Tensor ToTokens(Tensor map) => Layout.ToTokens.Apply(default, map);

    /// <summary>[N, height·width, C] → [N, C, height, width].</summary>
    public static Tensor ToMap(Tensor tokens, int height, int width) => Layout.ToMap.Apply(new MapAttributes(height, width), tokens);

    /// <summary>Multi-head attention. query [B, N, C], keyValue [B, M, 2C] (keys, then values) → [B, N, C]; scale (C/heads)^-½.</summary>
    public static Tensor Attention(Tensor query, Tensor keyValue, int heads) => Ops.Attention.Row.Apply(new AttentionAttributes(heads), query, keyValue);

    /// <summary>
    /// The same numbers as float32 or bfloat16; the input itself where it holds that already. A float64 tensor of a gradient check stays one.
    /// </summary>
    public static Tensor To(Tensor input, DType type) => Cast.TypeOf(input.DType, type) == input.DType ? input : Cast.To.Apply(new ToAttributes(type), input);

    /// <summary>The same values, through which no gradient flows (<c>torch.Tensor.detach</c>). It shares the memory.</summary>
    public static Tensor Detach(Tensor input)
    {
        using NoGrad none = new();
        return Reshape(input, input.Shape);
    }

    /// <summary>The same elements in another shape.</summary>
    public static Tensor Reshape(Tensor input, Shape shape) => Ops.Reshape.Row.Apply(ReshapeAttributes.Of(shape), input);

    /// <summary>The dimensions in another order: dimension i of the output is dimension <paramref name="dims"/>[i] of the input.</summary>
    public static Tensor Permute(Tensor input, params ReadOnlySpan<int> dims) => Permutation.Row.Apply(new PermuteAttributes(DimOrder.Of(dims)), input);

    /// <summary>input[start:end:step] of a dimension; a negative place counts from the end.</summary>
    public static Tensor Slice(Tensor input, int dim, int start = 0, int end = int.MaxValue, int step = 1) =>
        Slicing.Slice.Apply(new SliceAttributes(dim, start, end, step), input);

    /// <summary>A constant around [..., H, W]; negative numbers cut off.</summary>
    public static Tensor Pad(Tensor input, int left, int right, int top = 0, int bottom = 0, float value = 0) =>
        Slicing.Pad.Apply(new PadAttributes(left, right, top, bottom, value), input);
}
