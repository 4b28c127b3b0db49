namespace HeteroAKD.Tensors;

/// <summary>
/// Element types. Computation is in float32; float64 exists on the <c>cpu</c> device for gradient checks; bfloat16 is how accelerators with tensor cores store
/// activations and their gradients; int32 holds labels and indices.
/// </summary>
public enum DType
{
    /// <summary>32-bit float.</summary>
    Float32,

    /// <summary>64-bit float, host only.</summary>
    Float64,

    /// <summary>32-bit signed integer.</summary>
    Int32,

    /// <summary>The upper half of a 32-bit float; devices compute on it in float32.</summary>
    BFloat16,
}

/// <summary>Sizes of up to four dimensions, row-major. A value: making one costs no garbage.</summary>
public readonly struct Shape : IEquatable<Shape>
{
    /// <summary>Most dimensions a shape can have.</summary>
    public const int MaxRank = 4;

    /// <summary>The operation that errors of the sizes themselves name.</summary>
    internal const string Making = "shape";

    private readonly int _d0;
    private readonly int _d1;
    private readonly int _d2;
    private readonly int _d3;

    /// <summary>A scalar.</summary>
    public static Shape Scalar => new(1, 0, 0, 0, 0);

    /// <summary>Shape [a].</summary>
    public Shape(int a)
        : this(a, 1, 1, 1, 1)
    {
    }

    /// <summary>Shape [a, b].</summary>
    public Shape(int a, int b)
        : this(a, b, 1, 1, 2)
    {
    }

    /// <summary>Shape [a, b, c].</summary>
    public Shape(int a, int b, int c)
        : this(a, b, c, 1, 3)
    {
    }

    /// <summary>Shape [a, b, c, d].</summary>
    public Shape(int a, int b, int c, int d)
        : this(a, b, c, d, 4)
    {
    }

    private Shape(int a, int b, int c, int d, int rank)
    {
        // A size of 0 counts as 1 here: callers multiply some of the sizes in int, so the product of the others must fit, too.
        Int128 most = Int128.One * Math.Max(1, a) * (rank > 1 ? Math.Max(1, b) : 1) * (rank > 2 ? Math.Max(1, c) : 1) * (rank > 3 ? Math.Max(1, d) : 1);
        if (a < 0 || b < 0 || c < 0 || d < 0 || most > int.MaxValue)
        {
            int[] sizes = [a, b, c, d];
            throw new ShapeMismatchException(
                Making, "dimensions", $"[{string.Join(", ", sizes[..Math.Max(1, rank)])}] is not a shape of at most {int.MaxValue} elements");
        }

        _d0 = a;
        _d1 = b;
        _d2 = c;
        _d3 = d;
        Rank = rank;
        Count = rank == 0 ? 1 : a == 0 || (rank > 1 && b == 0) || (rank > 2 && c == 0) || (rank > 3 && d == 0) ? 0 : (int)most;
    }

    /// <summary>Number of dimensions.</summary>
    public int Rank { get; }

    /// <summary>Number of elements.</summary>
    public int Count { get; }

    /// <summary>Size of a dimension; negative indices count from the end.</summary>
    public int this[int dimension]
    {
        get
        {
            int d = dimension < 0 ? dimension + Rank : dimension;
            return d >= 0 && d < Rank
                ? d switch { 0 => _d0, 1 => _d1, 2 => _d2, _ => _d3 }
                : throw new ArgumentOutOfRangeException(nameof(dimension), $"shape {this} has no dimension {dimension}");
        }
    }

    /// <summary>Product of the dimensions from <paramref name="dimension"/> on.</summary>
    public int CountFrom(int dimension)
    {
        int count = 1;
        for (int d = dimension; d < Rank; d++)
        {
            count *= this[d];
        }

        return count;
    }

    /// <summary>A shape from a list of sizes.</summary>
    public static Shape Of(ReadOnlySpan<int> sizes) => sizes.Length switch
    {
        0 => Scalar,
        1 => new(sizes[0]),
        2 => new(sizes[0], sizes[1]),
        3 => new(sizes[0], sizes[1], sizes[2]),
        4 => new(sizes[0], sizes[1], sizes[2], sizes[3]),
        _ => throw new ShapeMismatchException(Making, "dimensions", $"{sizes.Length} dimensions; at most {MaxRank} are supported"),
    };

    /// <summary>The sizes as a new array.</summary>
    public int[] ToArray()
    {
        int[] sizes = new int[Rank];
        for (int d = 0; d < Rank; d++)
        {
            sizes[d] = this[d];
        }

        return sizes;
    }

    /// <inheritdoc/>
    public bool Equals(Shape other) =>
        Rank == other.Rank && Count == other.Count && _d0 == other._d0 && _d1 == other._d1 && _d2 == other._d2 && _d3 == other._d3;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Shape other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Rank, _d0, _d1, _d2, _d3);

    /// <summary>Same rank and sizes.</summary>
    public static bool operator ==(Shape a, Shape b) => a.Equals(b);

    /// <summary>Different rank or sizes.</summary>
    public static bool operator !=(Shape a, Shape b) => !a.Equals(b);

    /// <inheritdoc/>
    public override string ToString() => $"[{string.Join(", ", ToArray())}]";
}
