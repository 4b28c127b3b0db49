using HeteroAKD.Kernels.Intrinsics;
using ILGPU;

namespace HeteroAKD.Kernels.Tiles;

/// <summary>
/// One side of a product, A or B, as tiles of it come to shared memory. A line is a row of A or a column of B; a slice holds all lines of the tile for
/// <see cref="Tile.Depth"/> steps along K, in one of the two orders of <see cref="Slice"/>.
/// </summary>
public interface ITileSource<TSelf>
    where TSelf : struct, ITileSource<TSelf>
{
    /// <summary>Whether neighbours in a slice are neighbours along K; else they are neighbouring lines.</summary>
    static abstract bool AlongDepth { get; }

    /// <summary>Whether the memory and slices hold bf16 numbers; else floats.</summary>
    static abstract bool Narrow { get; }

    /// <summary>The source of a block: with what its threads need to know of where they are.</summary>
    /// <param name="item">Which product of a batch, or piece of K.</param>
    /// <param name="firstLine">First line of the tile.</param>
    /// <param name="thread">The thread.</param>
    /// <param name="lines">Lines of the tile.</param>
    /// <param name="threads">Threads of the block.</param>
    TSelf At(int item, int firstLine, int thread, int lines, int threads);

    /// <summary>
    /// Starts the thread's share of the copies of steps k … k + 15. What lies outside of the matrix becomes zero. Single bf16 numbers, which no asynchronous
    /// copy moves, are read into registers instead.
    /// </summary>
    /// <param name="slice">[lines · <see cref="Tile.Depth"/>] in shared memory.</param>
    /// <param name="k">First step, a multiple of <see cref="Tile.Depth"/>.</param>
    /// <param name="thread">The thread.</param>
    /// <param name="lines">Lines of the tile.</param>
    /// <param name="threads">Threads of the block.</param>
    /// <param name="held">[<see cref="Tile.Held"/>], in registers: what <see cref="Finish"/> is to write. Nothing may be done to it here, as that would wait
    /// for it.</param>
    void Load(ArrayView<float> slice, int k, int thread, int lines, int threads, uint[] held);

    /// <summary>
    /// Writes what <see cref="Load"/> left in registers to the slice; called after a multiplication that the reads had time to arrive during.
    /// </summary>
    /// <param name="slice">As for <see cref="Load"/>.</param>
    /// <param name="thread">The thread.</param>
    /// <param name="lines">Lines of the tile.</param>
    /// <param name="threads">Threads of the block.</param>
    /// <param name="held">As for <see cref="Load"/>.</param>
    void Finish(ArrayView<float> slice, int thread, int lines, int threads, uint[] held);
}

/// <summary>Where the elements of a finished tile go.</summary>
public interface ITileSink
{
    /// <summary>Takes four neighbouring elements of a row, of which those beyond the matrix are to be left out.</summary>
    /// <param name="item">Which product of a batch, or piece of K.</param>
    /// <param name="row">Row of C, perhaps beyond its end.</param>
    /// <param name="column">Column of the first, a multiple of 4.</param>
    /// <param name="products">The sums of products.</param>
    void Store(int item, int row, int column, Float4 products);
}
