using HeteroAKD.Bench.Machine;
using HeteroAKD.Bench.Peers;
using HeteroAKD.Tensors;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace HeteroAKD.Bench.Cases;

/// <summary>A transposed convolution that doubles a map, as decoders have it: forward, input gradient, weight gradient.</summary>
/// <param name="Input">[N, C, H, W].</param>
/// <param name="Out">Output channels.</param>
/// <param name="Kernel">Kernel size; the padding is half of what it has above 2.</param>
internal sealed record ConvTransposeCase(Shape Input, int Out, int Kernel) : OpCase("conv transpose", $"{Text.Of(Input)} -> {Out}, {Kernel}x{Kernel} s{Stride}")
{
    private const int Stride = 2;

    /// <summary>The rows.</summary>
    public static IReadOnlyList<ConvTransposeCase> Rows { get; } =
    [
        new(new Shape(2, 256, 16, 16), 128, 2),
        new(new Shape(2, 128, 32, 32), 64, 4),
        new(new Shape(16, 32, 12, 16), 24, 4),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs => [new("input", Input), CaseInput.Weight(new Shape(Input[1], Out, Kernel, Kernel))];

    /// <summary>Each input element meets each tap of each output channel, in each of three passes.</summary>
    public override Work Work =>
        Work.Elements(3.0 * 2 * Input.Count * Out * Kernel * Kernel, MovedElements((double)Input.Count / Input[1] * Out * Stride * Stride));

    private int Padding => (Kernel - Stride) / 2;

    /// <inheritdoc/>
    public override Tensor Ours(ReadOnlySpan<Tensor> x) => Functional.ConvTranspose2d(x[0], x[1], null, Stride, Padding);

    /// <inheritdoc/>
    public override torch.Tensor Theirs(ReadOnlySpan<torch.Tensor> x) =>
        F.conv_transpose2d(x[0], x[1], strides: [Stride, Stride], padding: [Padding, Padding]);
}
