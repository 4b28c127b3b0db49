using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Tiles;
using ILGPU;

namespace HeteroAKD.Kernels.Gemm;

/// <summary>How the products of a batch, or the pieces of a long sum, follow one another along a side.</summary>
/// <param name="Stride">Elements from an item to the next.</param>
/// <param name="Depth">Steps along K of all items together where they are pieces of one sum; 0 where each item is a product of its own.</param>
public readonly record struct ItemStep(int Stride, int Depth);

/// <summary>A matrix as it lies in memory, or what a block works on of it: runs of neighbours, each a line or each a step along K.</summary>
/// <param name="memory">The memory.</param>
/// <param name="start">Elements before the first run.</param>
/// <param name="stride">Elements from a run to the next.</param>
/// <param name="lines">Lines; there is at least one.</param>
/// <param name="depth">Steps along K of an item.</param>
/// <param name="items">How items follow.</param>
public readonly struct MatrixRuns(Mem memory, int start, int stride, int lines, int depth, ItemStep items)
{
    private readonly int _itemStride = items.Stride;
    private readonly int _totalDepth = items.Depth;

    /// <summary>The memory.</summary>
    public readonly Mem Memory = memory;

    /// <summary>Elements before the first run.</summary>
    public readonly int Start = start;

    /// <summary>Elements from a run to the next.</summary>
    public readonly int Stride = stride;

    /// <summary>Lines.</summary>
    public readonly int Lines = lines;

    /// <summary>Steps along K of an item.</summary>
    public readonly int Depth = depth;

    /// <summary>An item's part from a line on.</summary>
    /// <param name="item">The item.</param>
    /// <param name="firstLine">The line.</param>
    /// <param name="lineStride">Elements from a line to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public MatrixRuns At(int item, int firstLine, int lineStride)
    {
        int depth = _totalDepth > 0 ? Math.Min(Depth, _totalDepth - (item * Depth)) : Depth;
        return new(Memory, Start + (item * _itemStride) + (firstLine * lineStride), Stride, Lines - firstLine, depth, default);
    }
}

/// <summary>A matrix whose neighbours along K are neighbours in memory.</summary>
public readonly struct DepthMatrix<TPieces> : ITileSource<DepthMatrix<TPieces>>
    where TPieces : struct, IPieces
{
    private readonly MatrixRuns _runs; // line l, step k at Start + l · Stride + k

    /// <summary>All lines.</summary>
    public DepthMatrix(in MatrixRuns runs) => _runs = runs;

    /// <inheritdoc/>
    public static bool AlongDepth => true;

    /// <inheritdoc/>
    public static bool Narrow => TPieces.Narrow;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public DepthMatrix<TPieces> At(int item, int firstLine, int thread, int lines, int threads) => new(_runs.At(item, firstLine, _runs.Stride));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Load(ArrayView<float> slice, int k, int thread, int lines, int threads, uint[] held)
    {
        // For lines after the last one, the last line is copied: the copy then needs no test, and the results for these lines are never stored.
        bool inner = TPieces.AreWhole && k + Tile.Depth <= _runs.Depth;
        for (int i = 0; i < lines * 4 / threads; i++)
        {
            int piece = thread + (i * threads);
            int line = Math.Min(piece >> 2, _runs.Lines - 1);
            int step = k + ((piece & 3) << 2);
            int to = Slice.AlongDepth<TPieces>(piece >> 2, piece & 3);
            int from = _runs.Start + (line * _runs.Stride);
            if (inner)
            {
                TPieces.Copy(slice, to, _runs.Memory.View, from + step);
            }
            else
            {
                int inside = Math.Max(0, Math.Min(4, _runs.Depth - step));
                TPieces.Copy(slice, to, _runs.Memory.View, from + (inside > 0 ? step : 0), inside);
            }
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Finish(ArrayView<float> slice, int thread, int lines, int threads, uint[] held)
    {
        // Copies need no registers.
    }
}

/// <summary>A matrix whose neighbouring lines are neighbours in memory.</summary>
public readonly struct LineMatrix<TPieces> : ITileSource<LineMatrix<TPieces>>
    where TPieces : struct, IPieces
{
    private readonly MatrixRuns _runs; // line l, step k at Start + k · Stride + l

    /// <summary>All lines.</summary>
    public LineMatrix(in MatrixRuns runs) => _runs = runs;

    /// <inheritdoc/>
    public static bool AlongDepth => false;

    /// <inheritdoc/>
    public static bool Narrow => TPieces.Narrow;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public LineMatrix<TPieces> At(int item, int firstLine, int thread, int lines, int threads) => new(_runs.At(item, firstLine, 1));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Load(ArrayView<float> slice, int k, int thread, int lines, int threads, uint[] held)
    {
        // As for lines behind the last: their pieces are those of the last.
        bool inner = TPieces.AreWhole && k + Tile.Depth <= _runs.Depth;
        int quads = lines / 4;
        for (int i = 0; i < lines * 4 / threads; i++)
        {
            int piece = thread + (i * threads);
            int step = k + (piece / quads);
            int line = Math.Min((piece % quads) << 2, (_runs.Lines - 1) & ~3);
            int to = Slice.AcrossDepth<TPieces>(piece / quads, piece % quads, lines);
            if (inner)
            {
                TPieces.Copy(slice, to, _runs.Memory.View, _runs.Start + (step * _runs.Stride) + line);
            }
            else
            {
                int inside = step < _runs.Depth ? Math.Min(4, _runs.Lines - line) : 0;
                TPieces.Copy(slice, to, _runs.Memory.View, _runs.Start + (inside > 0 ? (step * _runs.Stride) + line : 0), inside);
            }
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Finish(ArrayView<float> slice, int thread, int lines, int threads, uint[] held)
    {
        // Copies need no registers.
    }
}
