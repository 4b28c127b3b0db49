using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Intrinsics;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Tiles;
using ILGPU;

namespace HeteroAKD.Kernels.Gemm;

/// <summary>How the products of a batch, or the pieces of a long sum, follow one another along a side.</summary>
/// <param name="Stride">Elements from an item to the next.</param>
/// <param name="Depth">Steps along K of all items together where they are pieces of one sum; 0 where each item is a product of its own.</param>
public readonly record struct ItemStep(int Stride, int Depth);

/// <summary>A matrix whose neighbours along K are neighbours in memory.</summary>
public readonly struct DepthMatrix<TPieces> : ITileSource<DepthMatrix<TPieces>>
    where TPieces : struct, IPieces
{
    private readonly Mem _memory; // line l, step k at _start + l · _stride + k
    private readonly int _start;
    private readonly int _stride;
    private readonly int _lines;
    private readonly int _depth;
    private readonly int _itemStride;
    private readonly int _totalDepth;

    /// <summary>All lines; there is at least one.</summary>
    /// <param name="memory">The memory.</param>
    /// <param name="start">Elements before line 0.</param>
    /// <param name="stride">Elements from a line to the next.</param>
    /// <param name="lines">Lines.</param>
    /// <param name="depth">Steps along K of an item.</param>
    /// <param name="items">How items follow.</param>
    public DepthMatrix(Mem memory, int start, int stride, int lines, int depth, ItemStep items)
    {
        _memory = memory;
        _start = start;
        _stride = stride;
        _lines = lines;
        _depth = depth;
        _itemStride = items.Stride;
        _totalDepth = items.Depth;
    }

    /// <inheritdoc/>
    public static bool AlongDepth => true;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public DepthMatrix<TPieces> At(int item, int firstLine, int thread)
    {
        int depth = _totalDepth > 0 ? Math.Min(_depth, _totalDepth - (item * _depth)) : _depth;
        return new(_memory, _start + (item * _itemStride) + (firstLine * _stride), _stride, _lines - firstLine, depth, default);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Load(ArrayView<float> slice, int k, int thread, int lines, int threads)
    {
        // A piece of a line behind the last is that of the last: nobody stores what it becomes, and no copy has to ask.
        bool inner = TPieces.AreWhole && k + Tile.Depth <= _depth;
        for (int i = 0; i < lines * 4 / threads; i++)
        {
            int piece = thread + (i * threads);
            int line = Math.Min(piece >> 2, _lines - 1);
            int step = k + ((piece & 3) << 2);
            int to = Slice.AlongDepth(piece >> 2, piece & 3);
            int from = _start + (line * _stride);
            if (inner)
            {
                WholePieces.Copy(slice, to, _memory.View, from + step);
            }
            else
            {
                int inside = Math.Max(0, Math.Min(4, _depth - step));
                TPieces.Copy(slice, to, _memory.View, from + (inside > 0 ? step : 0), inside);
            }
        }
    }
}

/// <summary>A matrix whose neighbouring lines are neighbours in memory.</summary>
public readonly struct LineMatrix<TPieces> : ITileSource<LineMatrix<TPieces>>
    where TPieces : struct, IPieces
{
    private readonly Mem _memory; // line l, step k at _start + k · _stride + l
    private readonly int _start;
    private readonly int _stride;
    private readonly int _lines;
    private readonly int _depth;
    private readonly int _itemStride;
    private readonly int _totalDepth;

    /// <summary>All lines; there is at least one.</summary>
    /// <param name="memory">The memory.</param>
    /// <param name="start">Elements before step 0.</param>
    /// <param name="stride">Elements from a step along K to the next.</param>
    /// <param name="lines">Lines.</param>
    /// <param name="depth">Steps along K of an item.</param>
    /// <param name="items">How items follow.</param>
    public LineMatrix(Mem memory, int start, int stride, int lines, int depth, ItemStep items)
    {
        _memory = memory;
        _start = start;
        _stride = stride;
        _lines = lines;
        _depth = depth;
        _itemStride = items.Stride;
        _totalDepth = items.Depth;
    }

    /// <inheritdoc/>
    public static bool AlongDepth => false;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public LineMatrix<TPieces> At(int item, int firstLine, int thread)
    {
        int depth = _totalDepth > 0 ? Math.Min(_depth, _totalDepth - (item * _depth)) : _depth;
        return new(_memory, _start + (item * _itemStride) + firstLine, _stride, _lines - firstLine, depth, default);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Load(ArrayView<float> slice, int k, int thread, int lines, int threads)
    {
        // As for lines behind the last: their pieces are those of the last.
        bool inner = TPieces.AreWhole && k + Tile.Depth <= _depth;
        int quads = lines / 4;
        for (int i = 0; i < lines * 4 / threads; i++)
        {
            int piece = thread + (i * threads);
            int step = k + (piece / quads);
            int line = Math.Min((piece % quads) << 2, (_lines - 1) & ~3);
            int to = Slice.AcrossDepth(piece / quads, piece % quads, lines);
            if (inner)
            {
                WholePieces.Copy(slice, to, _memory.View, _start + (step * _stride) + line);
            }
            else
            {
                int inside = step < _depth ? Math.Min(4, _lines - line) : 0;
                TPieces.Copy(slice, to, _memory.View, _start + (inside > 0 ? (step * _stride) + line : 0), inside);
            }
        }
    }
}
