using HeteroAKD.Bench.Libtorch;
using HeteroAKD.Bench.Machine;
using HeteroAKD.Bench.Peers;
using HeteroAKD.Kernels.Losses;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Ops;
using TorchSharp;

namespace HeteroAKD.Bench.Cases;

/// <summary>The fused HeteroAKD loss with its parts chosen, detached and supervised, with the gradients of both projectors' logits.</summary>
/// <param name="Part">What is chosen.</param>
/// <param name="Shape">[N, C, H, W] of both maps of logits.</param>
/// <param name="Mixing">KMM.</param>
/// <param name="Weighting">KEM.</param>
/// <param name="Form">The divergence.</param>
internal sealed record HeteroAkdPartsCase(string Part, Shape Shape, bool Mixing, bool Weighting, DistillationForm Form)
    : OpCase("heteroakd", $"{Text.Of(Shape)}, {Part}")
{
    // Binary cross-entropies of teacher, student and target, or what takes their place; exponentials of W, q and p.
    private const int FlopsPerElement = (9 * Work.Transcendental) + 60;

    private static readonly Shape s_shape = new(4, 19, 128, 128);

    /// <summary>The rows.</summary>
    public static IReadOnlyList<HeteroAkdPartsCase> Rows { get; } =
    [
        new("binary", s_shape, true, true, DistillationForm.Binary),
        new("no mixing, no weighting", s_shape, false, false, DistillationForm.Ce),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs =>
    [
        new("input", Shape) { Scale = 2 },
        new("teacher", Shape) { Scale = 2 },
        CaseInput.Labels(new Shape(Shape[0], Shape[2], Shape[3]), Shape[1]),
    ];

    /// <summary>Logits and labels are read once and both gradients written once.</summary>
    public override Work Work => Work.Elements((double)FlopsPerElement * Shape.Count, (4.0 * Shape.Count) + ((double)Shape.Count / Shape[1]));

    /// <inheritdoc/>
    public override Tensor Ours(ReadOnlySpan<Tensor> x) => HeteroAkd.Row.Apply(
        new HeteroAkdAttributes(Form: Form, IgnoreIndex: CaseInput.IgnoreIndex, Mixing: Mixing, Weighting: Weighting), x[0], x[1], x[2]);

    /// <inheritdoc/>
    public override torch.Tensor Theirs(ReadOnlySpan<torch.Tensor> x) => DistillationLosses.HeteroAkdParts(
        x[0], x[1], x[2], CaseInput.IgnoreIndex, Mixing, Weighting, Form == DistillationForm.Binary);
}
