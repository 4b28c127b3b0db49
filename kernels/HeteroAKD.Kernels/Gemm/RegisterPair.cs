using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;

namespace HeteroAKD.Kernels.Gemm;

/// <summary>
/// Where the two (or one) vectors of each step of a register tile are loaded from: at equal distances (a packed panel, the rows of a matrix), or at
/// tabulated ones (the taps of a convolution in a padded plane).
/// </summary>
/// <param name="Start">Address of step 0, or from where the table counts.</param>
/// <param name="Stride">Bytes from a step to the next; not used with a table.</param>
/// <param name="Table">Bytes from <paramref name="Start"/> to each step; null for equal distances.</param>
internal readonly unsafe record struct TileColumns(nint Start, nint Stride, nint Table)
{
    /// <summary>Steps <paramref name="stride"/> bytes apart.</summary>
    public static TileColumns Even(byte* start, nint stride) => new((nint)start, stride, 0);

    /// <summary>Steps at tabulated distances in bytes.</summary>
    public static TileColumns Tabulated(byte* start, int* table) => new((nint)start, 0, (nint)table);
}

/// <summary>A compile-time number.</summary>
internal interface ICount
{
    static abstract int Value { get; }
}

/// <summary>The compile-time numbers that shapes of register tiles are made of.</summary>
internal static class Counts
{
    internal readonly struct One : ICount
    {
        public static int Value => 1;
    }

    internal readonly struct Two : ICount
    {
        public static int Value => 2;
    }

    internal readonly struct Three : ICount
    {
        public static int Value => 3;
    }

    internal readonly struct Four : ICount
    {
        public static int Value => 4;
    }

    internal readonly struct Six : ICount
    {
        public static int Value => 6;
    }
}

/// <summary>
/// Two rows by two vectors of a product's accumulators. Six of them are the 24 accumulators that a core with 32 registers keeps,
/// three the 12 of a core with 16; the JIT keeps the fields in registers because every method that takes its address is inlined.
/// </summary>
internal struct RegisterPair<TLane>
    where TLane : unmanaged, ILane<TLane>
{
    private TLane _c00;
    private TLane _c01;
    private TLane _c10;
    private TLane _c11;

    /// <summary>Adds the products of one step: rows (a0, a1) by vectors (b0, b1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add<TVectors>(TLane a0, TLane a1, TLane b0, TLane b1)
        where TVectors : struct, ICount
    {
        TLane.AddProduct(ref _c00, a0, b0);
        TLane.AddProduct(ref _c10, a1, b0);
        if (TVectors.Value == 2)
        {
            TLane.AddProduct(ref _c01, a0, b1);
            TLane.AddProduct(ref _c11, a1, b1);
        }
    }

    /// <summary>As above with the rows' factors broadcast from elements <paramref name="index"/> and <paramref name="index"/> + 1 of a packed panel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe void AddBroadcast<TVectors>(byte* panel, int index, TLane b0, TLane b1)
        where TVectors : struct, ICount
    {
        Mem memory = new(panel);
        Add<TVectors>(TLane.LoadSplat(memory, index), TLane.LoadSplat(memory, index + 1), b0, b1);
    }

    /// <summary>As above with the factors from two rows of an unpacked matrix.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe void AddRows<TVectors>(byte* row0, byte* row1, TLane b0, TLane b1)
        where TVectors : struct, ICount
        => Add<TVectors>(TLane.LoadSplat(new Mem(row0), 0), TLane.LoadSplat(new Mem(row1), 0), b0, b1);

    /// <summary>Takes what <see cref="Save"/> wrote.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe void Restore<TVectors>(TLane* tile, int rowVectors)
        where TVectors : struct, ICount
    {
        _c00 = tile[0];
        _c10 = tile[rowVectors];
        if (TVectors.Value == 2)
        {
            _c01 = tile[1];
            _c11 = tile[rowVectors + 1];
        }
    }

    /// <summary>Writes the accumulators to two rows, <paramref name="rowVectors"/> vectors apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe void Save<TVectors>(TLane* tile, int rowVectors)
        where TVectors : struct, ICount
    {
        tile[0] = _c00;
        tile[rowVectors] = _c10;
        if (TVectors.Value == 2)
        {
            tile[1] = _c01;
            tile[rowVectors + 1] = _c11;
        }
    }
}
