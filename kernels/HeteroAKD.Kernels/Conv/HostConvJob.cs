using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Pixelwise;

namespace HeteroAKD.Kernels.Conv;

/// <summary>The buffers and the epilogue of a correlation on the host; strides in elements.</summary>
internal struct ConvOperands
{
    /// <summary>[N, groups x SourceChannels, SourceHeight, SourceWidth].</summary>
    public Mem Source;

    /// <summary>[N, groups x TargetChannels, TargetHeight, TargetWidth].</summary>
    public Mem Target;

    /// <summary>
    /// Weights: panels for <see cref="HostConvJob{TLane}"/> and <see cref="HostDilatedJob{TLane}"/>, as they are for <see cref="HostDepthwiseJob{TLane}"/>.
    /// </summary>
    public Mem Weight;

    /// <summary>Whether <see cref="Weight"/> is what <see cref="HostConv.Pack"/> left, to be read as it lies.</summary>
    public bool IsPacked;

    /// <summary>[groups x TargetChannels] where <see cref="HasBias"/>.</summary>
    public Mem Bias;

    /// <summary>Whether there is a bias.</summary>
    public bool HasBias;

    /// <summary>As <see cref="Target"/>, added before the activation where <see cref="HasResidual"/>; may be the target's own memory.</summary>
    public Mem Residual;

    /// <summary>Whether there is a residual; then nothing is accumulated.</summary>
    public bool HasResidual;

    /// <summary>Applied last.</summary>
    public ActivationKind Activation;

    /// <summary>Add to the target instead of overwriting it.</summary>
    public bool Accumulate;

    /// <summary>What the first sums are added to: the target itself, the residual, or nothing (null).</summary>
    public readonly unsafe byte* Added => (byte*)(Accumulate ? Target.Address : HasResidual ? Residual.Address : 0);
}

/// <summary>
/// Correlations as matrix products without im2col: a tile pads its piece of the source into the worker's arena, where it stays in the cache while all
/// target channels are computed from it.
/// </summary>
internal sealed unsafe class HostConvJob<TLane> : KernelJob<HostConvJob<TLane>>
    where TLane : unmanaged, ILane<TLane>
{
    private HostPool _pool = null!;
    private ConvPlan _plan = null!;
    private ConvOperands _operands;

    /// <summary>Computes the whole target from the source and packed weights.</summary>
    public static void Run(HostPool pool, ConvPlan plan, in ConvOperands operands)
    {
        HostConvJob<TLane> job = Take();
        job._pool = pool;
        job._plan = plan;
        job._operands = operands;
        pool.Run(job, plan.Tiles);
    }

    public override void Tile(int tile, int worker)
    {
        ConvTile part = _plan.TileAt(tile);

        // One more lane: a segment of a run is read in whole lanes.
        int size = RegisterTile<TLane>.ElementSize;
        int tileBytes = (((2 * RegisterTile<TLane>.MaxRows) + 1) * sizeof(TLane) + 63) / 64 * 64;
        byte* arena = _pool.Arena(worker, (nuint)tileBytes + ((nuint)_plan.Planes.Length(_plan.ChannelsPerBlock) * (nuint)size));
        Piece piece = new()
        {
            TargetBlock = part.TargetBlock,
            Image = part.Image,
            Images = part.Images,
            GridRow = part.GridRow,
            Tile = (TLane*)arena,
            Planes = arena + tileBytes,
        };
        int groupEnd = Math.Min(_plan.Groups, (part.GroupBlock + 1) * _plan.GroupsPerTile);
        for (piece.Group = part.GroupBlock * _plan.GroupsPerTile; piece.Group < groupEnd; piece.Group++)
        {
            for (piece.Block = 0; piece.Block < _plan.ChannelBlocks; piece.Block++)
            {
                _plan.Pad<TLane>(_operands.Source, piece.Group, piece.Block, piece.Image, piece.Images, piece.GridRow, piece.Planes);
                for (int pass = 0; pass < _plan.Geometry.Passes.Length; pass++)
                {
                    Correlate(piece, pass);
                }
            }
        }
    }

    private void Correlate(in Piece piece, int pass)
    {
        int depth = _plan.ChannelsIn(piece.Block) * _plan.Geometry.Passes[pass].Taps.Length;
        byte* panel = (byte*)_operands.Weight.Address + ((nint)_plan.PackedStart<TLane>(pass, piece.Group, piece.Block) * RegisterTile<TLane>.ElementSize);
        for (int target = 0; target < _plan.TargetChannels;)
        {
            int rows = RegisterTile<TLane>.PanelRows(_plan.TargetChannels - target);

            if (_plan.IsOf(piece.TargetBlock, target))
            {
                CorrelatePanel(piece, pass, target, rows, panel);
            }

            panel += (nint)rows * depth * RegisterTile<TLane>.ElementSize;
            target += rows;
        }
    }

    private void CorrelatePanel(in Piece piece, int pass, int target, int rows, byte* panel)
    {
        int size = RegisterTile<TLane>.ElementSize;
        int channels = _plan.ChannelsIn(piece.Block);
        ConvPass taps = _plan.Geometry.Passes[pass];
        int* offsets = _plan.Offsets(pass, piece.Block);
        nint plane = (nint)_plan.Geometry.TargetHeight * _plan.Geometry.TargetWidth;
        nint imageStride = plane * _plan.TargetChannels * _plan.Groups;
        int channel = (piece.Group * _plan.TargetChannels) + target;
        nint start = channel * plane * size;
        int valid = Math.Min(rows, _plan.TargetChannels - target);
        GridWalk walk = new(_plan.Geometry, taps, _plan.Planes, piece.GridRow, piece.Image, piece.Images, imageStride);
        while (walk.Next(RegisterTile<TLane>.MaxColumns))
        {
            int vectors = walk.Columns > TLane.Width ? 2 : 1;
            (int first, int end) = taps.SeenFrom(walk.FirstRow, walk.LastRow);
            int skipped = first < end ? channels * taps.KernelRows[first].FirstTap : 0;
            int depth = first < end ? (channels * taps.KernelRows[end - 1].EndTap) - skipped : 0;
            TileColumns columns = TileColumns.Tabulated(piece.Planes + ((nint)walk.Position * size), offsets + skipped);
            RegisterTile<TLane>.Multiply(rows, vectors, panel + ((nint)skipped * rows * size), columns, depth, piece.Tile);
            Store(piece, walk, channel, valid, vectors, start, plane * size);
        }
    }

    // The first block of channels brings bias and residual, the last the activation; all but the first add to what the target holds.
    private void Store(in Piece piece, in GridWalk walk, int channel, int rows, int vectors, nint start, nint rowBytes)
    {
        bool first = piece.Block == 0;
        byte* output = (byte*)_operands.Target.Address + start;
        byte* added = first ? _operands.Added : (byte*)_operands.Target.Address;
        added = added == null ? null : added + start;
        ActivationKind activation = piece.Block == _plan.ChannelBlocks - 1 ? _operands.Activation : ActivationKind.None;
        Mem bias = new((byte*)_operands.Bias.Address + ((nint)channel * RegisterTile<TLane>.ElementSize));
        walk.StoreRows(piece.Tile, rows, vectors, output, rowBytes, bias, _operands.HasBias && first, activation, added);
    }

    /// <summary>What a tile works on at a time and the memory it works in.</summary>
    private struct Piece
    {
        public int TargetBlock;
        public int Group;
        public int Block; // of source channels
        public int Image; // first image
        public int Images;
        public int GridRow; // first grid row
        public TLane* Tile; // [rows, vectors] lanes of products, and one lane that is read but not used
        public byte* Planes; // padded source of the block
    }
}
