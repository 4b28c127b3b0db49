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
public readonly struct TokenTiles<THead, TOrder>
    where THead : struct, IHeadSize
    where TOrder : struct, ITokenOrder
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private TokenTiles(ArrayView<float> shared, Mem first, int firstStart, Mem second, int secondStart, int stride, int count, int columns, int whole)
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

    /// <summary>The keys of a pair of image and head, and their values.</summary>
    /// <param name="shared">[<see cref="SharedLength"/>] floats of the block.</param>
    /// <param name="kv">[B, M, 2C].</param>
    /// <param name="shape">The sizes.</param>
    /// <param name="pair">Image and head.</param>
    /// <param name="whole">1 where four columns from a multiple of four on are an access of 16 bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TokenTiles<THead, TOrder> KeysAndValues(ArrayView<float> shared, Mem kv, in AttentionShape shape, int pair, int whole)
    {
        int start = shape.KeyStart(pair);
        return new(shared, kv, start, kv, start + shape.Channels, 2 * shape.Channels, shape.Keys, shape.HeadSize, whole);
    }

    /// <summary>The queries of a pair of image and head up to a last one, and the output's gradient.</summary>
    /// <param name="shared">[<see cref="SharedLength"/>] floats of the block.</param>
    /// <param name="q">[B, N, C].</param>
    /// <param name="dO">[B, N, C].</param>
    /// <param name="shape">The sizes.</param>
    /// <param name="pair">Image and head.</param>
    /// <param name="count">The queries before the end of the last tile.</param>
    /// <param name="whole">1 where four columns from a multiple of four on are an access of 16 bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TokenTiles<THead, TOrder> QueriesAndGradients(ArrayView<float> shared, Mem q, Mem dO, in AttentionShape shape, int pair, int count, int whole)
    {
        int start = shape.QueryStart(pair);
        return new(shared, q, start, dO, start, shape.Channels, count, shape.HeadSize, whole);
    }

    /// <summary>Starts the copies of the tile that begins with a token.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Start(int token, int thread, int threads)
    {
        int start = FirstStart(token);
        int quads = THead.Size / 4;
        for (int i = thread; i < Tokens * quads; i += threads)
        {
            int row = i / quads;
            int piece = i - (row * quads);
            int column = piece << 2;
            int inside = token + row < _count ? Math.Max(0, Math.Min(4, _columns - column)) : 0;
            int from = inside > 0 ? ((token + row) * _stride) + column : 0;
            int to = start + (row * THead.Size) + ((piece ^ TOrder.Shift(row)) << 2);
            Copy(to, _first, _firstStart + from, inside);
            Copy(to + (Tokens * THead.Size), _second, _secondStart + from, inside);
        }
    }

    /// <summary>
    /// Waits until the whole block sees the tile that begins with a token and is done with the one before, in whose place the copies of the next start.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Advance(int token, int thread, int threads)
    {
        AsyncCopy.WaitAll();
        StartNext(token, thread, threads);
    }

    /// <summary>As <see cref="Advance"/>, for a block of warps: it sees the tile as <typeparamref name="TFragments"/> wants it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AdvanceRounded<TFragments>(int token, int thread)
        where TFragments : struct, IFragments
    {
        AsyncCopy.WaitAll();
        Round<TFragments>(token, thread);
        StartNext(token, thread, WarpRows.Threads);
    }

    /// <summary>Four columns of a row of the first matrix in the tile that begins with <paramref name="token"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Float4 First(int token, int row, int quad) => _shared.Cast<Float4>()[((FirstStart(token) + (row * THead.Size)) >> 2) + (quad ^ TOrder.Shift(row))];

    /// <summary>Four columns of a row of the second matrix.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Float4 Second(int token, int row, int quad) => _shared.Cast<Float4>()[((SecondStart(token) + (row * THead.Size)) >> 2) + (quad ^ TOrder.Shift(row))];

    /// <summary>Where the first matrix of the tile that begins with <paramref name="token"/> lies in shared memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int FirstStart(int token) => (token & Tokens) * 2 * THead.Size;

    /// <summary>Where the second one lies.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int SecondStart(int token) => FirstStart(token) + (Tokens * THead.Size);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void StartNext(int token, int thread, int threads)
    {
        ILGPU.Group.Barrier();
        if (token + Tokens < _count)
        {
            Start(token + Tokens, thread, threads);
        }
    }

    // Rounds the tile that begins with a token once for all warps: a thread what it has copied itself, which it sees after its wait and before the barrier.
    // Nothing where the fragments round as they read.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Round<TFragments>(int token, int thread)
        where TFragments : struct, IFragments
    {
        if (TFragments.RoundsTiles)
        {
            // The threads of a block copy whole groups of eight rows at a time, so the order shifts alike in all of them.
            int quads = THead.Size / 4;
            int row = thread / quads;
            int start = (FirstStart(token) >> 2) + (row * quads) + ((thread - (row * quads)) ^ TOrder.Shift(row));
            ArrayView<Float4> pieces = _shared.Cast<Float4>().SubView(start);
            for (int i = 0; i < 2 * Tokens * THead.Size / 4 / WarpRows.Threads; i++)
            {
                pieces[i * WarpRows.Threads] = TFragments.Round(pieces[i * WarpRows.Threads]);
            }
        }
    }

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
}
