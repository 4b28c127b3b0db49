using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;

namespace HeteroAKD.Kernels.Conv;

/// <summary>What a plan must know of a lane.</summary>
/// <param name="Bytes">Bytes of the lane.</param>
/// <param name="Element">Bytes of an element.</param>
internal readonly record struct LaneSize(int Bytes, int Element)
{
    /// <summary>That of a lane.</summary>
    public static unsafe LaneSize Of<TLane>()
        where TLane : unmanaged, ILane<TLane> => new(sizeof(TLane), RegisterTile<TLane>.ElementSize);
}

/// <summary>What a tile computes.</summary>
/// <param name="TargetBlock">Part of a group's target channels.</param>
/// <param name="GroupBlock">Block of groups.</param>
/// <param name="GridRow">First grid row.</param>
/// <param name="Image">First image (map).</param>
/// <param name="Images">Images (maps).</param>
internal readonly record struct ConvTile(int TargetBlock, int GroupBlock, int GridRow, int Image, int Images);

/// <summary>
/// Everything about a convolution (or its input gradient) that depends on sizes alone: tiles, layouts, tables of distances. Made once a shape and kept.
/// </summary>
internal sealed unsafe class ConvPlan
{
    // Bytes of padded planes in a tile: with a panel of weights, well inside a second-level cache of 1 MiB; of 512 KiB, which processors with narrow lanes
    // have.
    private const int PlaneBytes = 400 * 1024;
    private const int NarrowPlaneBytes = 128 * 1024;
    private const int WideLane = 64; // bytes

    // Fewer grid positions than this in a tile and reading the weights shows.
    private const int MinPositions = 256;

    // Multiply-adds that make a tile worth handing over.
    private const long TileWork = 1 << 20;

    // With fewer tiles than this the target channels are divided too, at the cost of padding the source for each part.
    private const int FewTiles = 8;
    private const int MinTargets = 12;

    // Products summed in registers at a time: a panel of so many steps stays in the first-level cache while positions stream past it.
    private const int MaxDepth = 800;
    private const int NarrowMaxDepth = 600;

    // Columns of positions stay in the first-level cache instead, while panels of weights stream past them.
    private const int MaxGatheredDepth = 400;

    // Sums of a tile that stay in a farther cache at most: channels, bytes.
    private const int MaxGatheredTargets = 128;
    private const int MaxSumBytes = 512 * 1024;

    // Taps half a cache line apart and more hardly share one: 8 floats.
    private const int WideDilation = 8;

    private readonly int[][] _offsets; // for each pass those of a whole block of channels, then those of the last block

    private ConvPlan(ConvGeometry geometry, int batch, int groups, int sourceChannels, int targetChannels, LaneSize lane)
    {
        Geometry = geometry;
        Batch = batch * geometry.RowMaps;
        Groups = groups;
        SourceChannels = sourceChannels;
        TargetChannels = targetChannels;
        MaxTaps = geometry.Passes.Select(pass => pass.Taps.Length).Append(1).Max();
        Gathers = geometry.RowMaps > 1;
        ChannelBlocks = Math.Max(1, Divide(sourceChannels * MaxTaps, Gathers ? MaxGatheredDepth : lane.Bytes < WideLane ? NarrowMaxDepth : MaxDepth));
        ChannelsPerBlock = Divide(sourceChannels, ChannelBlocks);
        ChannelBlocks = Divide(sourceChannels, ChannelsPerBlock);
        Planes = ChoosePlanes(lane);
        RowBlocks = Divide(geometry.GridRows, Planes.GridRows);
        ImageBlocks = Divide(Batch, Planes.Images);
        long work = Math.Max(1, GroupWork() * Planes.GridRows / Math.Max(1, geometry.GridRows) * Planes.Images);
        GroupsPerTile = (int)Math.Clamp(TileWork / work, 1, groups);
        GroupBlocks = Divide(groups, GroupsPerTile);
        int tiles = Math.Max(1, RowBlocks * ImageBlocks * GroupBlocks);
        TargetBlocks = (int)Math.Clamp(Math.Min(FewTiles / tiles, work / TileWork), 1, Divide(targetChannels, MinTargets));
        if (Gathers)
        {
            TargetBlocks = Math.Max(TargetBlocks, Divide(targetChannels, MaxGatheredTargets));
        }

        _offsets = new int[2 * geometry.Passes.Length][];
        for (int pass = 0; pass < geometry.Passes.Length; pass++)
        {
            _offsets[2 * pass] = MakeOffsets(geometry.Passes[pass], ChannelsPerBlock, lane.Element);
            _offsets[(2 * pass) + 1] = MakeOffsets(geometry.Passes[pass], ChannelsIn(ChannelBlocks - 1), lane.Element);
        }
    }

    /// <summary>Taps and phases.</summary>
    public ConvGeometry Geometry { get; }

    /// <summary>Most taps of a pass; at least 1.</summary>
    public int MaxTaps { get; }

    /// <summary>Layout of a tile's source.</summary>
    public PaddedPlanes Planes { get; }

    /// <summary>Images (maps, where an image is several).</summary>
    public int Batch { get; }

    /// <summary>Groups of channels.</summary>
    public int Groups { get; }

    /// <summary>Source channels of a group.</summary>
    public int SourceChannels { get; }

    /// <summary>Target channels of a group.</summary>
    public int TargetChannels { get; }

    /// <summary>Source channels that are summed at a time.</summary>
    public int ChannelsPerBlock { get; }

    /// <summary>Blocks of source channels of a group; all but the first add to the target, or where columns are gathered to sums beside it.</summary>
    public int ChannelBlocks { get; }

    /// <summary>Tiles along the grid's rows.</summary>
    public int RowBlocks { get; }

    /// <summary>Tiles along the batch.</summary>
    public int ImageBlocks { get; }

    /// <summary>Tiles along the groups.</summary>
    public int GroupBlocks { get; }

    /// <summary>Tiles along the target channels of a group.</summary>
    public int TargetBlocks { get; }

    /// <summary>Target channels of such a tile.</summary>
    public int TargetsPerBlock => Divide(TargetChannels, TargetBlocks);

    /// <summary>All tiles.</summary>
    public int Tiles => RowBlocks * ImageBlocks * GroupBlocks * TargetBlocks;

    /// <summary>Groups in a tile.</summary>
    public int GroupsPerTile { get; }

    /// <summary>Plan of y from x.</summary>
    public static ConvPlan Forward(in ConvShape s, LaneSize lane)
        => new(ConvGeometry.Forward(s, RowMaps(s)), s.Batch, s.Groups, s.GroupInChannels, s.GroupOutChannels, lane);

    /// <summary>Plan of ∂L/∂x from ∂L/∂y.</summary>
    public static ConvPlan InputGradient(in ConvShape s, LaneSize lane)
        => new(ConvGeometry.InputGradient(s, RowMaps(s)), s.Batch, s.Groups, s.GroupOutChannels, s.GroupInChannels, lane);

    /// <summary>What tile <paramref name="tile"/> computes.</summary>
    public ConvTile TileAt(int tile)
    {
        int rest = tile / TargetBlocks;
        int rows = rest / GroupBlocks;
        int image = rows / RowBlocks * Planes.Images;
        return new ConvTile(tile % TargetBlocks, rest % GroupBlocks, rows % RowBlocks * Planes.GridRows, image, Math.Min(Planes.Images, Batch - image));
    }

    /// <summary>Whether the panel that begins at a target channel is of a part of them: a panel belongs to the part in which it begins.</summary>
    public bool IsOf(int targetBlock, int target) => target / TargetsPerBlock == targetBlock;

    /// <summary>Source channels of block <paramref name="block"/>.</summary>
    public int ChannelsIn(int block) => Math.Min(ChannelsPerBlock, SourceChannels - (block * ChannelsPerBlock));

    /// <summary>
    /// Whether the columns that a run of positions reads are brought together first, and only those that some position sees: taps of wide dilations share no
    /// cache lines, so that every panel of weights would fetch twice the lines it needs from a farther cache.
    /// </summary>
    public bool Gathers { get; }

    /// <summary>Products summed for a target element of pass <paramref name="pass"/> over all source channels.</summary>
    public int Depth(int pass) => SourceChannels * Geometry.Passes[pass].Taps.Length;

    /// <summary>
    /// Bytes from the grid position to each factor's source element, for a block of channels; pinned. Kernel row by kernel row, in it channel by
    /// channel: the kernel rows that see the source from a given grid row then follow each other. Where columns are gathered, tap by tap.
    /// </summary>
    public int* Offsets(int pass, int block)
    {
        int[] table = _offsets[(2 * pass) + (block == ChannelBlocks - 1 ? 1 : 0)];
        return table.Length == 0 ? null : (int*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref table[0]);
    }

    /// <summary>Elements of packed weights before those of a pass, group and block of channels.</summary>
    public int PackedStart<TLane>(int pass, int group, int block)
        where TLane : unmanaged, ILane<TLane>
    {
        int rows = RegisterTile<TLane>.PackedRows(TargetChannels);
        int before = 0;
        for (int i = 0; i < pass; i++)
        {
            before += Depth(i) * rows * Groups;
        }

        return before + (Depth(pass) * rows * group) + (block * ChannelsPerBlock * Geometry.Passes[pass].Taps.Length * rows);
    }

    // The rows between those that a widely dilated kernel sees would only fill the cache.
    private static int RowMaps(in ConvShape s)
        => ConvGeometry.HasRowMaps(s) && Math.Min(s.DilationHeight, s.DilationWidth) >= WideDilation && !s.IsDepthwise ? s.DilationHeight : 1;

    /// <summary>Fills padded planes with a block of channels for grid rows <paramref name="gridRow"/> … of <paramref name="images"/> images (maps).</summary>
    public void Pad<TLane>(Mem source, int group, int block, int image, int images, int gridRow, byte* planes)
        where TLane : unmanaged, ILane<TLane>
    {
        nint plane = (nint)Geometry.SourceHeight * Geometry.SourceWidth;
        nint imageStride = plane * SourceChannels * Groups;
        nint start = plane * ((SourceChannels * group) + (block * ChannelsPerBlock));
        if (RegisterTile<TLane>.ElementSize == sizeof(float))
        {
            Planes.Fill(source.Floats + start, imageStride, ChannelsIn(block), image, images, gridRow, (float*)planes);
        }
        else
        {
            Planes.Fill(source.Doubles + start, imageStride, ChannelsIn(block), image, images, gridRow, (double*)planes);
        }
    }

    private static int Divide(int a, int b) => (a + b - 1) / Math.Max(1, b);

    private PaddedPlanes ChoosePlanes(LaneSize lane)
    {
        int bytes = lane.Bytes < WideLane ? NarrowPlaneBytes : PlaneBytes;
        PaddedPlanes row = new(Geometry, 1, 1);
        int halo = Geometry.LastRow - Geometry.FirstRow;
        long rowBytes = Math.Max(1, (long)ChannelsPerBlock * Geometry.Phases.Count * row.Pitch * lane.Element);

        // Never fewer rows than the halo: dilated taps would pad more than they multiply. Most of such planes is padding that nobody reads.
        int rows = (int)Math.Max((bytes / rowBytes) - halo, Math.Max(halo, Divide(MinPositions, row.Pitch)));
        long positions = Gathers ? MaxSumBytes / ((long)Math.Min(TargetChannels, MaxGatheredTargets) * lane.Element) : int.MaxValue;
        rows = (int)Math.Clamp(positions / Math.Max(1, Geometry.GridColumns), 1, rows);
        if (rows < Geometry.GridRows)
        {
            int blocks = Divide(Geometry.GridRows, rows);
            return new PaddedPlanes(Geometry, Divide(Geometry.GridRows, blocks), 1);
        }

        // Whole images; small ones together, so that the weights are read for many positions, but not so many that threads run out of tiles.
        long byBytes = bytes / (rowBytes * (Geometry.GridRows + halo));
        long wanted = Math.Max(Divide(MinPositions, Geometry.GridRows * Geometry.GridColumns), TileWork / Math.Max(1, GroupWork() * Groups));
        byBytes = Math.Min(byBytes, positions / Math.Max(1, Geometry.GridRows * Geometry.GridColumns));
        long images = Math.Clamp(Math.Min(wanted, byBytes), 1, Math.Max(1, Batch / 4));
        return new PaddedPlanes(Geometry, Math.Max(1, Geometry.GridRows), (int)images);
    }

    private long GroupWork()
    {
        long work = 0;
        for (int pass = 0; pass < Geometry.Passes.Length; pass++)
        {
            work += (long)Depth(pass) * Geometry.Passes[pass].Rows * Geometry.Passes[pass].Columns;
        }

        return work * TargetChannels;
    }

    private int[] MakeOffsets(ConvPass pass, int channels, int elementSize)
    {
        int[] offsets = GC.AllocateArray<int>(channels * pass.Taps.Length, pinned: true);
        int i = 0;
        foreach (ConvKernelRow row in pass.KernelRows)
        {
            int taps = row.EndTap - row.FirstTap;
            for (int step = 0; step < channels * taps; step++)
            {
                (int channel, int tap) = Gathers ? (step % channels, step / channels) : (step / taps, step % taps);
                offsets[i++] = checked(Planes.Offset(channel, pass.Taps[row.FirstTap + tap]) * elementSize);
            }
        }

        return offsets;
    }
}
