using HeteroAKD.Bench.Machine;
using HeteroAKD.Bench.Peers;
using HeteroAKD.Tensors;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace HeteroAKD.Bench.Cases;

/// <summary>Layer norm over the last dimension of tokens.</summary>
internal sealed record LayerNormCase(Shape Shape) : OpCase("layer norm", Text.Of(Shape))
{
    private const int FlopsPerElement = 24;

    /// <summary>The rows.</summary>
    public static IReadOnlyList<LayerNormCase> Rows { get; } =
    [
        new(new Shape(16, 768, 24)) { Goal = 1.2 },
        new(new Shape(16, 48, 96)) { Goal = 1.2 },
        new(new Shape(2, 4096, 32)) { Goal = 1.2 },
        new(new Shape(2, 256, 160)) { Goal = 1.2 },
        new(new Shape(8, 1024, 256)) { Goal = 1.2 },
    ];

    private int Channels => Shape[-1];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs =>
        [new("input", Shape), new("weight", new Shape(Channels)) { Mean = 1, Scale = 0.1 }, new("bias", new Shape(Channels)) { Scale = 0.1 }];

    /// <inheritdoc/>
    public override Work Work => Work.Elements((double)FlopsPerElement * Shape.Count, MovedElements(Shape.Count));

    /// <inheritdoc/>
    public override Tensor Ours(ReadOnlySpan<Tensor> x) => Functional.LayerNorm(x[0], x[1], x[2]);

    /// <inheritdoc/>
    public override torch.Tensor Theirs(ReadOnlySpan<torch.Tensor> x) => F.layer_norm(x[0], [Channels], x[1], x[2]);
}

/// <summary>Batch norm in training, with ReLU and perhaps a residual; libtorch's own networks do both in place.</summary>
internal sealed record BatchNormCase(Shape Shape, bool Residual = false) : OpCase("batch norm", $"{Text.Of(Shape)} {(Residual ? "+ residual " : "")}+ relu")
{
    private const int FlopsPerElement = 24;

    /// <summary>The rows.</summary>
    public static IReadOnlyList<BatchNormCase> Rows { get; } =
    [
        new(new Shape(16, 16, 48, 64)) { Goal = 1.2 },
        new(new Shape(16, 24, 24, 32), Residual: true) { Goal = 1.2 },
        new(new Shape(16, 48, 12, 16)) { Goal = 1.2 },
        new(new Shape(2, 64, 128, 128)) { Goal = 1.2 },
        new(new Shape(2, 128, 32, 32)) { Goal = 1.2 },
        new(new Shape(8, 256, 64, 64)) { Goal = 1.2 },
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs
    {
        get
        {
            Shape channel = new(Shape[1]);
            List<CaseInput> inputs =
            [
                new("input", Shape), new("weight", channel) { Mean = 1, Scale = 0.1 }, new("bias", channel) { Scale = 0.1 },
                new("running_mean", channel) { Gradient = false }, new("running_var", channel) { Gradient = false, Mean = 1, Scale = 0 },
            ];
            if (Residual)
            {
                inputs.Add(new CaseInput("residual", Shape));
            }

            return inputs;
        }
    }

    /// <inheritdoc/>
    public override Work Work => Work.Elements((double)FlopsPerElement * Shape.Count, MovedElements(Shape.Count));

    /// <inheritdoc/>
    public override Tensor Ours(ReadOnlySpan<Tensor> x) =>
        Functional.BatchNorm(x[0], x[1], x[2], x[3], x[4], Residual ? x[5] : null, training: true, relu: true);

    /// <inheritdoc/>
    public override torch.Tensor Theirs(ReadOnlySpan<torch.Tensor> x)
    {
        torch.Tensor y = F.batch_norm(x[0], x[3], x[4], x[1], x[2], training: true);
        return (Residual ? y.add_(x[5]) : y).relu_();
    }
}

/// <summary>Group norm of maps.</summary>
internal sealed record GroupNormCase(Shape Shape, int Groups) : OpCase("group norm", $"{Text.Of(Shape)} in {Groups} groups")
{
    private const int FlopsPerElement = 24;

    /// <summary>The rows.</summary>
    public static IReadOnlyList<GroupNormCase> Rows { get; } =
    [
        new(new Shape(2, 64, 128, 128), 32), new(new Shape(2, 256, 32, 32), 32), new(new Shape(16, 48, 12, 16), 8)
    ];

    private Shape Channel => new(Shape[1]);

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs =>
        [new("input", Shape), new("weight", Channel) { Mean = 1, Scale = 0.1 }, new("bias", Channel) { Scale = 0.1 }];

    /// <inheritdoc/>
    public override Work Work => Work.Elements((double)FlopsPerElement * Shape.Count, MovedElements(Shape.Count));

    /// <inheritdoc/>
    public override Tensor Ours(ReadOnlySpan<Tensor> x) => Functional.GroupNorm(x[0], Groups, x[1], x[2]);

    /// <inheritdoc/>
    public override torch.Tensor Theirs(ReadOnlySpan<torch.Tensor> x) => F.group_norm(x[0], Groups, x[1], x[2]);
}
