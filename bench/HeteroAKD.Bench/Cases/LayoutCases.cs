using HeteroAKD.Bench.Machine;
using HeteroAKD.Bench.Peers;
using HeteroAKD.Tensors;
using TorchSharp;

namespace HeteroAKD.Bench.Cases;

/// <summary>
/// Moving elements: maps to tokens and back, permutations, slices, padding, concatenation. libtorch's views are made contiguous, as what follows needs them.
/// </summary>
/// <param name="Operation">What moves.</param>
/// <param name="Elements">Elements of the output.</param>
internal sealed record LayoutCase(string Operation, double Elements) : OpCase("layout", Operation)
{
    /// <summary>The rows.</summary>
    public static IReadOnlyList<LayoutCase> Rows { get; } =
    [
        Tokens(new Shape(16, 96, 24, 32)),
        Tokens(new Shape(2, 128, 64, 64)),
        Map(new Shape(16, 768, 96), 24, 32),
        Map(new Shape(2, 4096, 128), 64, 64),
        Concatenation(new Shape(16, 48, 12, 16), 3),
        Concatenation(new Shape(2, 256, 64, 64), 4),
        Permutation(new Shape(2, 64, 64, 128), 0, 3, 1, 2),
        Permutation(new Shape(16, 192, 8, 32), 0, 2, 1, 3),
        Permutation(new Shape(16, 24, 32, 48), 3, 1, 0, 2),
        Slice(new Shape(2, 256, 64, 64), 1, 64, 192, 1),
        Slice(new Shape(2, 256, 64, 64), 3, 0, 64, 2),
        Pad(new Shape(2, 128, 64, 64), 3),
    ];

    /// <summary>Our function.</summary>
    public required OurFunction Our { get; init; }

    /// <summary>libtorch's function.</summary>
    public required TheirFunction Their { get; init; }

    /// <summary>The inputs.</summary>
    public required IReadOnlyList<CaseInput> Arguments { get; init; }

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs => Arguments;

    /// <summary>Read and write, forth and back.</summary>
    public override Work Work => Work.Elements(0, 4 * Elements);

    /// <inheritdoc/>
    public override Tensor Ours(ReadOnlySpan<Tensor> x) => Our(x);

    /// <inheritdoc/>
    public override torch.Tensor Theirs(ReadOnlySpan<torch.Tensor> x) => Their(x);

    private static LayoutCase Tokens(Shape map) => new($"to tokens {Text.Of(map)}", map.Count)
    {
        Arguments = [new CaseInput("map", map)],
        Our = x => Functional.ToTokens(x[0]),
        Their = x => x[0].flatten(2).transpose(1, 2).contiguous(),
    };

    private static LayoutCase Map(Shape tokens, int height, int width) => new($"to map {Text.Of(tokens)}", tokens.Count)
    {
        Arguments = [new CaseInput("tokens", tokens)],
        Our = x => Functional.ToMap(x[0], height, width),
        Their = x => x[0].transpose(1, 2).reshape(tokens[0], tokens[2], height, width).contiguous(),
    };

    private static LayoutCase Permutation(Shape shape, params int[] dims) => new($"permute {Text.Of(shape)} to ({string.Join(", ", dims)})", shape.Count)
    {
        Arguments = [new CaseInput("input", shape)],
        Our = x => Functional.Permute(x[0], dims),
        Their = x => x[0].permute(Array.ConvertAll(dims, d => (long)d)).contiguous(),
    };

    private static LayoutCase Slice(Shape shape, int dim, int start, int end, int step) =>
        new($"slice {start}:{end}:{step} of dimension {dim} of {Text.Of(shape)}", (double)shape.Count / shape[dim] * ((end - start + step - 1) / step))
        {
            Arguments = [new CaseInput("input", shape)],
            Our = x => Functional.Slice(x[0], dim, start, end, step),
            Their = x => x[0].slice(dim, start, end, step).contiguous(),
        };

    private static LayoutCase Pad(Shape map, int border) => new($"pad {Text.Of(map)} by {border}", map.Count)
    {
        Arguments = [new CaseInput("map", map)],
        Our = x => Functional.Pad(x[0], border, border, border, border),
        Their = x => torch.nn.functional.pad(x[0], [border, border, border, border]),
    };

    private static LayoutCase Concatenation(Shape map, int count) => new($"cat of {count} {Text.Of(map)}", (double)count * map.Count)
    {
        Arguments = [.. Enumerable.Range(0, count).Select(i => new CaseInput($"input{i}", map))],
        Our = x => count == 3 ? Functional.Cat(x[0], x[1], x[2]) : Functional.Cat(x[0], x[1], x[2], x[3]),
        Their = x => torch.cat(x.ToArray(), 1),
    };
}
