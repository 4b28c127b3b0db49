using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Conv;

/// <summary>
/// Correlations with wide dilations (<see cref="ConvPlan.Gathers"/>). A tile takes rows that are a dilation apart. For each run of positions it brings together
/// what their taps see, leaves out the taps that see only padding, and multiplies all panels of weights with it. Sums stay in the worker's arena until all
/// source channels are in.
/// </summary>
internal sealed unsafe class HostDilatedJob<TLane> : KernelJob<HostDilatedJob<TLane>>
    where TLane : unmanaged, ILane<TLane>
{
    private HostPool _pool = null!;
    private ConvPlan _plan = null!;
    private ConvOperands _operands;

    /// <summary>Computes the whole target from the source and packed weights.</summary>
    public static void Run(HostPool pool, ConvPlan plan, in ConvOperands operands)
    {
        HostDilatedJob<TLane> job = Take();
        job._pool = pool;
        job._plan = plan;
        job._operands = operands;
        pool.Run(job, plan.Tiles);
    }

    public override void Tile(int tile, int worker)
    {
        ConvTile part = _plan.TileAt(tile);
        Piece piece = new() { TargetBlock = part.TargetBlock, GridRow = part.GridRow, Image = part.Image, Images = part.Images };
        Reserve(ref piece, worker);
        int groupEnd = Math.Min(_plan.Groups, (part.GroupBlock + 1) * _plan.GroupsPerTile);
        for (piece.Group = part.GroupBlock * _plan.GroupsPerTile; piece.Group < groupEnd; piece.Group++)
        {
            for (piece.Block = 0; piece.Block < _plan.ChannelBlocks; piece.Block++)
            {
                _plan.Pad<TLane>(_operands.Source, piece.Group, piece.Block, piece.Image, piece.Images, piece.GridRow, piece.Planes);
                Correlate(piece);
            }

            Store(piece);
        }
    }

    private void Reserve(ref Piece piece, int worker)
    {
        int size = RegisterTile<TLane>.ElementSize;
        int targets = RegisterTile<TLane>.PackedRows(_plan.TargetsPerBlock) + RegisterTile<TLane>.MaxRows;

        // One more lane: the end of a run is read in whole lanes.
        nint sums = (((nint)_plan.Planes.Images * _plan.Planes.GridRows * Runs * targets * 2) + 1) * sizeof(TLane);
        nint columns = (nint)_plan.MaxTaps * _plan.ChannelsPerBlock * 2 * sizeof(TLane);
        sums = (sums + 63) / 64 * 64;
        byte* arena = _pool.Arena(worker, (nuint)(sums + columns + ((nint)_plan.Planes.Length(_plan.ChannelsPerBlock) * size)));
        piece.Sums = (TLane*)arena;
        piece.Columns = arena + sums;
        piece.Planes = arena + sums + columns;
    }

    // Most runs of a grid row.
    private int Runs => (_plan.Geometry.GridColumns + RegisterTile<TLane>.MaxColumns - 1) / RegisterTile<TLane>.MaxColumns;

    private ConvPass Pass => _plan.Geometry.Passes[0]; // stride 1: the only one

    private void Correlate(in Piece piece)
    {
        int size = RegisterTile<TLane>.ElementSize;
        int channels = _plan.ChannelsIn(piece.Block);
        byte* panels = (byte*)_operands.Weight.Address + ((nint)_plan.PackedStart<TLane>(0, piece.Group, piece.Block) * size);
        Span<ConvTapRun> seen = stackalloc ConvTapRun[Pass.KernelRows.Length];
        TLane* sums = piece.Sums;
        GridWalk walk = Walk(piece);
        while (walk.Next(RegisterTile<TLane>.MaxColumns))
        {
            int vectors = walk.Columns > TLane.Width ? 2 : 1;
            Span<ConvTapRun> runs = seen[..Pass.Seen((walk.FirstRow, walk.LastRow), walk.GridColumns, seen)];
            Gather(runs, channels, vectors, piece.Planes + ((nint)walk.Position * size), _plan.Offsets(0, piece.Block), piece.Columns);
            byte* panel = panels;
            for (int target = 0; target < _plan.TargetChannels;)
            {
                int rows = RegisterTile<TLane>.PanelRows(_plan.TargetChannels - target);
                if (_plan.IsOf(piece.TargetBlock, target))
                {
                    Multiply(runs, channels, rows, vectors, panel, piece.Columns, sums, add: piece.Block > 0);
                    sums += rows * vectors;
                }

                panel += (nint)rows * channels * Pass.Taps.Length * size;
                target += rows;
            }
        }
    }

    private GridWalk Walk(in Piece piece)
    {
        nint imageStride = (nint)_plan.Geometry.TargetHeight * _plan.Geometry.TargetWidth * _plan.TargetChannels * _plan.Groups;
        return new GridWalk(_plan.Geometry, Pass, _plan.Planes, piece.GridRow, piece.Image, piece.Images, imageStride);
    }

    private static void Gather(ReadOnlySpan<ConvTapRun> runs, int channels, int vectors, byte* position, int* offsets, byte* columns)
    {
        TLane* to = (TLane*)columns;
        foreach (ConvTapRun run in runs)
        {
            for (int step = run.First * channels; step < run.End * channels; step++, to += vectors)
            {
                TLane* from = (TLane*)(position + offsets[step]);
                to[0] = from[0];
                if (vectors == 2)
                {
                    to[1] = from[1];
                }
            }
        }
    }

    private static void Multiply(ReadOnlySpan<ConvTapRun> runs, int channels, int rows, int vectors, byte* panel, byte* columns, TLane* sums, bool add)
    {
        int stride = vectors * sizeof(TLane);
        if (runs.Length == 0)
        {
            RegisterTile<TLane>.Multiply(rows, vectors, panel, TileColumns.Even(columns, stride), 0, sums, add);
        }

        foreach (ConvTapRun run in runs)
        {
            int depth = (run.End - run.First) * channels;
            byte* from = panel + ((nint)run.First * channels * rows * RegisterTile<TLane>.ElementSize);
            RegisterTile<TLane>.Multiply(rows, vectors, from, TileColumns.Even(columns, stride), depth, sums, add);
            columns += (nint)depth * stride;
            add = true;
        }
    }

    private void Store(in Piece piece)
    {
        int size = RegisterTile<TLane>.ElementSize;
        nint plane = (nint)_plan.Geometry.TargetHeight * _plan.Geometry.TargetWidth * size;
        TLane* sums = piece.Sums;
        GridWalk walk = Walk(piece);
        while (walk.Next(RegisterTile<TLane>.MaxColumns))
        {
            int vectors = walk.Columns > TLane.Width ? 2 : 1;
            for (int target = 0; target < _plan.TargetChannels;)
            {
                int rows = RegisterTile<TLane>.PanelRows(_plan.TargetChannels - target);
                if (_plan.IsOf(piece.TargetBlock, target))
                {
                    int channel = (piece.Group * _plan.TargetChannels) + target;
                    StoreRows(walk, channel, Math.Min(rows, _plan.TargetChannels - target), vectors, channel * plane, plane, sums);
                    sums += rows * vectors;
                }

                target += rows;
            }
        }
    }

    private void StoreRows(in GridWalk walk, int channel, int rows, int vectors, nint start, nint plane, TLane* sums)
    {
        byte* added = _operands.Added == null ? null : _operands.Added + start;
        Mem bias = new((byte*)_operands.Bias.Address + ((nint)channel * RegisterTile<TLane>.ElementSize));
        walk.StoreRows(sums, rows, vectors, (byte*)_operands.Target.Address + start, plane, bias, _operands.HasBias, _operands.Activation, added);
    }

    /// <summary>What a tile works on at a time and the memory it works in.</summary>
    private struct Piece
    {
        public int TargetBlock;
        public int Group;
        public int Block; // of source channels
        public int Image; // first map of an image's rows
        public int Images;
        public int GridRow; // first grid row
        public TLane* Sums; // [runs of positions, target channels, 1 or 2 lanes]
        public byte* Columns; // [depth, 1 or 2 lanes] of a run
        public byte* Planes; // padded source of the block
    }
}
