using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Gemm;

/// <summary>Adds the partial products of a split K in order and applies the epilogue.</summary>
internal sealed unsafe class GemmCombineJob<TLane> : KernelJob<GemmCombineJob<TLane>>
    where TLane : unmanaged, ILane<TLane>
{
    // Elements of C in a tile.
    private const int TileElements = 1 << 13;

    private byte[] _memory = [];
    private GemmEpilogue<TLane> _epilogue;
    private TLane* _partials; // [chunks, M, N]
    private int _rows;
    private int _columns;
    private int _chunks;
    private int _rowsPerTile;

    /// <summary>Memory for partial products that lives as long as the job.</summary>
    public Mem Reserve(long elements)
    {
        long bytes = elements * RegisterTile<TLane>.ElementSize;
        if (_memory.Length < bytes)
        {
            _memory = GC.AllocateUninitializedArray<byte>(checked((int)bytes), pinned: true);
        }

        return new Mem(Unsafe.AsPointer(ref _memory[0]));
    }

    public void Run(HostPool pool, in GemmArguments arguments, Mem partials, int chunks)
    {
        _epilogue = new GemmEpilogue<TLane>(arguments);
        _partials = (TLane*)partials.Address;
        _rows = arguments.M;
        _columns = arguments.N;
        _chunks = chunks;
        _rowsPerTile = Math.Max(1, TileElements / _columns);
        pool.Run(this, (_rows + _rowsPerTile - 1) / _rowsPerTile);
    }

    public override void Tile(int tile, int worker)
    {
        GemmEpilogue<TLane> epilogue = _epilogue;
        Mem partials = new(_partials);
        int end = Math.Min(_rows, (tile + 1) * _rowsPerTile);
        for (int i = tile * _rowsPerTile; i < end; i++)
        {
            for (int j = 0; j < _columns; j += TLane.Width)
            {
                int count = _columns - j;
                TLane sum = TLane.Splat(0f);
                for (int chunk = 0; chunk < _chunks; chunk++)
                {
                    sum += TLane.LoadPart(partials, (((chunk * _rows) + i) * _columns) + j, count, TLane.Splat(0f));
                }

                epilogue.Store(0, i, j, count, sum, first: true, last: true);
            }
        }
    }
}
