using HeteroAKD.Bench.Machine;
using HeteroAKD.Bench.Peers;
using HeteroAKD.Tensors;
using TorchSharp;

namespace HeteroAKD.Bench.Cases;

/// <summary>City-block distances of all pairs, as Af-DCD contrasts the channel groups of a patch.</summary>
/// <param name="Batch">Patches of a batch.</param>
/// <param name="Vectors">Vectors of a patch in either network.</param>
/// <param name="Width">Channels of a group.</param>
internal sealed record CdistCase(int Batch, int Vectors, int Width) : OpCase("cdist", $"{Batch}x{Vectors}x{Vectors}, width {Width}")
{
    /// <summary>The rows.</summary>
    public static IReadOnlyList<CdistCase> Rows { get; } = [new(128, 256, 32) { Goal = 2 }, new(96, 64, 12) { Goal = 2 }];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs =>
        [new("x1", new Shape(Batch, Vectors, Width)), new("x2", new Shape(Batch, Vectors, Width)) { Gradient = false }];

    /// <summary>A difference, an absolute value and a sum; a comparison or two and a sum backward.</summary>
    public override Work Work => Work.Elements(6.0 * Batch * Vectors * Vectors * Width, 2.0 * Batch * Vectors * (Vectors + (2 * Width)));

    /// <inheritdoc/>
    public override Tensor Ours(ReadOnlySpan<Tensor> x) => Functional.Cdist(x[0], x[1]);

    /// <inheritdoc/>
    public override torch.Tensor Theirs(ReadOnlySpan<torch.Tensor> x) => torch.cdist(x[0], x[1], p: 1);
}
