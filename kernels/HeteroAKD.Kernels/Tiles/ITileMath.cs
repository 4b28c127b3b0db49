using HeteroAKD.Kernels.Intrinsics;
using ILGPU;

namespace HeteroAKD.Kernels.Tiles;

/// <summary>How a block multiplies two slices: with which precision, and which thread has which elements.</summary>
public interface ITileMath
{
    /// <summary>Threads of a block, a multiple of 32.</summary>
    static abstract int Threads<TTile>()
        where TTile : struct, ITile;

    /// <summary>sums += slice of A times slice of B.</summary>
    /// <param name="a">[Rows, 16] in the order of <see cref="Slice"/>.</param>
    /// <param name="b">[16, Columns], likewise.</param>
    /// <param name="sums">[Rows · Columns / 4 / Threads], in registers.</param>
    /// <param name="thread">The thread.</param>
    static abstract void Multiply<TTile, TLeft, TRight>(ArrayView<float> a, ArrayView<float> b, Float4[] sums, int thread)
        where TTile : struct, ITile
        where TLeft : struct, ITileSource<TLeft>
        where TRight : struct, ITileSource<TRight>;

    /// <summary>Writes the thread's sums to the tile in shared memory.</summary>
    /// <param name="result">[Rows, <see cref="Tile.ResultPitch"/>].</param>
    /// <param name="sums">As <see cref="Multiply"/> left them.</param>
    /// <param name="thread">The thread.</param>
    static abstract void Spill<TTile, TLeft, TRight>(ArrayView<float> result, Float4[] sums, int thread)
        where TTile : struct, ITile
        where TLeft : struct, ITileSource<TLeft>
        where TRight : struct, ITileSource<TRight>;
}
