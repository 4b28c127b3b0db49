using HeteroAKD.Kernels.Intrinsics;
using HeteroAKD.Kernels.Launch;
using ILGPU;

namespace HeteroAKD.Kernels.Tiles;

/// <summary>
/// C = A B by tiles on a device, whatever A, B and C are made of: a block copies slices of both sides to shared memory, three ahead of the one that it
/// multiplies, keeps the sums in registers, and hands the finished tile to the sink row by row. Launch <see cref="Blocks"/> blocks of <see cref="Threads"/>
/// threads with <see cref="Tile.SharedBytes{TTile, TLeft, TRight}"/> of dynamic shared memory.
/// </summary>
/// <param name="left">A.</param>
/// <param name="right">B.</param>
/// <param name="sink">C.</param>
/// <param name="rows">Rows of C.</param>
/// <param name="columns">Columns of C.</param>
/// <param name="depth">Length of the sums.</param>
/// <param name="items">Products of a batch, or pieces of K.</param>
public readonly struct TiledProductKernel<TTile, TMath, TLeft, TRight, TSink>(TLeft left, TRight right, TSink sink, int rows, int columns, int depth, int items)
    : IDeviceKernel, IUnrolledKernel, ISizedKernel
    where TTile : struct, ITile
    where TMath : struct, ITileMath
    where TLeft : struct, ITileSource<TLeft>
    where TRight : struct, ITileSource<TRight>
    where TSink : struct, ITileSink
{
    private readonly TLeft _left = left;
    private readonly TRight _right = right;
    private readonly TSink _sink = sink;
    private readonly int _rowTiles = (rows + TTile.Rows - 1) / TTile.Rows;
    private readonly int _columnTiles = (columns + TTile.Columns - 1) / TTile.Columns;
    private readonly int _slices = (depth + Tile.Depth - 1) / Tile.Depth;
    private readonly int _items = items;

    /// <summary>Blocks to launch.</summary>
    public int Blocks => _rowTiles * _columnTiles * _items;

    /// <inheritdoc/>
    public static int Threads => TMath.Threads<TTile>();

    /// <inheritdoc/>
    public void Run()
    {
        ArrayView<float> shared = SharedMemory.GetDynamic<float>();
        int thread = Group.IdxX;
        int item = Grid.IdxX / (_rowTiles * _columnTiles);
        int tile = Grid.IdxX - (item * _rowTiles * _columnTiles);

        // Neighbouring blocks share columns of B: rows are usually fewer.
        int columnTile = tile / _rowTiles;
        int row0 = (tile - (columnTile * _rowTiles)) * TTile.Rows;
        int column0 = columnTile * TTile.Columns;
        int threads = TMath.Threads<TTile>();
        TLeft left = _left.At(item, row0, thread, TTile.Rows, threads);
        TRight right = _right.At(item, column0, thread, TTile.Columns, threads);
        int stageLength = Tile.StageLength<TTile, TLeft, TRight>();
        int leftLength = Tile.SliceLength<TLeft>(TTile.Rows);

        Float4[] sums = new Float4[TTile.Rows * TTile.Columns / 4 / TMath.Threads<TTile>()];
        for (int i = 0; i < TTile.Rows * TTile.Columns / 4 / TMath.Threads<TTile>(); i++)
        {
            sums[i] = default;
        }

        for (int slice = 0; slice < Tile.Stages - 1; slice++)
        {
            if (slice < _slices)
            {
                uint[] leftHeld = new uint[Tile.Held];
                uint[] rightHeld = new uint[Tile.Held];
                ArrayView<float> stage = shared.SubView(slice * stageLength, stageLength);
                ArrayView<float> rightStage = stage.SubView(leftLength, stageLength - leftLength);
                left.Load(stage, slice * Tile.Depth, thread, TTile.Rows, threads, leftHeld);
                right.Load(rightStage, slice * Tile.Depth, thread, TTile.Columns, threads, rightHeld);
                left.Finish(stage, thread, TTile.Rows, threads, leftHeld);
                right.Finish(rightStage, thread, TTile.Columns, threads, rightHeld);
            }

            AsyncCopy.Commit();
        }

        for (int slice = 0; slice < _slices; slice++)
        {
            AsyncCopy.WaitAllButTwo();
            Group.Barrier();

            // What is overwritten was multiplied before the barrier.
            int ahead = slice + Tile.Stages - 1;
            uint[] leftAhead = new uint[Tile.Held];
            uint[] rightAhead = new uint[Tile.Held];
            ArrayView<float> next = shared.SubView((ahead & (Tile.Stages - 1)) * stageLength, stageLength);
            ArrayView<float> rightNext = next.SubView(leftLength, stageLength - leftLength);
            if (ahead < _slices)
            {
                left.Load(next, ahead * Tile.Depth, thread, TTile.Rows, threads, leftAhead);
                right.Load(rightNext, ahead * Tile.Depth, thread, TTile.Columns, threads, rightAhead);
            }

            AsyncCopy.Commit();
            ArrayView<float> stage = shared.SubView((slice & (Tile.Stages - 1)) * stageLength, stageLength);
            TMath.Multiply<TTile, TLeft, TRight>(stage, stage.SubView(leftLength, stageLength - leftLength), sums, thread);
            if (ahead < _slices)
            {
                left.Finish(next, thread, TTile.Rows, threads, leftAhead);
                right.Finish(rightNext, thread, TTile.Columns, threads, rightAhead);
            }
        }

        AsyncCopy.WaitAll();
        Group.Barrier();
        TMath.Spill<TTile, TLeft, TRight>(shared, sums, thread);
        Group.Barrier();
        int quads = TTile.Columns / 4;
        for (int i = thread; i < TTile.Rows * quads; i += threads)
        {
            int row = i / quads;
            int quad = i - (row * quads);
            Float4 products = shared.Cast<Float4>()[(row * (Tile.ResultPitch<TTile>() / 4)) + quad];
            _sink.Store(item, row0 + row, column0 + (4 * quad), products);
        }
    }
}
