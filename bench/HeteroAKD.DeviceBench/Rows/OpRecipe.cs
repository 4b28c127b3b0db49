using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Checks;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.DeviceBench.Rows;

/// <summary>An operation on inputs of given sizes.</summary>
/// <param name="Inputs">Inputs in order.</param>
/// <param name="Apply">The operation.</param>
/// <param name="Error">How its rounding error grows.</param>
/// <param name="Terms">Numbers that the longest sum behind a result adds up.</param>
/// <param name="Moved">Elements of four bytes that must cross memory in a forward and a backward pass, each tensor once in each pass that needs it.</param>
/// <param name="Flops">Floating-point operations of both passes, a multiply-add as 2; 0 where memory is what bounds.</param>
internal sealed record OpRecipe(IReadOnlyList<RowInput> Inputs, Func<Tensor[], Tensor> Apply, ErrorClass Error, int Terms, double Moved, double Flops = 0)
{
    private const int LogitScale = 2;
    private const double FlopsPerMultiplyAdd = 2;

    /// <summary>The recipe of a row, or null where it is no single operation.</summary>
    public static OpRecipe? Of(string kind, RowSizes s) => kind switch
    {
        "heteroakd" => HeteroAkdLoss(s),
        "kl" => PixelKl(s),
        "gemm" => Gemm(s),
        "conv" => Conv(s),
        "attention" => Attention(s),
        "layer_norm" => LayerNorm(s),
        "batch_norm" => BatchNorm(s),
        "softmax" => Softmax(s),
        "gelu" => Gelu(s),
        _ => null,
    };

    // Both maps of logits and the labels are read once, both gradients written once, on whatever grid the loss is computed.
    private static OpRecipe HeteroAkdLoss(RowSizes s)
    {
        Shape logits = Shape.Of(s.Shape);
        Shape labels = new(s.Shape[0], s.Labels[0], s.Labels[1]);
        bool onLabelGrid = s.Labels[0] != s.Shape[2] || s.Labels[1] != s.Shape[3];
        HeteroAkdAttributes attributes = new(Grid: onLabelGrid ? WorkingGrid.Label : WorkingGrid.Student, IgnoreIndex: RowInput.IgnoreIndex);
        return new(
            [
                new("input", logits) { Scale = LogitScale },
                new("teacher", logits) { Scale = LogitScale },
                new("target", labels) { Classes = s.Shape[1], Gradient = false },
            ],
            x => HeteroAkd.Row.Apply(attributes, x[0], x[1], x[2]),
            ErrorClass.Loss,
            labels.Count,
            (4.0 * logits.Count) + labels.Count);
    }

    private static OpRecipe PixelKl(RowSizes s)
    {
        Shape logits = Shape.Of(s.Shape);
        return new(
            [new("input", logits) { Scale = LogitScale }, new("teacher", logits) { Scale = LogitScale, Gradient = false }],
            x => Losses.Kd.Apply(new KdAttributes(Tau: 1), x[0], x[1]),
            ErrorClass.Loss,
            logits.Count / logits[1],
            3.0 * logits.Count);
    }

    private static OpRecipe Gemm(RowSizes s)
    {
        double multiplyAdds = (double)s.M * s.N * s.K;
        double elements = ((double)s.M * s.K) + ((double)s.K * s.N) + ((double)s.M * s.N);
        return new(
            [new("input", new Shape(s.M, s.K)) { IsActivation = true }, new("other", new Shape(s.K, s.N)) { IsActivation = true }],
            x => MatMul.Row.Apply(default, x[0], x[1]),
            ErrorClass.Sum,
            Math.Max(s.K, Math.Max(s.M, s.N)),
            3 * elements,
            3 * FlopsPerMultiplyAdd * multiplyAdds);
    }

    private static OpRecipe Conv(RowSizes s)
    {
        Shape input = Shape.Of(s.Shape);
        Shape weight = new(s.Out, input[1] / s.Groups, s.Kernel, s.Kernel);
        double output = (double)input[0] * s.Out * input[2] * input[3];
        return new(
            [new("input", input) { IsActivation = true }, RowInput.Weight(weight)],
            x => Functional.Conv2d(x[0], x[1], null, 1, s.Dilation * (s.Kernel / 2), s.Dilation, s.Groups),
            ErrorClass.Sum,
            Math.Max(weight.CountFrom(1), input[0] * input[2] * input[3]),
            (3.0 * input.Count) + (3.0 * weight.Count) + (2 * output),
            3 * FlopsPerMultiplyAdd * output * weight.CountFrom(1));
    }

    // Two products forward, five backward since the scores are not kept.
    private static OpRecipe Attention(RowSizes s)
    {
        int channels = s.Heads * s.Channels;
        Shape query = new(s.Batch, s.Queries, channels);
        Shape keyValue = new(s.Batch, s.Keys, 2 * channels);
        return new(
            [new("query", query) { IsActivation = true }, new("key_value", keyValue) { IsActivation = true }],
            x => Functional.Attention(x[0], x[1], s.Heads),
            ErrorClass.Attention,
            Math.Max(s.Queries, s.Keys),
            (5.0 * query.Count) + (3.0 * keyValue.Count),
            7 * FlopsPerMultiplyAdd * s.Batch * s.Queries * s.Keys * channels);
    }

    private static OpRecipe LayerNorm(RowSizes s)
    {
        Shape input = Shape.Of(s.Shape);
        return new(
            [new("input", input), .. Affine(new Shape(input[-1]))],
            x => Functional.LayerNorm(x[0], x[1], x[2]),
            ErrorClass.Normalization,
            Math.Max(input[-1], input.Count / input[-1]),
            5.0 * input.Count);
    }

    // Both passes read their inputs twice: sums over all of them come before the first result.
    private static OpRecipe BatchNorm(RowSizes s)
    {
        Shape input = Shape.Of(s.Shape);
        Shape channels = new(input[1]);
        return new(
            [
                new("input", input), .. Affine(channels),
                new("running_mean", channels) { Gradient = false }, new("running_var", channels) { Gradient = false, Mean = 1, Scale = 0 },
            ],
            x => Functional.BatchNorm(x[0], x[1], x[2], x[3], x[4], null, training: true),
            ErrorClass.Normalization,
            input.Count / input[1],
            8.0 * input.Count);
    }

    private static OpRecipe Softmax(RowSizes s)
    {
        Shape input = Shape.Of(s.Shape);
        return new(
            [new("input", input) { Scale = LogitScale }],
            x => Tensors.Ops.Softmax.Row.Apply(new SoftmaxAttributes(1), x[0]),
            ErrorClass.Normalization,
            input[1],
            5.0 * input.Count);
    }

    private static OpRecipe Gelu(RowSizes s)
    {
        Shape input = Shape.Of(s.Shape);
        return new([new("input", input)], x => Functional.Gelu(x[0]), ErrorClass.Function, 1, 5.0 * input.Count);
    }

    private static RowInput[] Affine(Shape channels) => [new("weight", channels) { Mean = 1, Scale = 0.1 }, new("bias", channels) { Scale = 0.1 }];
}
