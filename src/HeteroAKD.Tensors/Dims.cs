using System.Globalization;

namespace HeteroAKD.Tensors;

/// <summary>
/// A set of dimensions to reduce, PyTorch's <c>dim</c>; -1 is the last. Empty, which is the default, stands for all. As text <c>1,2</c> or <c>all</c>.
/// A value of a few bits: carrying one costs no garbage.
/// </summary>
public readonly record struct Dims
{
    private const string AllText = "all";

    private const int Places = 2 * Shape.MaxRank;

    // Bit d for dimension d from 0 up, bit Places + d for a negative one.
    private readonly byte _bits;

    private Dims(int bits) => _bits = (byte)bits;

    /// <summary>All dimensions.</summary>
    public static Dims All => default;

    /// <summary>A set of dimensions between -4 and 3; none stands for all.</summary>
    /// <exception cref="ShapeMismatchException">No shape has such a dimension.</exception>
    public static Dims Of(params ReadOnlySpan<int> dims)
    {
        int bits = 0;
        foreach (int dim in dims)
        {
            if (dim is < -Shape.MaxRank or >= Shape.MaxRank)
            {
                throw new ShapeMismatchException("reduction", "dim", $"{dim}; a shape has at most {Shape.MaxRank} dimensions");
            }

            bits |= 1 << (dim < 0 ? dim + Places : dim);
        }

        return new(bits);
    }

    /// <summary>The set that a text stands for, as <see cref="ToString"/> writes it.</summary>
    /// <exception cref="FormatException">It stands for none.</exception>
    public static Dims Parse(string text)
    {
        if (text == AllText)
        {
            return All;
        }

        int[] dims = [.. text.Split(',').Select(part => int.Parse(part, CultureInfo.InvariantCulture))];
        return dims.All(dim => dim is >= -Shape.MaxRank and < Shape.MaxRank)
            ? Of(dims)
            : throw new FormatException($"'{text}': a dimension lies between {-Shape.MaxRank} and {Shape.MaxRank - 1}");
    }

    /// <summary>The dimensions of a shape that belong to the set: bit d for dimension d.</summary>
    /// <exception cref="ShapeMismatchException">The shape lacks one of them, or one is named twice, as in <c>-1</c> and the last.</exception>
    internal int MaskOf(string operation, Shape shape)
    {
        int named = 0;
        for (int place = 0; place < Places; place++)
        {
            if (!Has(place))
            {
                continue;
            }

            int dim = At(place);
            int d = dim < 0 ? dim + shape.Rank : dim;
            if (d < 0 || d >= shape.Rank)
            {
                throw new ShapeMismatchException(operation, "dim", $"{dim} of input {shape}, which has {shape.Rank} dimensions");
            }

            if ((named & (1 << d)) != 0)
            {
                throw new ShapeMismatchException(operation, "dim", $"{this} names dimension {d} of input {shape} twice");
            }

            named |= 1 << d;
        }

        return named == 0 ? (1 << shape.Rank) - 1 : named;
    }

    /// <summary>The dimensions of a shape that belong to the set, from the first up.</summary>
    /// <exception cref="ShapeMismatchException">As reductions throw it.</exception>
    public int[] In(Shape shape)
    {
        int mask = MaskOf("reduction", shape);
        return [.. Enumerable.Range(0, shape.Rank).Where(d => (mask & (1 << d)) != 0)];
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        List<string> members = [];
        for (int place = 0; place < Places; place++)
        {
            if (Has(place))
            {
                members.Add(At(place).ToString(CultureInfo.InvariantCulture));
            }
        }

        return members.Count == 0 ? AllText : string.Join(',', members);
    }

    private bool Has(int place) => (_bits & (1 << place)) != 0;

    private static int At(int place) => place < Shape.MaxRank ? place : place - Places;
}
