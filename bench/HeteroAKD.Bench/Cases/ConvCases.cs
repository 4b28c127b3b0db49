using HeteroAKD.Bench.Machine;
using HeteroAKD.Bench.Peers;
using HeteroAKD.Tensors;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace HeteroAKD.Bench.Cases;

/// <summary>A convolution: forward, input gradient (unless it is a network's first), weight gradient.
/// Padding keeps the size at stride 1, but for patches (stride = kernel).</summary>
/// <param name="Where">Network and layer, or kind.</param>
/// <param name="Input">[N, C, H, W].</param>
/// <param name="Out">Output channels.</param>
/// <param name="Kernel">Kernel size.</param>
/// <param name="Stride">Stride.</param>
/// <param name="Dilation">Dilation.</param>
/// <param name="Groups">Groups.</param>
internal sealed record ConvCase(string Where, Shape Input, int Out, int Kernel, int Stride = 1, int Dilation = 1, int Groups = 1)
    : OpCase(
        "conv",
        $"{Where}: {Text.Of(Input)} -> {Out}, "
            + $"{Kernel}x{Kernel}{(Stride > 1 ? $" s{Stride}" : "")}{(Dilation > 1 ? $" d{Dilation}" : "")}{(Groups > 1 ? " dw" : "")}")
{
    private const int ImageChannels = 3;

    /// <summary>The rows.</summary>
    public static IReadOnlyList<ConvCase> Rows { get; } =
    [
        .. Kinds.Concat(TinyCnn).Concat(TinyMit).Select(c => c with { Goal = 1 }),
    ];

    private static IEnumerable<ConvCase> Kinds =>
    [
        new("3x3", new Shape(4, 64, 64, 64), 64, 3),
        new("r18 stem 1", new Shape(2, 3, 256, 256), 64, 3, Stride: 2),
        new("r18 stem 3", new Shape(2, 64, 128, 128), 128, 3),
        new("r18 layer 2 entry", new Shape(2, 64, 64, 64), 128, 3, Stride: 2),
        new("r18 layer 4", new Shape(2, 512, 32, 32), 512, 3, Dilation: 4),
        new("r18 aspp", new Shape(2, 512, 32, 32), 128, 3, Dilation: 12),
        new("r18 aspp point", new Shape(2, 512, 32, 32), 128, 1),
        new("r18 aspp project", new Shape(2, 640, 32, 32), 128, 1),
        new("mbv2 expand", new Shape(2, 96, 32, 32), 576, 1),
        new("mbv2 project", new Shape(2, 576, 32, 32), 96, 1),
        new("mbv2 depth-wise", new Shape(2, 576, 32, 32), 576, 3, Dilation: 2, Groups: 576),
        new("mbv2 depth-wise, strided", new Shape(2, 96, 128, 128), 96, 3, Stride: 2, Groups: 96),
        new("b0 stem", new Shape(2, 3, 256, 256), 32, 7, Stride: 4),
        new("b0 depth-wise 1", new Shape(2, 128, 64, 64), 128, 3, Groups: 128),
        new("b0 depth-wise 3", new Shape(2, 640, 16, 16), 640, 3, Groups: 640),
        new("b0 reduction 1", new Shape(2, 32, 64, 64), 32, 8, Stride: 8),
        new("b0 fuse", new Shape(2, 1024, 64, 64), 256, 1),
    ];

    private static IEnumerable<ConvCase> TinyCnn =>
    [
        new("tiny cnn stem", new Shape(16, 3, 96, 128), 16, 3, Stride: 2),
        new("tiny cnn 1", new Shape(16, 16, 48, 64), 24, 3, Stride: 2),
        new("tiny cnn 1b", new Shape(16, 24, 24, 32), 24, 3),
        new("tiny cnn 2", new Shape(16, 24, 24, 32), 32, 3, Stride: 2),
        new("tiny cnn 2b", new Shape(16, 32, 12, 16), 32, 3),
        new("tiny cnn 3", new Shape(16, 32, 12, 16), 48, 3, Dilation: 2),
        new("tiny cnn 3b", new Shape(16, 48, 12, 16), 48, 3),
        new("tiny cnn shortcut", new Shape(16, 16, 48, 64), 24, 1, Stride: 2),
        new("tiny cnn reduce", new Shape(16, 48, 4, 4), 12, 1),
        new("tiny cnn head", new Shape(16, 84, 12, 16), 32, 3),
        new("tiny cnn classifier", new Shape(16, 32, 12, 16), 11, 1),
    ];

    private static IEnumerable<ConvCase> TinyMit =>
    [
        new("tiny mit stem", new Shape(16, 3, 96, 128), 24, 7, Stride: 4),
        new("tiny mit reduction 1", new Shape(16, 24, 24, 32), 24, 4, Stride: 4),
        new("tiny mit depth-wise 1", new Shape(16, 96, 24, 32), 96, 3, Groups: 96),
        new("tiny mit patches 2", new Shape(16, 24, 24, 32), 48, 3, Stride: 2),
        new("tiny mit reduction 2", new Shape(16, 48, 12, 16), 48, 2, Stride: 2),
        new("tiny mit depth-wise 2", new Shape(16, 192, 12, 16), 192, 3, Groups: 192),
        new("tiny mit depth-wise 3", new Shape(16, 384, 6, 8), 384, 3, Groups: 384),
        new("tiny mit head 1", new Shape(16, 24, 24, 32), 48, 1),
        new("tiny mit fuse", new Shape(16, 144, 12, 16), 48, 1),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs =>
        [new("input", Input) { Gradient = Input[1] != ImageChannels }, CaseInput.Weight(new Shape(Out, Input[1] / Groups, Kernel, Kernel))];

    /// <summary>As many multiply-adds in each pass, counted as if directly summed: Winograd needs fewer.</summary>
    public override Work Work =>
        Work.Elements((Inputs[0].Gradient ? 3 : 2) * 2 * OutputElements * Kernel * Kernel * Input[1] / Groups, MovedElements(OutputElements));

    private int Padding => Stride == Kernel ? 0 : Dilation * (Kernel / 2);

    private double OutputElements => (double)Input[0] * Out * OutputSize(Input[2]) * OutputSize(Input[3]);

    /// <inheritdoc/>
    public override Tensor Ours(ReadOnlySpan<Tensor> x) => Functional.Conv2d(x[0], x[1], null, Stride, Padding, Dilation, Groups);

    /// <inheritdoc/>
    public override torch.Tensor Theirs(ReadOnlySpan<torch.Tensor> x) =>
        F.conv2d(x[0], x[1], strides: [Stride, Stride], padding: [Padding, Padding], dilation: [Dilation, Dilation], groups: Groups);

    private int OutputSize(int size) => ((size + (2 * Padding) - (Dilation * (Kernel - 1)) - 1) / Stride) + 1;
}
