using System.Runtime.Intrinsics.X86;
using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;
using static HeteroAKD.Kernels.Layout.Ceiling;

namespace HeteroAKD.Kernels.Conv;

/// <summary>
/// How a 3x3 convolution that keeps the size of the map is computed by tiles of 4x4 outputs (Winograd's F(4x4, 3x3) as Lavin and Gray have it, 2016): 36
/// products a tile and pair of channels instead of 144. With a dilation d, every d-th row and column is a map of its own. Made once a shape, from sizes and the
/// lane alone.
/// </summary>
internal sealed class WinogradPlan
{
    /// <summary>Outputs of a tile along an axis.</summary>
    public const int Outputs = 4;

    /// <summary>Inputs of a tile along an axis.</summary>
    public const int Inputs = 6;

    /// <summary>Products of a tile and pair of channels.</summary>
    public const int Taps = Inputs * Inputs;

    // Transformed inputs of a block: with a panel of weights and its sums, what a second-level cache of 512 KiB holds.
    private const int BlockBytes = 320 * 1024;

    // Tiles of a row that are transformed together.
    private const int MaxStripTiles = 32;

    // With fewer blocks than this the target channels are divided too, and every part transforms the input for itself.
    private const int FewBlocks = 4;
    private const int MinTargets = 96;

    /// <summary>Cuts the work.</summary>
    /// <param name="shape">One that <see cref="Serves"/>.</param>
    /// <param name="width">Floats in a lane.</param>
    /// <param name="maxRows">Rows of the register tile.</param>
    public WinogradPlan(in ConvShape shape, int width, int maxRows)
    {
        Shape = shape;
        int tilesAcross = TilesAlong(shape.Width, shape.DilationWidth);
        int segments = Divide(tilesAcross, MaxStripTiles);
        StripTiles = Divide(tilesAcross, segments);
        StripsAcross = Divide(tilesAcross, StripTiles);
        StripsDown = TilesAlong(shape.Height, shape.DilationHeight);
        Strips = shape.Batch * StripsDown * shape.DilationHeight * shape.DilationWidth * StripsAcross;
        StripsPerBlock = ChooseStrips(Math.Max(2 * width, BlockBytes / (Taps * shape.InChannels * sizeof(float))), width);
        Blocks = Divide(Strips, StripsPerBlock);
        TargetParts = Math.Clamp(FewBlocks / Blocks, 1, Math.Max(1, shape.OutChannels / MinTargets));
        Columns = RoundUp(StripsPerBlock * StripTiles, width);
        RowPitch = RoundUp((shape.DilationWidth * ((Outputs * StripTiles) + 1)) + 1 + (2 * 16) + width, 16);
        TurnedPitch = RoundUp(StripTiles + 1, 4) + width;
        OutputPitch = Columns + 4;
        int length = 0;
        TransformedAt = Next(ref length, Taps * shape.InChannels * Columns);
        ProductsAt = Next(ref length, Taps * maxRows * RoundUp(Columns, 2 * width));
        RowsAt = Next(ref length, Inputs * RowPitch);
        LineAt = Next(ref length, RowPitch);
        TurnedAt = Next(ref length, Outputs * TurnedPitch);
        OutputsAt = Next(ref length, Outputs * Outputs * OutputPitch);
        ZerosAt = Next(ref length, shape.Width + width);
        ArenaLength = length;
    }

    /// <summary>The convolution.</summary>
    public ConvShape Shape { get; }

    /// <summary>Most tiles of a strip: neighbours in a row of tiles.</summary>
    public int StripTiles { get; }

    /// <summary>Strips of a row of tiles.</summary>
    public int StripsAcross { get; }

    /// <summary>Rows of tiles of a map.</summary>
    public int StripsDown { get; }

    /// <summary>All strips.</summary>
    public int Strips { get; }

    /// <summary>Strips whose transformed inputs are multiplied together.</summary>
    public int StripsPerBlock { get; }

    /// <summary>Blocks of strips.</summary>
    public int Blocks { get; }

    /// <summary>Parts of the target channels.</summary>
    public int TargetParts { get; }

    /// <summary>Tiles of a block, rounded up to whole lanes; elements from a channel's transformed inputs to the next one's.</summary>
    public int Columns { get; }

    /// <summary>Elements from a row of inputs, transformed downwards, to the next.</summary>
    public int RowPitch { get; }

    /// <summary>Elements from a column of a strip's tiles to the next.</summary>
    public int TurnedPitch { get; }

    /// <summary>Elements from an output of all tiles to the next.</summary>
    public int OutputPitch { get; }

    /// <summary>Where in the arena the transformed inputs lie: [36, C, Columns].</summary>
    public int TransformedAt { get; }

    /// <summary>The products of a panel of target channels: [pairs of lanes, 36, rows, 2 lanes].</summary>
    public int ProductsAt { get; }

    /// <summary>Rows of a strip, transformed downwards: [6, RowPitch].</summary>
    public int RowsAt { get; }

    /// <summary>One row without what a dilation leaves out; afterwards a row of outputs.</summary>
    public int LineAt { get; }

    /// <summary>The columns of a row's tiles: [4, TurnedPitch].</summary>
    public int TurnedAt { get; }

    /// <summary>The outputs of a channel: [16, OutputPitch].</summary>
    public int OutputsAt { get; }

    /// <summary>A row of zeros, for what lies above and below the map.</summary>
    public int ZerosAt { get; }

    /// <summary>Elements of the arena.</summary>
    public int ArenaLength { get; }

    /// <summary>Whether a convolution is computed so: where it pays by the count of its instructions.</summary>
    public static bool Serves<TLane>(in ConvShape s)
        where TLane : unmanaged, ILane<TLane>
    {
        bool fits = Sse.IsSupported && RegisterTile<TLane>.ElementSize == sizeof(float) && s.Batch > 0 && s.Groups == 1 && s.KernelHeight == 3
            && s.KernelWidth == 3
            && s.StrideHeight == 1 && s.StrideWidth == 1 && s.PaddingHeight == s.DilationHeight && s.PaddingWidth == s.DilationWidth;
        if (!fits)
        {
            return false;
        }

        // In multiply-adds: transforms of a tile cost some 300 a channel of input and 240 one of output, and weights are read once a block. Direct sums leave
        // out taps that see padding alone.
        long tiles = (long)s.Batch * s.DilationHeight * s.DilationWidth * TilesAlong(s.Height, s.DilationHeight) * TilesAlong(s.Width, s.DilationWidth);
        long pairs = (long)s.InChannels * s.OutChannels;
        long winograd = (((Taps * tiles) + 150) * pairs) + (tiles * ((300L * s.InChannels) + (240L * s.OutChannels)));
        long direct = s.Batch * TapsAlong(s.Height, s.DilationHeight) * TapsAlong(s.Width, s.DilationWidth) * pairs;
        return 5 * winograd < 4 * direct;
    }

    /// <summary>Elements of the transformed weights.</summary>
    public static int PackedLength<TLane>(in ConvShape s)
        where TLane : unmanaged, ILane<TLane> => checked(Taps * s.InChannels * RegisterTile<TLane>.PackedRows(s.OutChannels));

    // As many strips as fit, or somewhat fewer that fill their lanes better.
    private int ChooseStrips(int tiles, int width)
    {
        int most = Math.Clamp(tiles / StripTiles, 1, Strips);
        int best = most;
        for (int strips = most; strips > most / 2; strips--)
        {
            if ((long)strips * RoundUp(best * StripTiles, width) * 20 > (long)best * RoundUp(strips * StripTiles, width) * 21)
            {
                best = strips;
            }
        }

        return best;
    }

    // Of the largest of the maps that a dilation makes of one.
    private static int TilesAlong(int size, int dilation) => Divide(Divide(size, dilation), Outputs);

    // Taps that see the map, summed over its rows or columns.
    private static long TapsAlong(int size, int dilation) => size + (2L * Math.Max(0, size - dilation));

    private static int Next(ref int length, int elements)
    {
        int start = length;
        length = checked(length + RoundUp(elements, 16));
        return start;
    }
}
