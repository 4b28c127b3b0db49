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
public readonly struct DepthMatrix<TElement> : ITileSource<DepthMatrix<TElement>>
    where TElement : struct, IElement
{
    private readonly Mem _memory; // line l, step k at _start + l · _stride + k
    private readonly int _start;
    private readonly int _stride;
    private readonly int _lines;
    private readonly int _depth;
    private readonly int _itemStride;
    private readonly int _totalDepth;
    private readonly int _whole; // 1 where every piece of four elements begins at a multiple of its size

    /// <summary>All lines.</summary>
    /// <param name="memory">The memory.</param>
    /// <param name="start">Elements before line 0.</param>
    /// <param name="stride">Elements from a line to the next.</param>
    /// <param name="lines">Lines.</param>
    /// <param name="depth">Steps along K of an item.</param>
    /// <param name="items">How items follow.</param>
    public DepthMatrix(Mem memory, int start, int stride, int lines, int depth, ItemStep items)
        : this(memory, start, stride, lines, depth, items, Alignment.IsWhole(memory, start, stride, items.Stride))
    {
    }

    private DepthMatrix(Mem memory, int start, int stride, int lines, int depth, ItemStep items, int whole)
    {
        _memory = memory;
        _start = start;
        _stride = stride;
        _lines = lines;
        _depth = depth;
        _itemStride = items.Stride;
        _totalDepth = items.Depth;
        _whole = whole;
    }

    /// <inheritdoc/>
    public static bool AlongDepth => true;

    /// <inheritdoc/>
    public static bool Narrow => TElement.Narrow;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public DepthMatrix<TElement> At(int item, int firstLine, int thread, int lines, int threads)
    {
        int depth = _totalDepth > 0 ? Math.Min(_depth, _totalDepth - (item * _depth)) : _depth;
        return new(_memory, _start + (item * _itemStride) + (firstLine * _stride), _stride, _lines - firstLine, depth, default, _whole);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Load(ArrayView<float> slice, int k, int thread, int lines, int threads, Bf16x4[] held)
    {
        for (int i = 0; i < lines * 4 / threads; i++)
        {
            int piece = thread + (i * threads);
            int line = piece >> 2;
            int step = k + ((piece & 3) << 2);
            int inside = line < _lines ? Math.Max(0, Math.Min(4, _depth - step)) : 0;
            int from = inside > 0 ? _start + (line * _stride) + step : 0;
            Pieces.Copy<TElement>(slice, Slice.AlongDepth<TElement>(line, piece & 3), _memory.View, from, inside, _whole);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Finish(ArrayView<float> slice, int thread, int lines, int threads, Bf16x4[] held)
    {
        // Copies need no registers.
    }
}

/// <summary>A matrix whose neighbouring lines are neighbours in memory.</summary>
public readonly struct LineMatrix<TElement> : ITileSource<LineMatrix<TElement>>
    where TElement : struct, IElement
{
    private readonly Mem _memory; // line l, step k at _start + k · _stride + l
    private readonly int _start;
    private readonly int _stride;
    private readonly int _lines;
    private readonly int _depth;
    private readonly int _itemStride;
    private readonly int _totalDepth;
    private readonly int _whole; // 1 where every piece of four elements begins at a multiple of its size

    /// <summary>All lines.</summary>
    /// <param name="memory">The memory.</param>
    /// <param name="start">Elements before step 0.</param>
    /// <param name="stride">Elements from a step along K to the next.</param>
    /// <param name="lines">Lines.</param>
    /// <param name="depth">Steps along K of an item.</param>
    /// <param name="items">How items follow.</param>
    public LineMatrix(Mem memory, int start, int stride, int lines, int depth, ItemStep items)
        : this(memory, start, stride, lines, depth, items, Alignment.IsWhole(memory, start, stride, items.Stride))
    {
    }

    private LineMatrix(Mem memory, int start, int stride, int lines, int depth, ItemStep items, int whole)
    {
        _memory = memory;
        _start = start;
        _stride = stride;
        _lines = lines;
        _depth = depth;
        _itemStride = items.Stride;
        _totalDepth = items.Depth;
        _whole = whole;
    }

    /// <inheritdoc/>
    public static bool AlongDepth => false;

    /// <inheritdoc/>
    public static bool Narrow => TElement.Narrow;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public LineMatrix<TElement> At(int item, int firstLine, int thread, int lines, int threads)
    {
        int depth = _totalDepth > 0 ? Math.Min(_depth, _totalDepth - (item * _depth)) : _depth;
        return new(_memory, _start + (item * _itemStride) + firstLine, _stride, _lines - firstLine, depth, default, _whole);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Load(ArrayView<float> slice, int k, int thread, int lines, int threads, Bf16x4[] held)
    {
        int quads = lines / 4;
        for (int i = 0; i < lines * 4 / threads; i++)
        {
            int piece = thread + (i * threads);
            int step = piece / quads;
            int quad = piece % quads;
            int inside = k + step < _depth ? Math.Max(0, Math.Min(4, _lines - (4 * quad))) : 0;
            int from = inside > 0 ? _start + ((k + step) * _stride) + (4 * quad) : 0;
            Pieces.Copy<TElement>(slice, Slice.AcrossDepth(step, quad, lines), _memory.View, from, inside, _whole);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Finish(ArrayView<float> slice, int thread, int lines, int threads, Bf16x4[] held)
    {
        // Copies need no registers.
    }
}
