using HeteroAKD.Kernels.Gemm;
using static HeteroAKD.Kernels.Layout.Ceiling;

namespace HeteroAKD.Kernels.Conv;

/// <summary>
/// A tap of a weight gradient: which weight it is, how far from an output's position its input lies, and which output rows see more than padding.
/// </summary>
/// <param name="Weight">Element of a kernel plane.</param>
/// <param name="Position">Distance in the turned planes, in positions.</param>
/// <param name="FirstRow">First output row whose input row exists.</param>
/// <param name="EndRow">One past the last such row.</param>
internal readonly record struct WeightTap(int Weight, int Position, int FirstRow, int EndRow);

/// <summary>
/// How a weight gradient of a dense convolution is cut, for <see cref="HostWeightPanelJob{TLane}"/>: tiles over groups, output channels, input channels
/// and chunks of (images x rows), the last with partial sums of their own.
/// </summary>
internal sealed class WeightPanelPlan
{
    // Bytes of turned planes in a tile: with the sums beside them well inside a second-level cache of 1 MiB.
    private const int PlaneBytes = 400 * 1024;
    private const int MaxOutputs = 96;
    private const int FewTiles = 8;
    private const long TileWork = 1 << 20;

    private readonly int[] _whole; // distances in a strip of full width
    private readonly int[] _last; // distances in the last strip, which may be of one lane

    public WeightPanelPlan(in ConvShape shape, int elementSize, int laneWidth)
    {
        Shape = shape;
        LaneWidth = laneWidth;
        Pitch = ((shape.OutWidth - 1) * shape.StrideWidth) + ((shape.KernelWidth - 1) * shape.DilationWidth) + 1;
        Taps = FindTaps(shape, Pitch);
        OutputBlocks = Divide(shape.GroupOutChannels, MaxOutputs);
        Outputs = Divide(shape.GroupOutChannels, OutputBlocks);
        int strips = Divide(shape.GroupInChannels, StripWidth);
        StripsPerTile = Math.Min(2, strips);
        InputBlocks = Divide(strips, StripsPerTile);
        (RowsPerBlock, ImagesPerBlock) = ChooseBlock(elementSize);
        RowBlocks = Divide(shape.OutHeight, RowsPerBlock);
        ImageBlocks = Divide(shape.Batch, ImagesPerBlock);
        int image = RowsPerBlock * shape.OutWidth;
        ImagesPerPiece = Math.Clamp(GemmPartition.MaxDepth / image, 1, ImagesPerBlock);
        RowsPerPiece = Math.Min(RowsPerBlock, Math.Max(1, GemmPartition.MaxDepth / shape.OutWidth));

        long work = Math.Max(1, (long)shape.OutputLength * shape.GroupInChannels * Taps.Length);
        int tiles = OutputBlocks * InputBlocks * shape.Groups;
        Chunks = (int)Math.Clamp(Math.Min(Divide(FewTiles, tiles), work / TileWork / tiles), 1, Math.Max(1, RowBlocks * ImageBlocks));
        _whole = MakeDistances(StripWidth * elementSize);
        _last = MakeDistances(WidthOf(strips - 1) * elementSize);
    }

    /// <summary>The convolution.</summary>
    public ConvShape Shape { get; }

    /// <summary>Elements of a lane.</summary>
    public int LaneWidth { get; }

    /// <summary>Taps that see the input at all.</summary>
    public WeightTap[] Taps { get; }

    /// <summary>Channels of a strip of turned planes: the two vectors of a register tile.</summary>
    public int StripWidth => 2 * LaneWidth;

    /// <summary>Strips in a tile.</summary>
    public int StripsPerTile { get; }

    /// <summary>Tiles along the input channels of a group.</summary>
    public int InputBlocks { get; }

    /// <summary>Output channels in a tile.</summary>
    public int Outputs { get; }

    /// <summary>Tiles along the output channels of a group.</summary>
    public int OutputBlocks { get; }

    /// <summary>Positions of a row of the turned planes.</summary>
    public int Pitch { get; }

    /// <summary>Output rows summed from one filling of the turned planes.</summary>
    public int RowsPerBlock { get; }

    /// <summary>Images in one filling; more than one only with all of their rows.</summary>
    public int ImagesPerBlock { get; }

    /// <summary>Blocks of an image.</summary>
    public int RowBlocks { get; }

    /// <summary>Blocks of the batch.</summary>
    public int ImageBlocks { get; }

    /// <summary>Whole images in one product, where they are small.</summary>
    public int ImagesPerPiece { get; }

    /// <summary>Output rows in one product.</summary>
    public int RowsPerPiece { get; }

    /// <summary>Pieces of (images x rows) with partial sums of their own.</summary>
    public int Chunks { get; }

    /// <summary>Rows of the turned planes for one image of a block.</summary>
    public int PlaneRows => ((RowsPerBlock - 1) * Shape.StrideHeight) + ((Shape.KernelHeight - 1) * Shape.DilationHeight) + 1;

    /// <summary>Positions of a strip.</summary>
    public int StripPositions => ImagesPerBlock * PlaneRows * Pitch;

    /// <summary>All tiles.</summary>
    public int Tiles => OutputBlocks * InputBlocks * Shape.Groups * Chunks;

    /// <summary>Elements of the sums of one chunk: for each group and strip [taps, output channels, width of the strip].</summary>
    public int SumsLength => checked(Shape.Groups * PaddedInputs * Taps.Length * Shape.GroupOutChannels);

    /// <summary>Input channels of a group, up to whole lanes.</summary>
    public int PaddedInputs => Divide(Shape.GroupInChannels, LaneWidth) * LaneWidth;

    /// <summary>Channels of strip <paramref name="strip"/>, up to whole lanes: the last one may be of one lane.</summary>
    public int WidthOf(int strip) => Math.Min(StripWidth, PaddedInputs - (strip * StripWidth));

    /// <summary>Bytes from the start of strip <paramref name="strip"/> to what each output of a block sees by tap 0; pinned.</summary>
    public unsafe int* Distances(int strip) => (int*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref (WidthOf(strip) == StripWidth ? _whole : _last)[0]);

    private static WeightTap[] FindTaps(in ConvShape s, int pitch)
    {
        ConvPass pass = ConvGeometry.Forward(s).Passes[0];
        WeightTap[] taps = new WeightTap[pass.Taps.Length];
        for (int i = 0; i < taps.Length; i++)
        {
            int weight = pass.Taps[i].Weight;
            int row = weight / s.KernelWidth * s.DilationHeight;
            int column = weight % s.KernelWidth * s.DilationWidth;
            int first = Math.Max(0, Divide(s.PaddingHeight - row, s.StrideHeight));
            int end = Math.Min(s.OutHeight, ((s.Height - 1 + s.PaddingHeight - row) / s.StrideHeight) + 1);
            taps[i] = new WeightTap(weight, (row * pitch) + column, first, end);
        }

        return taps;
    }

    private (int Rows, int Images) ChooseBlock(int elementSize)
    {
        long rowBytes = (long)Pitch * StripsPerTile * StripWidth * elementSize;
        int reach = (Shape.KernelHeight - 1) * Shape.DilationHeight;

        // Never fewer rows than the taps reach: more would be turned than multiplied.
        int rows = (int)Math.Max(((PlaneBytes / rowBytes) - reach) / Shape.StrideHeight, Math.Max(1, reach / Shape.StrideHeight));
        if (rows < Shape.OutHeight)
        {
            return (Divide(Shape.OutHeight, Divide(Shape.OutHeight, rows)), 1);
        }

        long imageBytes = rowBytes * (((Shape.OutHeight - 1) * Shape.StrideHeight) + reach + 1);
        return (Shape.OutHeight, (int)Math.Clamp(PlaneBytes / imageBytes, 1, Math.Max(1, Shape.Batch / FewTiles)));
    }

    private int[] MakeDistances(int positionBytes)
    {
        int[] distances = GC.AllocateArray<int>(ImagesPerBlock * RowsPerBlock * Shape.OutWidth, pinned: true);
        for (int k = 0; k < distances.Length; k++)
        {
            int column = k % Shape.OutWidth;
            int row = k / Shape.OutWidth % RowsPerBlock;
            int image = k / Shape.OutWidth / RowsPerBlock;
            distances[k] = ((((image * PlaneRows) + (row * Shape.StrideHeight)) * Pitch) + (column * Shape.StrideWidth)) * positionBytes;
        }

        return distances;
    }
}
