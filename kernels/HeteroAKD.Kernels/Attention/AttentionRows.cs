using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Attention;

/// <summary>
/// A lane of tokens as a row kernel of attention walks over them: tokens first, first + 1, … of <c>count</c>, whose rows are <c>stride</c> elements apart.
/// Elements behind the last token read the last token again and carry no weight.
/// </summary>
internal readonly struct TokenLane<TLane>
    where TLane : unmanaged, ILane<TLane>
{
    private readonly TLane _tokens;
    private readonly TLane _inside;
    private readonly TLane _offsets;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TokenLane(int first, int count, int stride)
    {
        _tokens = TLane.Iota(first);
        _inside = TLane.Min(_tokens, TLane.Splat(count - 1));
        _offsets = _inside * TLane.Splat(stride);
    }

    /// <summary>value for tokens that exist, <paramref name="other"/> for those that do not.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Existing(TLane value, TLane other) => TLane.SelectEqual(_tokens, _inside, value, other);

    /// <summary>Element <paramref name="column"/> of each token's row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Column(Mem memory, int column) => TLane.Gather(memory, column, _offsets);

    /// <summary>One number a token, from <paramref name="start"/> on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Number(Mem memory, int start) => TLane.Gather(memory, start, _inside);

    /// <summary>The dot products of each token's row, from column <paramref name="column"/> on, with one row of <paramref name="row"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Dot(Mem memory, int column, Mem row, int rowStart, int length)
    {
        TLane sum = TLane.Splat(0f);
        for (int c = 0; c < length; c++)
        {
            sum = TLane.Fma(TLane.LoadSplat(row, rowStart + c), Column(memory, column + c), sum);
        }

        return sum;
    }
}

/// <summary>
/// Weighted sums of four neighbouring columns of token rows. A row kernel has no memory to keep weights in, so it forms them again for every few columns;
/// four are what fits beside the rest in the registers of a device thread.
/// </summary>
internal struct ColumnSums<TLane>
    where TLane : unmanaged, ILane<TLane>
{
    /// <summary>Columns summed at a time.</summary>
    public const int Count = 4;

    private TLane _s0;
    private TLane _s1;
    private TLane _s2;
    private TLane _s3;

    /// <summary>
    /// Adds weight × columns start … start + 3 of the tokens' rows; of columns from <paramref name="end"/> on the last one before it is read, and not stored
    /// later.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(TLane weight, in TokenLane<TLane> tokens, Mem memory, int start, int end)
    {
        _s0 = TLane.Fma(weight, tokens.Column(memory, start), _s0);
        _s1 = TLane.Fma(weight, tokens.Column(memory, Math.Min(start + 1, end - 1)), _s1);
        _s2 = TLane.Fma(weight, tokens.Column(memory, Math.Min(start + 2, end - 1)), _s2);
        _s3 = TLane.Fma(weight, tokens.Column(memory, Math.Min(start + 3, end - 1)), _s3);
    }

    /// <summary>Sums over the group and writes factor × sum to the columns start … before <paramref name="end"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store<TGroup>(TGroup group, TLane factor, Mem memory, int start, int end)
        where TGroup : struct, IGroup<TLane>
    {
        StoreColumn(group, factor * group.Sum(_s0), memory, start, end);
        StoreColumn(group, factor * group.Sum(_s1), memory, start + 1, end);
        StoreColumn(group, factor * group.Sum(_s2), memory, start + 2, end);
        StoreColumn(group, factor * group.Sum(_s3), memory, start + 3, end);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreColumn<TGroup>(TGroup group, TLane value, Mem memory, int column, int end)
        where TGroup : struct, IGroup<TLane>
    {
        if (column < end)
        {
            group.StoreOne(memory, column, value);
        }
    }
}
