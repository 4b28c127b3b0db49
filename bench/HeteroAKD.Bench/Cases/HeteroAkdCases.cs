using HeteroAKD.Bench.Libtorch;
using HeteroAKD.Bench.Machine;
using HeteroAKD.Bench.Peers;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Ops;
using TorchSharp;

namespace HeteroAKD.Bench.Cases;

/// <summary>The fused HeteroAKD loss, preset "practical", with the gradients of both projectors' logits, on the label grid where labels are larger.</summary>
/// <param name="Images">N.</param>
/// <param name="Classes">C.</param>
/// <param name="Height">Rows of both maps of logits.</param>
/// <param name="Width">Columns of both maps of logits.</param>
/// <param name="LabelHeight">Rows of the labels.</param>
/// <param name="LabelWidth">Columns of the labels.</param>
internal sealed record HeteroAkdCase(int Images, int Classes, int Height, int Width, int LabelHeight, int LabelWidth)
    : OpCase("heteroakd", $"{Images}x{Classes}x{Height}x{Width}{(LabelHeight == Height ? "" : $", labels {LabelHeight}x{LabelWidth}")}")
{
    // Three binary cross-entropies of two each, exponentials of W, q and p; and the arithmetic around them.
    private const int FlopsPerElement = (9 * Work.Transcendental) + 60;

    /// <summary>The rows.</summary>
    public static IReadOnlyList<HeteroAkdCase> Rows { get; } =
    [
        new(4, 19, 128, 128, 128, 128) { Goal = 12 },
        new(4, 19, 64, 64, 512, 512) { Goal = 12 },
        new(2, 150, 64, 64, 64, 64) { Goal = 8 },
        new(16, 11, 12, 16, 12, 16),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs =>
    [
        new("input", new Shape(Images, Classes, Height, Width)) { Scale = 2 },
        new("teacher", new Shape(Images, Classes, Height, Width)) { Scale = 2 },
        CaseInput.Labels(new Shape(Images, LabelHeight, LabelWidth), Classes),
    ];

    /// <summary>Logits and labels are read once and both gradients written once, on whatever grid the loss is computed.</summary>
    public override Work Work => Work.Elements(
        (double)FlopsPerElement * Images * Classes * LabelHeight * LabelWidth, Images * (
            (4.0 * Classes * Height * Width) + ((double)LabelHeight * LabelWidth)));

    private bool OnLabelGrid => LabelHeight != Height || LabelWidth != Width;

    /// <inheritdoc/>
    public override Tensor Ours(ReadOnlySpan<Tensor> x) => HeteroAkd.Row.Apply(
        new HeteroAkdAttributes(Grid: OnLabelGrid ? WorkingGrid.Label : WorkingGrid.Student, IgnoreIndex: CaseInput.IgnoreIndex), x[0], x[1], x[2]);

    /// <inheritdoc/>
    public override torch.Tensor Theirs(ReadOnlySpan<torch.Tensor> x) => OnLabelGrid
        ? DistillationLosses.HeteroAkdOnLabelGrid(x[0], x[1], x[2], CaseInput.IgnoreIndex)
        : DistillationLosses.HeteroAkd(x[0], x[1], x[2], CaseInput.IgnoreIndex);
}
