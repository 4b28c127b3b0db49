using HeteroAKD.Bench.Libtorch;
using HeteroAKD.Bench.Machine;
using HeteroAKD.Bench.Peers;
using HeteroAKD.Tensors;
using TorchSharp;

namespace HeteroAKD.Bench.Cases;

/// <summary>Labels as planes on the grid of a map, which sums over the pixels of a class multiply by.</summary>
/// <param name="Images">N.</param>
/// <param name="Classes">C.</param>
/// <param name="Height">Rows of the map; labels have eight times as many.</param>
/// <param name="Width">Columns of the map; labels have eight times as many.</param>
internal sealed record OneHotCase(int Images, int Classes, int Height, int Width) : OpCase(
    "one hot", $"{Images}x{Classes}, {Height * Stride}x{Width * Stride} -> {Height}x{Width}")
{
    private const int Stride = 8;

    /// <summary>The rows.</summary>
    public static IReadOnlyList<OneHotCase> Rows { get; } = [new(4, 19, 64, 64), new(16, 11, 12, 16)];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs =>
    [
        new("input", new Shape(Images, 1, Height, Width)) { Gradient = false },
        CaseInput.Labels(new Shape(Images, Height * Stride, Width * Stride), Classes),
    ];

    /// <summary>A comparison for each class; a label read and the planes written.</summary>
    public override Work Work => Work.Elements((double)Images * Classes * Height * Width, Images * (Classes + 1.0) * Height * Width);

    /// <inheritdoc/>
    public override Tensor Ours(ReadOnlySpan<Tensor> x) => Functional.OneHot(x[0], x[1], Classes, CaseInput.IgnoreIndex);

    /// <inheritdoc/>
    public override torch.Tensor Theirs(ReadOnlySpan<torch.Tensor> x)
    {
        torch.Tensor labels = DistillationLosses.NearestLabels(x[1], x[0]);
        torch.Tensor valid = labels.ne(CaseInput.IgnoreIndex);
        torch.Tensor index = labels.mul(valid).unsqueeze(1); // [N, 1, h, w]
        return torch.zeros([Images, Classes, Height, Width], x[0].dtype).scatter_(1, index, valid.unsqueeze(1).to(x[0].dtype));
    }
}
