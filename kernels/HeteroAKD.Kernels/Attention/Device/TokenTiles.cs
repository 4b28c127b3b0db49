using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Intrinsics;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Tiles;
using ILGPU;

namespace HeteroAKD.Kernels.Attention.Device;

/// <summary>
/// Rows of one head of some tokens, as a block walks over them: tiles of 32 tokens in shared memory, the next one under way while one is used, columns beyond
/// the head and tokens beyond the last zero. Two matrices at a time: keys and values, or queries and the output's gradient.
/// </summary>
public readonly struct TokenTiles<THead>
    where THead : struct, IHeadSize
{
    /// <summary>Tokens of a tile.</summary>
    public const int Tokens = 32;

    /// <summary>Tokens that a thread handles at a time.</summary>
    public const int Group = 8;

    private readonly ArrayView<float> _shared; // [2 buffers, 2 matrices, Tokens, Size]
    private readonly Mem _first;
    private readonly Mem _second;
    private readonly int _firstStart;
    private readonly int _secondStart;
    private readonly int _stride;
    private readonly int _count;
    private readonly int _columns;
    private readonly int _whole; // 1 where four columns from a multiple of four on are an access of 16 bytes

    /// <summary>Binds the memory.</summary>
    /// <param name="shared">[4 · Tokens · Size] floats of the block.</param>
    /// <param name="first">Where token t's row of the first matrix is: <paramref name="firstStart"/> + t · <paramref name="stride"/>.</param>
    /// <param name="firstStart">See above.</param>
    /// <param name="second">The second matrix.</param>
    /// <param name="secondStart">Likewise.</param>
    /// <param name="stride">Elements from a token to the next in both.</param>
    /// <param name="count">Tokens.</param>
    /// <param name="columns">Columns of the head.</param>
    /// <param name="whole">1 where four columns from a multiple of four on are an access of 16 bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TokenTiles(ArrayView<float> shared, Mem first, int firstStart, Mem second, int secondStart, int stride, int count, int columns, int whole)
    {
        _shared = shared;
        _first = first;
        _firstStart = firstStart;
        _second = second;
        _secondStart = secondStart;
        _stride = stride;
        _count = count;
        _columns = columns;
        _whole = whole;
    }

    /// <summary>Floats of shared memory.</summary>
    public static int SharedLength => 4 * Tokens * THead.Size;

    /// <summary>Starts the copies of the tile that begins with a token.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Start(int token, int thread, int threads)
    {
        int buffer = Buffer(token);
        int quads = THead.Size / 4;
        for (int i = thread; i < Tokens * quads; i += threads)
        {
            int row = i / quads;
            int column = (i % quads) << 2;
            int inside = token + row < _count ? Math.Max(0, Math.Min(4, _columns - column)) : 0;
            int from = inside > 0 ? ((token + row) * _stride) + column : 0;
            int to = buffer + (row * THead.Size) + column;
            Copy(to, _first, _firstStart + from, inside);
            Copy(to + (Tokens * THead.Size), _second, _secondStart + from, inside);
        }
    }

    /// <summary>Four columns of a row of the first matrix in the tile that begins with <paramref name="token"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Float4 First(int token, int row, int quad) => _shared.Cast<Float4>()[((Buffer(token) + (row * THead.Size)) >> 2) + quad];

    /// <summary>Four columns of a row of the second matrix.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Float4 Second(int token, int row, int quad) => _shared.Cast<Float4>()[((Buffer(token) + ((Tokens + row) * THead.Size)) >> 2) + quad];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Copy(int to, Mem memory, int from, int inside)
    {
        if (_whole != 0)
        {
            WholePieces.Copy(_shared, to, memory.View, from, inside);
        }
        else
        {
            LoosePieces.Copy(_shared, to, memory.View, from, inside);
        }
    }

    private static int Buffer(int token) => token / Tokens % 2 * 2 * Tokens * THead.Size;
}
