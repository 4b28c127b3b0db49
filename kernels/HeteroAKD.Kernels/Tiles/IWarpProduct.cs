using HeteroAKD.Kernels.Intrinsics;
using ILGPU;

namespace HeteroAKD.Kernels.Tiles;

/// <summary>The tensor cores' product of 16 x <see cref="Depth"/> and <see cref="Depth"/> x 8 elements by a warp, in one precision.</summary>
internal interface IWarpProduct
{
    /// <summary>Steps along K of an instruction, at most <see cref="Tile.Depth"/>.</summary>
    static abstract int Depth { get; }

    /// <summary>The thread's part of 16 lines of a slice.</summary>
    /// <param name="slice">The left side's slice.</param>
    /// <param name="line">The first line.</param>
    /// <param name="k">The first step, a multiple of <see cref="Depth"/>.</param>
    /// <param name="lines">Lines of the slice.</param>
    /// <param name="lane">The thread's place in its warp.</param>
    static abstract LeftFragment Left<TSource>(ArrayView<float> slice, int line, int k, int lines, int lane)
        where TSource : struct, ITileSource<TSource>;

    /// <summary>The thread's part of 8 lines in X and Y, and of the 8 lines after them in Z and W.</summary>
    /// <param name="slice">The right side's slice.</param>
    /// <param name="line">The first line.</param>
    /// <param name="k">The first step, a multiple of <see cref="Depth"/>.</param>
    /// <param name="lines">Lines of the slice.</param>
    /// <param name="lane">The thread's place in its warp.</param>
    static abstract LeftFragment Right<TSource>(ArrayView<float> slice, int line, int k, int lines, int lane)
        where TSource : struct, ITileSource<TSource>;

    /// <summary>sum + left · right.</summary>
    static abstract Float4 Add(LeftFragment left, RightFragment right, Float4 sum);
}
