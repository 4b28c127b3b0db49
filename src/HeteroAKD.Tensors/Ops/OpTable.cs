using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>An operation that the table does not hold.</summary>
public sealed class UnknownOperationException(string name, string? nearest)
    : HeteroAkdException($"there is no operation '{name}'.{(nearest is null ? "" : $" Did you mean '{nearest}'?")} 'heteroakd op --list' shows them all.");

/// <summary>The one table of operations: a row each with name, shape rule, forward kernel and gradient.</summary>
public static class OpTable
{
    /// <summary>Every operation.</summary>
    public static IReadOnlyList<OpRow> All { get; } =
    [
        Activations.Relu,
        Activations.Relu6,
        Activations.Gelu,
        Activations.Silu,
        Activations.Hardswish,
        Activations.Sigmoid,
        Activations.Tanh,
        Activations.Exp,
        Activations.Log,
        Activations.Sqrt,
        Activations.Abs,
        Activations.Square,
        Activations.Reciprocal,
        ScaleShift.Row,
        Arithmetic.Add,
        Arithmetic.Subtract,
        Arithmetic.Multiply,
        Arithmetic.Divide,
        WeightedSum.Row,
        Reduction.Sum,
        Reduction.Mean,
        Reduction.Max,
        Reshape.Row,
        Permutation.Row,
        Slicing.Slice,
        Slicing.Pad,
        Cast.To,
        Regularization.Dropout,
        Regularization.DropPath,
        MatMul.Row,
        MatMul.Linear,
        Convolution.Row,
        TransposedConvolution.Row,
        BatchNormalization.Row,
        LayerNormalization.Row,
        GroupNormalization.Row,
        Softmax.Row,
        Softmax.LogRow,
        Argmax.Row,
        Resampling.Interpolate,
        Pooling.Max,
        Pooling.Average,
        Pooling.Adaptive,
        Layout.Cat,
        Layout.ToTokens,
        Layout.ToMap,
        Windows.Cut,
        Windows.Add,
        Attention.Row,
        Losses.CrossEntropy,
        Losses.Kd,
        HeteroAkd.Row,
        PseudoLabels.Row,
        OneHot.Row,
        SoftmaxKl.Row,
        CityBlock.Row,
        Pearson.Row,
        Sampling.Pixels,
        Sampling.MemoryBank,
        AdamWStep.Row,
        SgdStep.Row,
    ];

    private static readonly Dictionary<string, OpRow> s_byName = All.ToDictionary(row => row.Name);

    /// <summary>The operation of a name.</summary>
    /// <exception cref="UnknownOperationException">There is none; the message names the nearest.</exception>
    public static OpRow Find(string name) =>
        s_byName.TryGetValue(name, out OpRow? row) ? row : throw new UnknownOperationException(name, NearestName.Of(name, s_byName.Keys));
}
