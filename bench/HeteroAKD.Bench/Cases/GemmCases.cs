using HeteroAKD.Bench.Machine;
using HeteroAKD.Bench.Peers;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Ops;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace HeteroAKD.Bench.Cases;

/// <summary>A square product, and its two gradient products.</summary>
internal sealed record MatMulCase(int Size) : OpCase("gemm", $"{Size}x{Size}x{Size}")
{
    /// <summary>The rows.</summary>
    public static IReadOnlyList<MatMulCase> Rows { get; } = [new(256), new(512), new(1024) { Goal = 1 }];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs => [new("input", new Shape(Size, Size)), new("other", new Shape(Size, Size))];

    /// <inheritdoc/>
    public override Work Work => Work.Elements(3 * 2.0 * Size * Size * Size, MovedElements((double)Size * Size));

    /// <inheritdoc/>
    public override Tensor Ours(ReadOnlySpan<Tensor> x) => MatMul.Row.Apply(default, x[0], x[1]);

    /// <inheritdoc/>
    public override torch.Tensor Theirs(ReadOnlySpan<torch.Tensor> x) => x[0].matmul(x[1]);
}

/// <summary>A linear layer on tokens.</summary>
/// <param name="Where">Network and layer.</param>
/// <param name="Rows">Tokens of all images.</param>
/// <param name="In">Input channels.</param>
/// <param name="Out">Output channels.</param>
internal sealed record LinearCase(string Where, int Tokens, int In, int Out) : OpCase("linear", $"{Where}: {Tokens}x{In} -> {Out}")
{
    /// <summary>SegFormer-B0 at 2x3x256x256 stage by stage, and the tiny transformer at 16x3x96x128.</summary>
    public static IReadOnlyList<LinearCase> Rows { get; } =
    [
        new("b0 stage 1 q", 8192, 32, 32) { Goal = 1 },
        new("b0 stage 1 kv", 128, 32, 64) { Goal = 1 },
        new("b0 stage 1 fc1", 8192, 32, 128) { Goal = 1 },
        new("b0 stage 1 fc2", 8192, 128, 32) { Goal = 1 },
        new("b0 stage 2 fc1", 2048, 64, 256) { Goal = 1 },
        new("b0 stage 2 fc2", 2048, 256, 64) { Goal = 1 },
        new("b0 stage 3 q", 512, 160, 160) { Goal = 1 },
        new("b0 stage 3 fc1", 512, 160, 640) { Goal = 1 },
        new("b0 stage 3 fc2", 512, 640, 160) { Goal = 1 },
        new("b0 stage 4 fc1", 128, 256, 1024) { Goal = 1 },
        new("b0 stage 4 fc2", 128, 1024, 256) { Goal = 1 },
        new("tiny stage 1 q", 12288, 24, 24) { Goal = 1 },
        new("tiny stage 1 fc1", 12288, 24, 96) { Goal = 1 },
        new("tiny stage 1 fc2", 12288, 96, 24) { Goal = 1 },
        new("tiny stage 2 fc1", 3072, 48, 192) { Goal = 1 },
        new("tiny stage 3 fc1", 768, 96, 384) { Goal = 1 },
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs =>
        [new("input", new Shape(Tokens, In)), CaseInput.Weight(new Shape(Out, In)), new("bias", new Shape(Out)) { Scale = 0.1 }];

    /// <inheritdoc/>
    public override Work Work => Work.Elements(3 * 2.0 * Tokens * In * Out, MovedElements((double)Tokens * Out));

    /// <inheritdoc/>
    public override Tensor Ours(ReadOnlySpan<Tensor> x) => Functional.Linear(x[0], x[1], x[2]);

    /// <inheritdoc/>
    public override torch.Tensor Theirs(ReadOnlySpan<torch.Tensor> x) => F.linear(x[0], x[1], x[2]);
}
