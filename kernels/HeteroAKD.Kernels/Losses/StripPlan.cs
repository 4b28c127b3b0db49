using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Resize;

namespace HeteroAKD.Kernels.Losses;

/// <summary>How the rows of the working grid of N images are cut into strips; strips are numbered through all images and none crosses two.</summary>
public readonly struct StripGrid(int height, int width, int stripRows)
{
    /// <summary>Rows of the grid.</summary>
    public readonly int Height = height;

    /// <summary>Columns of the grid.</summary>
    public readonly int Width = width;

    /// <summary>Rows of a strip; the last one of an image may have fewer.</summary>
    public readonly int StripRows = stripRows;

    /// <summary>Strips of one image.</summary>
    public readonly int StripsPerImage = (height + stripRows - 1) / stripRows;

    /// <summary>The first grid row of a strip, in its image.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int FirstRow(int strip) => strip % StripsPerImage * StripRows;

    /// <summary>The last grid row of a strip, in its image.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int LastRow(int strip) => Math.Min(Height, FirstRow(strip) + StripRows) - 1;
}

/// <summary>
/// The host's side of a loss on a strip grid: chunks of strips whose workspace stays below a limit. Per chunk the caller launches
/// <see cref="StripLossKernel{TLoss}"/> on (strips of the chunk) × (grid width), then for each sampled input that wants a gradient
/// <see cref="StripGradientKernel"/>. Sums of chunk k go to their own eight numbers; the result kernels add the chunks up.
/// </summary>
internal readonly struct StripPlan
{
    /// <summary>
    /// Rows of a strip unless said otherwise: the more, the less fetching and transposing beside the loss. An accelerator that must keep many
    /// thousand threads busy wants fewer.
    /// </summary>
    public const int StripRows = 32;

    /// <summary>Bytes of workspace that stay in a CPU's last cache level.</summary>
    public const long HostWorkspaceBytes = 4 << 20;

    private readonly int _images;

    /// <summary>Plans N images with C classes; pass a sampled input's vertical axis where its gradient is wanted, else null.</summary>
    public StripPlan(
        int images, int classes, int height, int width, BilinearAxis? student, BilinearAxis? teacher, long workspaceBytes, int stripRows = StripRows)
    {
        _images = images;
        Grid = new StripGrid(height, width, Math.Min(stripRows, height));
        StudentSlots = Slots(Grid, student);
        TeacherSlots = Slots(Grid, teacher);
        int strips = images * Grid.StripsPerImage;
        int row = classes * width;
        long stripBytes = Math.Max(1L, (long)(StudentSlots + TeacherSlots) * row * sizeof(float));
        ChunkStrips = (int)Math.Clamp(workspaceBytes / stripBytes, 1, strips);
        Chunks = (strips + ChunkStrips - 1) / ChunkStrips;
        StudentWorkspaceLength = ChunkStrips * StudentSlots * row;
        TeacherWorkspaceLength = ChunkStrips * TeacherSlots * row;
    }

    /// <summary>The strips.</summary>
    public StripGrid Grid { get; }

    /// <summary>Source rows of the student that a strip touches at most; 0 where no gradient is collected.</summary>
    public int StudentSlots { get; }

    /// <summary>Source rows of the teacher that a strip touches at most; 0 where no gradient is collected.</summary>
    public int TeacherSlots { get; }

    /// <summary>Strips of a chunk; the last chunk may have fewer.</summary>
    public int ChunkStrips { get; }

    /// <summary>Number of chunks.</summary>
    public int Chunks { get; }

    /// <summary>Elements of the student's workspace.</summary>
    public int StudentWorkspaceLength { get; }

    /// <summary>Elements of the teacher's workspace.</summary>
    public int TeacherWorkspaceLength { get; }

    /// <summary>The first strip of a chunk.</summary>
    public int FirstStrip(int chunk) => chunk * ChunkStrips;

    /// <summary>The number of strips in a chunk: the rows of its launch.</summary>
    public int StripCount(int chunk) => Math.Min(ChunkStrips, (_images * Grid.StripsPerImage) - FirstStrip(chunk));

    private static int Slots(in StripGrid grid, BilinearAxis? axis)
    {
        int slots = 0;
        for (int strip = 0; axis is { } vertical && strip < grid.StripsPerImage; strip++)
        {
            slots = Math.Max(slots, vertical.Low(grid.LastRow(strip)) - vertical.Low(grid.FirstRow(strip)) + 2);
        }

        return slots;
    }
}
