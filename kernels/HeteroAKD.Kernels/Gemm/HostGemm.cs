using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Pixelwise;

namespace HeteroAKD.Kernels.Gemm;

/// <summary>
/// Matrix products on host threads: packed panels, register tiles, blocks that fit the caches (after Goto and van de Geijn, "Anatomy of
/// High-Performance Matrix Multiplication", 2008). Specification: <see cref="GemmReference.Run"/>.
/// </summary>
internal static partial class HostGemm
{
    /// <summary>Computes a batch of products with the widest lane of this machine, or in double.</summary>
    public static void Run(HostPool pool, in GemmArguments arguments, HostPrecision precision)
    {
        ProductWork work = new(pool, arguments);
        HostLanes.Run(ref work, precision);
    }

    private struct ProductWork(HostPool pool, in GemmArguments arguments) : ILaneWork
    {
        private readonly GemmArguments _arguments = arguments;

        public readonly void Run<TLane>()
            where TLane : unmanaged, ILane<TLane> => HostGemm.Run<TLane>(pool, _arguments);
    }

    /// <summary>Computes with a given lane; the result does not depend on the number of threads, but on the lane in the last bits.</summary>
    public static void Run<TLane>(HostPool pool, in GemmArguments arguments)
        where TLane : unmanaged, ILane<TLane> => Run<TLane>(pool, arguments, default);

    internal static void Run<TLane>(HostPool pool, in GemmArguments arguments, PackedSide packed)
        where TLane : unmanaged, ILane<TLane>
    {
        arguments.Validate();
        if (arguments.M == 0 || arguments.N == 0 || arguments.Batch == 0)
        {
            return;
        }

        GemmPartition partition = Partition<TLane>(arguments, arguments.K, arguments.Batch);
        if (partition.Chunks == 1)
        {
            GemmJob<TLane>.Run(pool, arguments, partition, arguments.K, packed);
        }
        else
        {
            RunSplit<TLane>(pool, arguments, partition.Chunks, packed);
        }
    }

    /// <summary>
    /// C = activation(Alpha · Σ over b of A[b] B[b] + Beta · C + bias + residual): the batch is summed, as for a weight shared by all images.
    /// </summary>
    public static void RunSum<TLane>(HostPool pool, in GemmArguments arguments)
        where TLane : unmanaged, ILane<TLane>
    {
        arguments.Validate();
        if (arguments.M == 0 || arguments.N == 0)
        {
            return;
        }

        if (arguments.Batch == 0 || arguments.K == 0)
        {
            Run<TLane>(pool, arguments with { Batch = 1, K = 0 });
            return;
        }

        int sums = GemmPartition.SumsOfBatch(arguments.M, arguments.N, arguments.Batch);
        GemmPartition single = Partition<TLane>(arguments, arguments.K, 1);
        if (single.Chunks > 1 && sums * single.Tiles < GemmPartition.FewTiles && arguments.HasResidual == 0 && arguments.Activation == ActivationKind.None)
        {
            // Few matrices, but long sums: better divided along K, one matrix after the other.
            for (int item = 0; item < arguments.Batch; item++)
            {
                Run<TLane>(pool, arguments with
                {
                    Batch = 1,
                    A = arguments.A.Item(item),
                    B = arguments.B.Item(item),
                    Beta = item == 0 ? arguments.Beta : 1,
                    BiasKind = item == 0 ? arguments.BiasKind : GemmBias.None,
                });
            }

            return;
        }

        int items = (arguments.Batch + sums - 1) / sums;
        sums = (arguments.Batch + items - 1) / items;
        GemmPartition partition = Partition<TLane>(arguments, arguments.K, arguments.Batch, items);
        if (sums == 1)
        {
            GemmJob<TLane>.Run(pool, arguments, partition, arguments.K, default);
            return;
        }

        GemmCombineJob<TLane> combine = GemmCombineJob<TLane>.Take();
        Mem partials = combine.Reserve((long)sums * arguments.M * arguments.N);
        GemmArguments pieces = new()
        {
            M = arguments.M,
            N = arguments.N,
            K = arguments.K,
            Batch = arguments.Batch,
            A = arguments.A,
            B = arguments.B,
            C = GemmMatrix.RowMajor(partials, arguments.N, batchStride: arguments.M * arguments.N),
        };
        GemmJob<TLane>.Run(pool, pieces, partition, arguments.K, default);
        combine.Run(pool, arguments, partials, sums);
    }

    // The pieces of K are a batch of products into scratch; adding them up in order and the epilogue are a second job.
    private static unsafe void RunSplit<TLane>(HostPool pool, in GemmArguments arguments, int chunks, PackedSide packed)
        where TLane : unmanaged, ILane<TLane>
    {
        (GemmArguments pieces, int lastDepth) = Pieces(arguments, chunks);
        GemmCombineJob<TLane> combine = GemmCombineJob<TLane>.Take();
        Mem partials = combine.Reserve((long)pieces.Batch * arguments.M * arguments.N);
        pieces = pieces with { C = GemmMatrix.RowMajor(partials, arguments.N, batchStride: arguments.M * arguments.N) };
        GemmJob<TLane>.Run(pool, pieces, Partition<TLane>(pieces, pieces.K, pieces.Batch), lastDepth, packed);
        combine.Run(pool, arguments, partials, pieces.Batch);
    }

    // Without C, and the depth of the last piece.
    private static (GemmArguments Pieces, int LastDepth) Pieces(in GemmArguments arguments, int chunks)
    {
        int depth = (arguments.K + chunks - 1) / chunks;
        chunks = (arguments.K + depth - 1) / depth;
        GemmArguments pieces = new()
        {
            M = arguments.M,
            N = arguments.N,
            K = depth,
            Batch = chunks,
            A = arguments.A.Step(depth * arguments.A.ColumnStride),
            B = arguments.B.Step(depth * arguments.B.RowStride),
        };
        return (pieces, arguments.K - (depth * (chunks - 1)));
    }

    private static GemmPartition Partition<TLane>(in GemmArguments arguments, int depth, int batch, int itemsPerSum = 1)
        where TLane : unmanaged, ILane<TLane>
        => new(arguments.M, arguments.N, depth, batch, RegisterTile<TLane>.MaxRows, RegisterTile<TLane>.MaxColumns, itemsPerSum);
}

/// <summary>Tiles of C, each over the whole of K (or of a piece of it).</summary>
internal sealed unsafe class GemmJob<TLane> : KernelJob<GemmJob<TLane>>
    where TLane : unmanaged, ILane<TLane>
{
    private GemmArguments _arguments;
    private GemmPartition _partition;
    private GemmOperand<TLane> _a;
    private GemmOperand<TLane> _b;
    private GemmEpilogue<TLane> _epilogue;
    private HostPool _pool = null!;
    private int _lastDepth;

    /// <summary>Runs all tiles; the last matrix of the batch has its own depth.</summary>
    public static void Run(HostPool pool, in GemmArguments arguments, in GemmPartition partition, int lastDepth, PackedSide packed)
    {
        GemmJob<TLane> job = Take();
        job._arguments = arguments;
        job._partition = partition;
        job._a = GemmOperand<TLane>.Rows(arguments.A);
        job._b = GemmOperand<TLane>.Columns(arguments.B);
        if (packed.Memory.Address != 0)
        {
            packed.Bind(arguments, ref job._a, ref job._b);
        }

        GemmPackingJob<TLane>.Run(pool, arguments, partition, lastDepth, ref job._a, ref job._b);
        job._epilogue = new GemmEpilogue<TLane>(arguments);
        job._pool = pool;
        job._lastDepth = lastDepth;
        pool.Run(job, partition.Tiles);
    }

    public override void Tile(int tile, int worker)
    {
        int blocks = _partition.RowBlocks * _partition.ColumnBlocks;
        int item = tile / blocks * _partition.ItemsPerTile;
        int end = Math.Min(_arguments.Batch, item + _partition.ItemsPerTile);
        int block = tile % blocks;

        // Rows first: tiles that follow each other share their panels of B.
        int row = block % _partition.RowBlocks * _partition.RowsPerBlock;
        int column = block / _partition.RowBlocks * _partition.ColumnsPerBlock;
        int rowEnd = Math.Min(_arguments.M, row + _partition.RowsPerBlock);
        int columnEnd = Math.Min(_arguments.N, column + _partition.ColumnsPerBlock);

        int tileElements = RegisterTile<TLane>.MaxRows * RegisterTile<TLane>.MaxColumns;
        int panelElements = RegisterTile<TLane>.MaxRows * _partition.DepthPerBlock;
        int blockElements = _partition.ColumnsPerBlock * _partition.DepthPerBlock;
        int size = RegisterTile<TLane>.ElementSize;
        byte* arena = _pool.Arena(worker, (nuint)((tileElements + panelElements + blockElements + 32) * size));
        Scratch scratch = new()
        {
            Tile = (TLane*)arena,
            B = arena + (tileElements * size),
            A = arena + ((tileElements + blockElements) * size),
        };
        for (; item < end; item++)
        {
            Item(item, row, rowEnd, column, columnEnd, scratch);
        }
    }

    private void Item(int item, int row, int rowEnd, int column, int columnEnd, in Scratch scratch)
    {
        int k = item == _arguments.Batch - 1 ? _lastDepth : _arguments.K;
        bool first = item % _partition.ItemsPerSum == 0;
        bool last = item % _partition.ItemsPerSum == _partition.ItemsPerSum - 1 || item == _arguments.Batch - 1;
        int start = 0;
        do
        {
            int depth = Math.Min(_partition.DepthPerBlock, k - start);
            byte* columns = Columns(item, column, columnEnd, start, depth, scratch.B);
            for (int i = row; i < rowEnd;)
            {
                int rows = RegisterTile<TLane>.PanelRows(rowEnd - i);
                int valid = Math.Min(rows, rowEnd - i);
                bool inPlace = !_a.IsPacked && _a.HasRowsInPlace && valid == RegisterTile<TLane>.MaxRows;
                byte* panel = _a.IsPacked ? _a.Panel(item, i, start, depth) : inPlace ? _a.Source(item, i, start) : scratch.A;
                if (!_a.IsPacked && !inPlace)
                {
                    _a.Pack(item, i, i + valid, start, depth, panel);
                }

                for (int j = column; j < columnEnd; j += RegisterTile<TLane>.MaxColumns)
                {
                    int count = Math.Min(RegisterTile<TLane>.MaxColumns, columnEnd - j);
                    int vectors = count > TLane.Width ? 2 : 1;
                    TileColumns steps = columns == null && count == RegisterTile<TLane>.MaxColumns
                        ? TileColumns.Even(_b.Source(item, j, start), _b.DepthStride)
                        : TileColumns.Even(
                            columns == null ? scratch.B : columns + ((nint)(j - column) * depth * RegisterTile<TLane>.ElementSize), vectors * sizeof(TLane));
                    if (inPlace)
                    {
                        RegisterTile<TLane>.MultiplyRows(vectors, panel, _a.AlongStride, steps, depth, scratch.Tile);
                    }
                    else
                    {
                        RegisterTile<TLane>.Multiply(rows, vectors, panel, steps, depth, scratch.Tile);
                    }

                    Finish(item / _partition.ItemsPerSum, i, valid, j, count, scratch.Tile, first && start == 0, last && start + depth >= k);
                }

                i += rows;
            }

            start += depth;
        }
        while (start < k);
    }

    // The block's panels of B; null where whole panels are read in place, and only the last, narrower one is packed.
    private byte* Columns(int item, int column, int columnEnd, int start, int depth, byte* scratch)
    {
        if (_b.IsPacked)
        {
            return _b.Panel(item, column, start, depth);
        }

        if (_partition.ReadsColumnsInPlace(_b.IsContiguous))
        {
            int rest = (columnEnd - column) % RegisterTile<TLane>.MaxColumns;
            _b.Pack(item, columnEnd - rest, columnEnd, start, depth, scratch);
            return null;
        }

        _b.Pack(item, column, columnEnd, start, depth, scratch);
        return scratch;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Finish(int item, int row, int rows, int column, int columns, TLane* tile, bool first, bool last)
    {
        GemmEpilogue<TLane> epilogue = _epilogue;
        if (columns == RegisterTile<TLane>.MaxColumns && epilogue.IsPlain(first, last))
        {
            epilogue.Move(item, row, column, rows, tile, !first);
            return;
        }

        if (columns == RegisterTile<TLane>.MaxColumns && epilogue.IsClamped(first))
        {
            epilogue.MoveClamped(item, row, column, rows, tile, first, last);
            return;
        }

        int vectors = columns > TLane.Width ? 2 : 1;
        for (int i = 0; i < rows; i++)
        {
            epilogue.Store(item, row + i, column, columns, tile[i * vectors], first, last);
            if (vectors == 2)
            {
                epilogue.Store(item, row + i, column + TLane.Width, columns - TLane.Width, tile[(2 * i) + 1], first, last);
            }
        }
    }

    private struct Scratch
    {
        public TLane* Tile; // [rows, 2] lanes of accumulators
        public byte* A; // [depth, rows] one packed panel
        public byte* B; // panels of [depth, 2 lanes]
    }
}
