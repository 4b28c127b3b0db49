using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Gemm;

/// <summary>
/// One side of a product (the rows of A or the columns of B) and how it is packed into panels [depth, width] that <see cref="RegisterTile{TLane}"/>
/// reads. A side that several tiles want is packed once, ahead of them (<see cref="GemmPackingJob{TLane}"/>); otherwise a tile packs what it needs.
/// </summary>
internal unsafe struct GemmOperand<TLane>
    where TLane : unmanaged, ILane<TLane>
{
    private readonly byte* _source; // [batch, along, depth] in any strides
    private readonly nint _alongStride;
    private readonly nint _depthStride;
    private readonly nint _batchStride;
    private readonly bool _columns;
    private byte* _packed; // [items, blocks of depth, panels]; null if not packed ahead
    private nint _packedItem;
    private int _packedAlong;

    private GemmOperand(in GemmMatrix matrix, nint alongStride, nint depthStride, bool columns)
    {
        int size = RegisterTile<TLane>.ElementSize;
        _source = (byte*)matrix.Memory.Address + ((nint)matrix.Offset * size);
        _alongStride = alongStride * size;
        _depthStride = depthStride * size;
        _batchStride = (nint)matrix.BatchStride * size;
        _columns = columns;
    }

    /// <summary>The rows of A.</summary>
    public static GemmOperand<TLane> Rows(in GemmMatrix a) => new(a, a.RowStride, a.ColumnStride, false);

    /// <summary>The columns of B.</summary>
    public static GemmOperand<TLane> Columns(in GemmMatrix b) => new(b, b.ColumnStride, b.RowStride, true);

    /// <summary>Whether its panels lie ready.</summary>
    public readonly bool IsPacked => _packed != null;

    /// <summary>Whether all products of the batch share it.</summary>
    public readonly bool IsShared => _batchStride == 0;

    /// <summary>Whether the elements of a step of depth lie side by side, so that a tile can read them unpacked.</summary>
    public readonly bool IsContiguous => _alongStride == RegisterTile<TLane>.ElementSize;

    /// <summary>
    /// Whether full tiles can read rows where they lie: steps of depth side by side, and rows not so far apart that all of them share a few sets of the
    /// first cache level.
    /// </summary>
    public readonly bool HasRowsInPlace => _depthStride == RegisterTile<TLane>.ElementSize && _alongStride % 2048 != 0;

    /// <summary>Bytes from a line to the next where it lies.</summary>
    public readonly nint AlongStride => _alongStride;

    /// <summary>Bytes from a step of depth to the next where it lies.</summary>
    public readonly nint DepthStride => _depthStride;

    /// <summary>Lines of the next panel where <paramref name="remaining"/> are left.</summary>
    public readonly int PanelWidth(int remaining)
        => _columns ? RegisterTile<TLane>.PanelColumns(remaining) : RegisterTile<TLane>.PanelRows(remaining);

    /// <summary>Bytes of one packed matrix of <paramref name="along"/> lines.</summary>
    public readonly nint PackedBytes(int along, int depth) => (nint)Padded(along) * depth * RegisterTile<TLane>.ElementSize;

    /// <summary>Says where the panels are or will be.</summary>
    public void PackInto(byte* memory, int along, int depth)
    {
        _packed = memory;
        _packedAlong = Padded(along);
        _packedItem = IsShared ? 0 : PackedBytes(along, depth);
    }

    /// <summary>The packed panel that begins at line <paramref name="along"/>, for <paramref name="depth"/> steps from <paramref name="start"/> on.</summary>
    public readonly byte* Panel(int item, int along, int start, int depth)
        => _packed + (item * _packedItem) + ((((nint)start * _packedAlong) + ((nint)along * depth)) * RegisterTile<TLane>.ElementSize);

    /// <summary>Where element (line, step) lies unpacked.</summary>
    public readonly byte* Source(int item, int along, int start) => _source + (item * _batchStride) + (along * _alongStride) + (start * _depthStride);

    /// <summary>Packs the panels of lines <paramref name="from"/> up to <paramref name="to"/>, one after another.</summary>
    public readonly void Pack(int item, int from, int to, int start, int depth, byte* panels)
    {
        int size = RegisterTile<TLane>.ElementSize;
        int full = Full;
        if (IsContiguous)
        {
            int whole = 0;
            while ((whole + 1) * full <= to - from && PanelWidth(to - from - (whole * full)) == full)
            {
                whole++;
            }

            PanelPacking.CopyPanels(Source(item, from, start), _depthStride, whole, full * size, depth, panels);
            from += whole * full;
            panels += (nint)whole * full * depth * size;
        }

        while (from < to)
        {
            int width = PanelWidth(to - from);
            PanelPacking.Pack(Source(item, from, start), _alongStride, _depthStride, Math.Min(width, to - from), width, depth, panels, size);
            panels += (nint)width * depth * size;
            from += width;
        }
    }

    private readonly int Full => _columns ? RegisterTile<TLane>.MaxColumns : RegisterTile<TLane>.MaxRows;

    // However the last lines are divided, their panels are no wider than one of the widest for each begun.
    private readonly int Padded(int along) => (along + Full - 1) / Full * Full;
}

/// <summary>Packs the sides of a product that more than one tile wants; a tile is one block of lines and of depth.</summary>
internal sealed unsafe class GemmPackingJob<TLane> : KernelJob<GemmPackingJob<TLane>>
    where TLane : unmanaged, ILane<TLane>
{
    private GemmOperand<TLane> _a;
    private GemmOperand<TLane> _b;
    private Side _aSide;
    private Side _bSide;
    private int _k;
    private int _lastDepth;
    private int _batch;
    private int _depthPerBlock;
    private int _depthBlocks;

    /// <summary>Packs what pays to be packed ahead and says so to the operands.</summary>
    public static void Run(HostPool pool, in GemmArguments g, in GemmPartition partition, int lastDepth, ref GemmOperand<TLane> a, ref GemmOperand<TLane> b)
    {
        int itemsA = a.IsShared ? 1 : g.Batch;
        int itemsB = b.IsShared ? 1 : g.Batch;
        // Rows that full tiles read where they lie are better not packed at all.
        bool packA = !a.IsPacked && !a.HasRowsInPlace && GemmPartition.PacksAhead(g.M, g.K, itemsA, partition.ColumnBlocks * (g.Batch / itemsA));
        bool packB = !b.IsPacked && GemmPartition.PacksAhead(g.N, g.K, itemsB, partition.RowBlocks * (g.Batch / itemsB))
            && !partition.ReadsColumnsInPlace(b.IsContiguous);
        if (!packA && !packB)
        {
            return;
        }

        nint bytesA = packA ? itemsA * a.PackedBytes(g.M, g.K) : 0;
        nint bytesB = packB ? itemsB * b.PackedBytes(g.N, g.K) : 0;
        byte* memory = pool.SharedArena((nuint)(bytesA + bytesB));
        Pack(pool, g, partition, lastDepth, ref a, packA ? memory : null, ref b, packB ? memory + bytesA : null);
    }

    /// <summary>Packs the sides that have memory for it and says so to the operands.</summary>
    public static void Pack(
        HostPool pool, in GemmArguments g, in GemmPartition partition, int lastDepth, ref GemmOperand<TLane> a, byte* memoryA, ref GemmOperand<TLane> b,
        byte* memoryB)
    {
        GemmPackingJob<TLane> job = Take();
        job._aSide = default;
        job._bSide = default;
        job._depthBlocks = (g.K + partition.DepthPerBlock - 1) / partition.DepthPerBlock;
        if (memoryA != null)
        {
            a.PackInto(memoryA, g.M, g.K);
            job._aSide = new Side(g.M, partition.RowsPerBlock, partition.RowBlocks, a.IsShared ? 1 : g.Batch);
        }

        if (memoryB != null)
        {
            b.PackInto(memoryB, g.N, g.K);
            job._bSide = new Side(g.N, partition.ColumnsPerBlock, partition.ColumnBlocks, b.IsShared ? 1 : g.Batch);
        }

        job._a = a;
        job._b = b;
        job._k = g.K;
        job._lastDepth = lastDepth;
        job._batch = g.Batch;
        job._depthPerBlock = partition.DepthPerBlock;
        pool.Run(job, (job._aSide.Blocks + job._bSide.Blocks) * job._depthBlocks);
    }

    public override void Tile(int tile, int worker)
    {
        int tilesA = _aSide.Blocks * _depthBlocks;
        if (tile < tilesA)
        {
            Pack(_a, _aSide, tile);
        }
        else
        {
            Pack(_b, _bSide, tile - tilesA);
        }
    }

    private void Pack(in GemmOperand<TLane> operand, in Side side, int tile)
    {
        int start = tile % _depthBlocks * _depthPerBlock;
        int block = tile / _depthBlocks;
        int item = block / side.BlocksPerItem;
        int from = block % side.BlocksPerItem * side.LinesPerBlock;
        int depth = Math.Min(_depthPerBlock, (item == _batch - 1 ? _lastDepth : _k) - start);
        if (depth > 0)
        {
            operand.Pack(item, from, Math.Min(side.Lines, from + side.LinesPerBlock), start, depth, operand.Panel(item, from, start, depth));
        }
    }

    private readonly record struct Side(int Lines, int LinesPerBlock, int BlocksPerItem, int Items)
    {
        public int Blocks => BlocksPerItem * Items;
    }
}
