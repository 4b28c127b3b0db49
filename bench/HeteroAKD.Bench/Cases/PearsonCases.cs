using HeteroAKD.Bench.Machine;
using HeteroAKD.Bench.Peers;
using HeteroAKD.Tensors;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace HeteroAKD.Bench.Cases;

/// <summary>The two relations of DIST: Pearson's correlation over the classes of each pixel, and over all pixels of each class.</summary>
/// <param name="Shape">Probabilities [N, C, h, w].</param>
/// <param name="PerChannel">Which of the two.</param>
internal sealed record PearsonCase(Shape Shape, bool PerChannel) : OpCase(
    "pearson", $"{(PerChannel ? "pixels of each class" : "classes of each pixel")}, {Text.Of(Shape)}")
{
    // Sums, centred sums, and the gradient of two products.
    private const int FlopsPerElement = 16;

    /// <summary>The rows.</summary>
    public static IReadOnlyList<PearsonCase> Rows { get; } =
    [
        new(new Shape(16, 11, 24, 32), false) { Goal = 2 }, new(new Shape(16, 11, 24, 32), true) { Goal = 2 },
        new(new Shape(8, 19, 64, 64), false) { Goal = 2 }, new(new Shape(8, 19, 64, 64), true) { Goal = 2 },
        new(new Shape(4, 150, 64, 64), false) { Goal = 2 }, new(new Shape(4, 150, 64, 64), true) { Goal = 2 },
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs => [new("input", Shape), new("target", Shape) { Gradient = false }];

    /// <summary>Both inputs are read forward and backward, and the gradient is written.</summary>
    public override Work Work => Work.Elements((double)FlopsPerElement * Shape.Count, 5.0 * Shape.Count);

    /// <inheritdoc/>
    public override Tensor Ours(ReadOnlySpan<Tensor> x) => Functional.PearsonCorrcoef(x[0], x[1], PerChannel);

    /// <summary>As DIST's own code: cosine similarity of what is left when the means are taken off.</summary>
    public override torch.Tensor Theirs(ReadOnlySpan<torch.Tensor> x)
    {
        long classes = Shape[1];
        torch.Tensor a = x[0].transpose(0, 1);
        torch.Tensor b = x[1].transpose(0, 1);
        (a, b) = PerChannel ? (a.reshape(classes, -1), b.reshape(classes, -1))
            : (a.reshape(classes, -1).transpose(0, 1), b.reshape(classes, -1).transpose(0, 1));
        torch.Tensor r = F.cosine_similarity(a - a.mean([1], keepdim: true), b - b.mean([1], keepdim: true), dim: 1, eps: 1e-8);
        return PerChannel ? r : r.reshape(Shape[0], Shape[2], Shape[3]);
    }
}
