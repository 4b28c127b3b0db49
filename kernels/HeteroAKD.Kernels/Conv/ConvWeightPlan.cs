using static HeteroAKD.Kernels.Layout.Ceiling;

namespace HeteroAKD.Kernels.Conv;

/// <summary>
/// How a weight gradient of few channels a group is cut: tiles over groups, output channels, input channels and chunks of (images x rows), the last with
/// partial sums of their own.
/// </summary>
internal sealed class ConvWeightPlan
{
    private const int PlaneBytes = 400 * 1024;

    // Positions that make the sum across the lanes at the end of a tile cheap.
    private const int WantedPositions = 2048;
    private const int MaxOutputs = 48;
    private const int MaxInputs = 32;
    private const int FewTiles = 8;
    private const long TileWork = 1 << 20;

    public ConvWeightPlan(in ConvShape shape, int elementSize, int laneWidth)
    {
        Shape = shape;
        Geometry = ConvGeometry.Forward(shape);
        OutputBlocks = Divide(shape.GroupOutChannels, MaxOutputs);
        Outputs = Divide(shape.GroupOutChannels, OutputBlocks);
        InputBlocks = Divide(shape.GroupInChannels, MaxInputs);
        Inputs = Divide(shape.GroupInChannels, InputBlocks);
        Planes = ChoosePlanes(elementSize);
        ConvTap[] taps = Geometry.Passes[0].Taps;
        FactorOffsets = new int[Inputs * taps.Length];
        FactorWeights = new int[Inputs * taps.Length];
        for (int i = 0; i < FactorOffsets.Length; i++)
        {
            FactorOffsets[i] = Planes.Offset(i / taps.Length, taps[i % taps.Length]);
            FactorWeights[i] = (i / taps.Length * shape.KernelSize) + taps[i % taps.Length].Weight;
        }

        RowBlocks = Divide(shape.OutHeight, Planes.GridRows);
        ImageBlocks = Divide(shape.Batch, Planes.Images);

        // One run over an image also multiplies the padding between its rows; wide padding is worth a run a row.
        int whole = RoundUp(((Planes.GridRows - 1) * Planes.Pitch) + shape.OutWidth, laneWidth);
        int row = RoundUp(shape.OutWidth, laneWidth);
        RunsPerImage = row * Planes.GridRows < whole ? Planes.GridRows : 1;
        RunLength = RunsPerImage > 1 ? row : whole;
        RowsPerRun = Planes.GridRows / RunsPerImage;

        long work = Math.Max(1, (long)shape.OutputLength * shape.GroupInChannels * shape.KernelSize);
        int tiles = OutputBlocks * InputBlocks * shape.Groups;
        GroupsPerTile = (int)Math.Clamp(TileWork * tiles / work, 1, Math.Max(1, shape.Groups / FewTiles));
        tiles = OutputBlocks * InputBlocks * Divide(shape.Groups, GroupsPerTile);
        Chunks = (int)Math.Clamp(Math.Min(Divide(FewTiles, tiles), work / TileWork / tiles), 1, Math.Max(1, RowBlocks * ImageBlocks));
    }

    /// <summary>[Inputs x taps] where each factor lies in the padded planes, from the position that it serves.</summary>
    public int[] FactorOffsets { get; }

    /// <summary>[Inputs x taps] element of an output channel's weights, from the first input channel of the tile.</summary>
    public int[] FactorWeights { get; }

    /// <summary>The convolution.</summary>
    public ConvShape Shape { get; }

    /// <summary>Taps and phases of the forward pass.</summary>
    public ConvGeometry Geometry { get; }

    /// <summary>Layout of a tile's piece of x.</summary>
    public PaddedPlanes Planes { get; }

    /// <summary>Output channels in a tile.</summary>
    public int Outputs { get; }

    /// <summary>Input channels in a tile.</summary>
    public int Inputs { get; }

    /// <summary>Tiles along the output channels of a group.</summary>
    public int OutputBlocks { get; }

    /// <summary>Tiles along the input channels of a group.</summary>
    public int InputBlocks { get; }

    /// <summary>Pieces of the output rows that are summed one after another.</summary>
    public int RowBlocks { get; }

    /// <summary>Pieces of the batch that are summed one after another.</summary>
    public int ImageBlocks { get; }

    /// <summary>Runs of an image: 1, or one a row.</summary>
    public int RunsPerImage { get; }

    /// <summary>Positions of a run, whole lanes.</summary>
    public int RunLength { get; }

    /// <summary>Output rows in a run.</summary>
    public int RowsPerRun { get; }

    /// <summary>Groups in a tile.</summary>
    public int GroupsPerTile { get; }

    /// <summary>Pieces of (images x rows) with partial sums of their own.</summary>
    public int Chunks { get; }

    /// <summary>Elements of a channel's copied gradient.</summary>
    public int GradientStride => Planes.Images * RunsPerImage * RunLength;

    /// <summary>All tiles.</summary>
    public int Tiles => OutputBlocks * InputBlocks * Divide(Shape.Groups, GroupsPerTile) * Chunks;

    private PaddedPlanes ChoosePlanes(int elementSize)
    {
        PaddedPlanes row = new(Geometry, 1, 1);
        int halo = Geometry.LastRow - Geometry.FirstRow;
        long rowBytes = (((long)Inputs * Geometry.Phases.Count) + Outputs) * row.Pitch * elementSize;

        // Never fewer rows than the halo: dilated taps would pad more than they multiply. Most of such planes is padding that nobody reads.
        int rows = (int)Math.Max((PlaneBytes / rowBytes) - halo, Math.Max(1, halo));
        if (rows < Shape.OutHeight)
        {
            return new PaddedPlanes(Geometry, Divide(Shape.OutHeight, Divide(Shape.OutHeight, rows)), 1);
        }

        long byBytes = PlaneBytes / (rowBytes * (Shape.OutHeight + halo));
        long wanted = Divide(WantedPositions, Shape.OutHeight * Shape.OutWidth);
        return new PaddedPlanes(Geometry, Shape.OutHeight, (int)Math.Clamp(Math.Min(wanted, byBytes), 1, Math.Max(1, Shape.Batch / 2)));
    }
}
