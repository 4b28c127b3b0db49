using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Weights.Onnx;

/// <summary>Adds the nodes of a traced operation and returns the name of its output.</summary>
internal delegate string Translator(Translation translation, TracedOperation operation);

/// <summary>The counterpart in ONNX of every operation that a network in evaluation mode is made of.</summary>
internal static class OperatorTable
{
    private static readonly Dictionary<OpRow, Translator> s_translators = new()
    {
        [Activations.Relu] = ElementwiseOperators.Unary("Relu"),
        [Activations.Relu6] = ElementwiseOperators.Relu6,
        [Activations.Gelu] = ElementwiseOperators.Gelu,
        [Activations.Silu] = ElementwiseOperators.Silu,
        [Activations.Hardswish] = ElementwiseOperators.Unary("HardSwish"),
        [Activations.Sigmoid] = ElementwiseOperators.Unary("Sigmoid"),
        [Activations.Tanh] = ElementwiseOperators.Unary("Tanh"),
        [Activations.Exp] = ElementwiseOperators.Unary("Exp"),
        [Activations.Log] = ElementwiseOperators.Unary("Log"),
        [Activations.Sqrt] = ElementwiseOperators.Unary("Sqrt"),
        [Activations.Abs] = ElementwiseOperators.Unary("Abs"),
        [Activations.Square] = ElementwiseOperators.Square,
        [Activations.Reciprocal] = ElementwiseOperators.Unary("Reciprocal"),
        [ScaleShift.Row] = ElementwiseOperators.ScaleShift,
        [Arithmetic.Add] = ElementwiseOperators.Binary("Add"),
        [Arithmetic.Subtract] = ElementwiseOperators.Binary("Sub"),
        [Arithmetic.Multiply] = ElementwiseOperators.Binary("Mul"),
        [Arithmetic.Divide] = ElementwiseOperators.Binary("Div"),
        [WeightedSum.Row] = ElementwiseOperators.WeightedSum,
        [Reduction.Sum] = ReductionOperators.Sum,
        [Reduction.Mean] = ReductionOperators.Other("ReduceMean"),
        [Reduction.Max] = ReductionOperators.Other("ReduceMax"),
        [Softmax.Row] = ElementwiseOperators.Softmax("Softmax"),
        [Softmax.LogRow] = ElementwiseOperators.Softmax("LogSoftmax"),
        [Convolution.Row] = ConvolutionOperators.Conv2d,
        [TransposedConvolution.Row] = ConvolutionOperators.ConvTranspose2d,
        [BatchNormalization.Row] = ConvolutionOperators.BatchNorm,
        [MatMul.Row] = ProductOperators.MatMul,
        [MatMul.Linear] = ProductOperators.Linear,
        [LayerNormalization.Row] = ProductOperators.LayerNorm,
        [GroupNormalization.Row] = ProductOperators.GroupNorm,
        [Attention.Row] = ProductOperators.Attention,
        [Resampling.Interpolate] = MapOperators.Interpolate,
        [Pooling.Max] = MapOperators.MaxPool,
        [Pooling.Average] = MapOperators.AveragePool,
        [Pooling.Adaptive] = MapOperators.AdaptiveAveragePool,
        [Layout.Cat] = LayoutOperators.Cat,
        [Layout.ToTokens] = LayoutOperators.ToTokens,
        [Layout.ToMap] = LayoutOperators.ToMap,
        [Permutation.Row] = LayoutOperators.Permute,
        [Slicing.Slice] = LayoutOperators.Slice,
        [Slicing.Pad] = LayoutOperators.Pad,
        [Reshape.Row] = LayoutOperators.Reshape,
    };

    /// <summary>Operations that have a counterpart.</summary>
    public static IReadOnlyCollection<OpRow> Rows => s_translators.Keys;

    /// <summary>The translator of an operation.</summary>
    /// <exception cref="ExportException">There is none.</exception>
    public static Translator Find(OpRow row) => s_translators.TryGetValue(row, out Translator? translator)
        ? translator
        : throw new ExportException(
            $"operation '{row.Name}' has no counterpart in ONNX here, so the network cannot be exported as it is; export it with --format safetensors.");
}
