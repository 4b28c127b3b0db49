using System.Globalization;

namespace HeteroAKD.Tensors;

/// <summary>
/// An order of dimensions, the <c>dims</c> of <c>torch.permute</c>: dimension i of the output is dimension <c>this[i]</c> of the input; negative ones count
/// from the end. As text <c>0,2,3,1</c>. A value of a few bytes: carrying one costs no garbage.
/// </summary>
public readonly record struct DimOrder
{
    private readonly int _count;
    private readonly (sbyte, sbyte, sbyte, sbyte) _dims;

    private DimOrder(ReadOnlySpan<int> dims)
    {
        _count = dims.Length;
        _dims = (At(dims, 0), At(dims, 1), At(dims, 2), At(dims, 3));
    }

    /// <summary>How many dimensions are ordered.</summary>
    public int Count => _count;

    /// <summary>The dimension of the input that becomes dimension <paramref name="i"/>.</summary>
    public int this[int i] => i switch { 0 => _dims.Item1, 1 => _dims.Item2, 2 => _dims.Item3, _ => _dims.Item4 };

    /// <summary>An order of up to four dimensions, each between -4 and 3.</summary>
    /// <exception cref="ShapeMismatchException">There are more, or no shape has such a dimension.</exception>
    public static DimOrder Of(params ReadOnlySpan<int> dims)
    {
        if (dims.Length > Shape.MaxRank)
        {
            throw new ShapeMismatchException("permute", "dims", $"{dims.Length} dimensions; a shape has at most {Shape.MaxRank}");
        }

        foreach (int dim in dims)
        {
            if (dim is < -Shape.MaxRank or >= Shape.MaxRank)
            {
                throw new ShapeMismatchException("permute", "dims", $"{dim}; a shape has at most {Shape.MaxRank} dimensions");
            }
        }

        return new(dims);
    }

    /// <summary>The order that a text stands for, as <see cref="ToString"/> writes it.</summary>
    /// <exception cref="FormatException">It stands for none.</exception>
    public static DimOrder Parse(string text)
    {
        int[] dims = [.. text.Split(',').Select(part => int.Parse(part, CultureInfo.InvariantCulture))];
        return dims.Length <= Shape.MaxRank && dims.All(dim => dim is >= -Shape.MaxRank and < Shape.MaxRank)
            ? new(dims)
            : throw new FormatException($"'{text}': an order has up to {Shape.MaxRank} dimensions, each between {-Shape.MaxRank} and {Shape.MaxRank - 1}");
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        DimOrder order = this;
        return string.Join(',', Enumerable.Range(0, _count).Select(i => order[i].ToString(CultureInfo.InvariantCulture)));
    }

    private static sbyte At(ReadOnlySpan<int> dims, int i) => i < dims.Length ? (sbyte)dims[i] : (sbyte)0;
}
