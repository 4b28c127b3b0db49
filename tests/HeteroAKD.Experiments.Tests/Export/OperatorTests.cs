using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;
using HeteroAKD.Weights.Onnx;

namespace HeteroAKD.Experiments.Tests.Export;

/// <summary>Every translated operation by itself, on sizes with every kind of edge, against the engine's own.</summary>
public sealed class OperatorTests : IDisposable
{
    private static readonly Shape s_map = new(2, 4, 9, 13);
    private static readonly Shape s_tokens = new(2, 15, 12);

    private static readonly OperatorCase[] s_cases =
    [
        Unary("relu", Functional.Relu),
        Unary("relu6", x => Functional.Relu6(Functional.WeightedSum(x, x, 3, 3))),
        Unary("gelu", Functional.Gelu),
        Unary("silu", Functional.Silu),
        Unary("hardswish", x => Functional.Hardswish(3 * x)),
        Unary("sigmoid", Functional.Sigmoid),
        Unary("tanh", x => Activations.Tanh.Apply(default, x)),
        Unary("exp", x => Activations.Exp.Apply(default, x)),
        Unary("log", x => Activations.Log.Apply(default, x)) with { Low = 0.5f },
        Unary("sqrt", Functional.Sqrt) with { Low = 0.5f },
        Unary("abs", Functional.Abs),
        Unary("square", Functional.Square),
        Unary("reciprocal", Functional.Reciprocal) with { Low = 0.5f },
        Unary("scale_shift", x => 0.5f - (3 * x)),
        Unary("sum of planes", x => Functional.Sum(x, [2, 3])),
        Unary("mean of planes, kept", x => Functional.Mean(x, [-1, -2], keepdim: true)),
        Unary("mean of rows", x => Functional.Mean(x, -1)),
        Unary("max of classes", x => Functional.Max(x, 1, keepdim: true)),
        new("sum of all", [s_map], [new Shape(4)], (x, p) => Functional.Add(x[0], Functional.Sum(p[0]))),
        Binary("add", Arithmetic.Add),
        Binary("sub", Arithmetic.Subtract),
        Binary("mul", Arithmetic.Multiply),
        Binary("div", Arithmetic.Divide) with { Low = 0.5f },
        new("add a channel", [s_map], [new Shape(4)], (x, p) => Arithmetic.Add.Apply(default, x[0], p[0])),
        new("sub a row of numbers", [s_map], [new Shape(1, 1, 1, 13)], (x, p) => x[0] - p[0]),
        new("mul a channel of each image", [s_map, new Shape(2, 4, 1, 1)], [], (x, _) => x[0] * x[1]),
        new("div, both spread", [new Shape(2, 4, 1, 13), new Shape(2, 1, 9, 1)], [], (x, _) => x[0] / x[1]) { Low = 0.5f },
        new("mul one number", [s_map], [new Shape(1)], (x, p) => Arithmetic.Multiply.Apply(default, x[0], p[0])),
        new("weighted_sum", [s_map, s_map], [], (x, _) => Functional.WeightedSum(x[0], x[1], 0.25f, -2)),
        new("softmax of rows", [s_tokens], [], (x, _) => Softmax.Row.Apply(new SoftmaxAttributes(-1), x[0])),
        new("softmax of classes", [s_map], [], (x, _) => Softmax.Row.Apply(new SoftmaxAttributes(1), x[0])),
        new("log_softmax of classes", [s_map], [], (x, _) => Softmax.LogRow.Apply(new SoftmaxAttributes(1), x[0])),
        new("conv2d", [s_map], [new Shape(6, 4, 3, 3), new Shape(6)], (x, p) => Functional.Conv2d(x[0], p[0], p[1], stride: 2, padding: 1)),
        new("conv2d, dilated, of groups", [s_map], [new Shape(6, 2, 3, 3)], (x, p) => Functional.Conv2d(x[0], p[0], padding: 2, dilation: 2, groups: 2)),
        new("conv2d, depth-wise", [s_map], [new Shape(4, 1, 5, 5)], (x, p) => Functional.Conv2d(x[0], p[0], padding: 2, groups: 4)),
        new(
            "conv2d, other rows than columns",
            [s_map],
            [new Shape(6, 4, 3, 5)],
            (x, p) => Functional.Conv2d(x[0], p[0], stride: new Size2d(2, 1), padding: new Size2d(1, 3), dilation: new Size2d(1, 2))),
        new(
            "conv_transpose2d",
            [s_map],
            [new Shape(4, 3, 3, 3), new Shape(3)],
            (x, p) => Functional.ConvTranspose2d(x[0], p[0], p[1], stride: 2, padding: 1, outputPadding: 1)),
        new("conv_transpose2d, of groups, other rows than columns", [s_map], [new Shape(4, 3, 2, 3)],
            (x, p) => Functional.ConvTranspose2d(x[0], p[0], stride: new Size2d(2, 3), padding: new Size2d(0, 1), groups: 2, dilation: new Size2d(1, 2))),
        new("batch_norm", [s_map], Norm(4), (x, p) => Normalized(x[0], p, null)),
        new("batch_norm with residual and relu", [s_map, s_map], Norm(4), (x, p) => Normalized(x[0], p, x[1], relu: true)),
        new("conv2d, batch_norm with residual and relu", [s_map, s_map], [.. Norm(4), new Shape(4, 4, 3, 3)],
            (x, p) => Normalized(Functional.Conv2d(x[0], p[4], padding: 1), p, x[1], relu: true)),
        new(
            "conv2d with bias, batch_norm",
            [s_map],
            [.. Norm(6), new Shape(6, 4, 1, 1), new Shape(6)],
            (x, p) => Normalized(Functional.Conv2d(x[0], p[4], p[5]), p, null)),
        new("conv2d that two read, batch_norm", [s_map], [.. Norm(4), new Shape(4, 4, 1, 1)], (x, p) =>
        {
            Tensor shared = Functional.Conv2d(x[0], p[4]);
            return Functional.Add(shared, Normalized(shared, p, null));
        }),
        new("matmul", [new Shape(2, 5, 7), new Shape(2, 7, 3)], [], (x, _) => MatMul.Row.Apply(default, x[0], x[1])),
        new("linear", [s_tokens], [new Shape(5, 12), new Shape(5)], (x, p) => Functional.Linear(x[0], p[0], p[1])),
        new("linear without bias", [new Shape(2, 12)], [new Shape(5, 12)], (x, p) => Functional.Linear(x[0], p[0])),
        new("layer_norm", [s_tokens], [new Shape(12), new Shape(12)], (x, p) => Functional.LayerNorm(x[0], p[0], p[1], 1e-6f)),
        new("group_norm", [s_map], [new Shape(4), new Shape(4)], (x, p) => Functional.GroupNorm(x[0], 2, p[0], p[1], 1e-4f)),
        new("group_norm of rows", [new Shape(2, 6)], [new Shape(6), new Shape(6)], (x, p) => Functional.GroupNorm(x[0], 2, p[0], p[1])),
        new("attention", [s_tokens, new Shape(2, 4, 24)], [], (x, _) => Functional.Attention(x[0], x[1], 3)),
        new("attention of one head", [s_tokens, new Shape(2, 15, 24)], [], (x, _) => Functional.Attention(x[0], x[1], 1)),
        Resize("larger", 31, 26, alignCorners: false),
        Resize("larger, corners aligned", 31, 26, alignCorners: true),
        Resize("smaller", 4, 5, alignCorners: false),
        Resize("smaller, corners aligned", 4, 5, alignCorners: true),
        Resize("one pixel, corners aligned", 1, 1, alignCorners: true),
        new("interpolate from one pixel", [new Shape(2, 4, 1, 1)], [], (x, _) => Functional.Interpolate(x[0], 5, 7, alignCorners: true)),
        new("interpolate, nearest, larger", [s_map], [], (x, _) => Functional.Interpolate(x[0], 27, 26, InterpolateMode.Nearest)),
        new("interpolate, nearest, smaller", [s_map], [], (x, _) => Functional.Interpolate(x[0], 4, 5, InterpolateMode.Nearest)),
        new("interpolate, nearest exact, larger", [s_map], [], (x, _) => Functional.Interpolate(x[0], 20, 30, InterpolateMode.NearestExact)),
        new("interpolate, nearest exact, smaller", [s_map], [], (x, _) => Functional.Interpolate(x[0], 4, 5, InterpolateMode.NearestExact)),
        new("max_pool2d", [s_map], [], (x, _) => Functional.MaxPool2d(x[0], 3, 2, 1)),
        new("avg_pool2d", [s_map], [], (x, _) => Functional.AvgPool2d(x[0], 3, 2, 1)),
        new(
            "avg_pool2d without padding in the mean",
            [s_map],
            [],
            (x, _) => Pooling.Average.Apply(new AvgPoolAttributes(3, 2, 1, CountIncludePad: false), x[0])),
        new("adaptive_avg_pool2d to one bin", [s_map], [], (x, _) => Functional.AdaptiveAvgPool2d(x[0], 1, 1)),
        new("adaptive_avg_pool2d, bins of equal size", [new Shape(2, 4, 8, 12)], [], (x, _) => Functional.AdaptiveAvgPool2d(x[0], 2, 4)),
        new("adaptive_avg_pool2d, bins that overlap", [s_map], [], (x, _) => Functional.AdaptiveAvgPool2d(x[0], 4, 5)),
        new("adaptive_avg_pool2d, more bins than pixels", [s_map], [], (x, _) => Functional.AdaptiveAvgPool2d(x[0], 11, 13)),
        new("cat", [s_map, new Shape(2, 1, 9, 13), s_map], [], (x, _) => Functional.Cat(x[0], x[1], x[2])),
        new("to_tokens", [s_map], [], (x, _) => Functional.ToTokens(x[0])),
        new("to_map", [s_tokens], [], (x, _) => Functional.ToMap(x[0], 3, 5)),
        new("permute", [s_map], [], (x, _) => Functional.Permute(x[0], 0, 2, 3, 1)),
        new("permute to another batch", [s_tokens], [], (x, _) => Functional.Permute(x[0], -1, 0, 1)),
        new("slice", [s_map], [], (x, _) => Functional.Slice(x[0], 1, 1, 3)),
        new("slice, from the end, every second", [s_map], [], (x, _) => Functional.Slice(x[0], -1, -9, step: 2)),
        new("slice of the batch", [s_tokens], [], (x, _) => Functional.Slice(x[0], 0, 1)),
        new("pad", [s_map], [], (x, _) => Functional.Pad(x[0], 1, 2, 3, 4, 0.5f)),
        new("pad, cut off", [s_map], [], (x, _) => Functional.Pad(x[0], -1, 2, 0, -3)),
        new("pad of rows", [new Shape(3, 7)], [], (x, _) => Functional.Pad(x[0], 0, 2)),
        new("reshape", [s_map], [], (x, _) => Functional.Reshape(x[0], new Shape(x[0].Shape[0], 12, 39))),
    ];

    private readonly Device _device = Device.Open("cpu", 1);

    public static TheoryData<string> Names => [.. s_cases.Select(c => c.Name)];

    public void Dispose() => _device.Dispose();

    [Theory]
    [MemberData(nameof(Names))]
    public void Operation_is_the_same_in_onnx(string name)
    {
        OperatorCase operation = s_cases.Single(c => c.Name == name);
        operation.Compare(_device, new TranslationOptions());
        operation.Compare(_device, new TranslationOptions(DynamicBatch: true));
        operation.Compare(_device, new TranslationOptions(FoldBatchNorm: true));
        operation.Compare(_device, new TranslationOptions(Opset: OnnxGraph.OldestOpset));
        operation.Compare(_device, new TranslationOptions(Opset: OnnxGraph.NewestOpset));
    }

    [Fact]
    public void Every_operation_is_translated_and_tested_or_is_none_of_a_network()
    {
        OpRow[] others =
        [
            Cast.To, Regularization.Dropout, Regularization.DropPath, Losses.CrossEntropy, Losses.Kd, HeteroAkd.Row, PseudoLabels.Row, OneHot.Row,
            SoftmaxKl.Row, CityBlock.Row, Pearson.Row, Sampling.Pixels, Sampling.MemoryBank, AdamWStep.Row, SgdStep.Row,
            Argmax.Row, Windows.Cut, Windows.Add,
        ];
        Assert.Equal(OpTable.All.Except(others).Select(r => r.Name).Order(), OperatorTable.Rows.Select(r => r.Name).Order());
        Assert.All(OperatorTable.Rows, row => Assert.Contains(s_cases, c => c.Name.StartsWith(row.Name, StringComparison.Ordinal)));
    }

    [Fact]
    public void Operations_without_counterpart_are_named()
    {
        OperatorCase dropout = new("dropout", [s_map], [], (x, _) => Functional.Dropout(x[0], 0.5f, 1));
        Assert.Contains("'dropout' has no counterpart", Refusal(dropout, default), StringComparison.Ordinal);
        OperatorCase training = new("training", [s_map], Norm(4), (x, p) => Functional.BatchNorm(x[0], p[0], p[1], p[2], p[3], null, training: true));
        Assert.Contains("'batch_norm' ran in training mode", Refusal(training, default), StringComparison.Ordinal);
        OperatorCase flat = new("flat", [s_map], [], (x, _) => Functional.Reshape(x[0], new Shape(8, 117)));
        Assert.Contains("[2, 4, 9, 13] into [8, 117]", Refusal(flat, new TranslationOptions(DynamicBatch: true)), StringComparison.Ordinal);
        OperatorCase stray = new("stray", [s_map], [], (x, _) => Functional.Add(x[0], Tensor.Zeros(_device, s_map)));
        Assert.Contains("'add' reads 'other' [2, 4, 9, 13], which is neither", Refusal(stray, default), StringComparison.Ordinal);
    }

    private string Refusal(OperatorCase operation, TranslationOptions options) =>
        Assert.Throws<ExportException>(() => operation.Compare(_device, options)).Message;

    private static OperatorCase Unary(string name, Func<Tensor, Tensor> function) => new(name, [s_map], [], (x, _) => function(x[0]));

    private static OperatorCase Binary(string name, OpRow<NoAttributes> row) => new(name, [s_map, s_map], [], (x, _) => row.Apply(default, x[0], x[1]));

    private static OperatorCase Resize(string name, int height, int width, bool alignCorners) =>
        new("interpolate, " + name, [s_map], [], (x, _) => Functional.Interpolate(x[0], height, width, alignCorners));

    private static Shape[] Norm(int channels) => [new(channels), new(channels), new(channels), new(channels)];

    // Parameters are positive, so the fourth can be a variance.
    private static Tensor Normalized(Tensor x, Tensor[] p, Tensor? residual, bool relu = false) =>
        Functional.BatchNorm(x, p[0], p[1], p[2], p[3], residual, training: false, eps: 1e-3f, relu: relu);
}
