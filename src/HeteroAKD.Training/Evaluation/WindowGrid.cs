namespace HeteroAKD.Training.Evaluation;

/// <summary>
/// Where the windows of an image stand: on a grid of the stride, the last ones moved back inside (mmsegmentation's slide_inference). A side of the image that
/// is shorter than the window is padded at its end.
/// </summary>
internal sealed class WindowGrid
{
    // The deepest stage of every encoder here is 32 pixels wide: below that a map would be empty.
    private const int LeastSide = 32;

    private readonly int[] _tops;
    private readonly int[] _lefts;

    private WindowGrid(int height, int width, (int Height, int Width) window, (int Height, int Width) stride)
    {
        (Height, Width, WindowHeight, WindowWidth) = (height, width, window.Height, window.Width);
        _tops = Starts(height, window.Height, stride.Height);
        _lefts = Starts(width, window.Width, stride.Width);
    }

    /// <summary>Rows of the image.</summary>
    public int Height { get; }

    /// <summary>Columns of the image.</summary>
    public int Width { get; }

    /// <summary>Rows of every window.</summary>
    public int WindowHeight { get; }

    /// <summary>Columns of every window.</summary>
    public int WindowWidth { get; }

    /// <summary>Upper left corners, row by row.</summary>
    public IEnumerable<(int Top, int Left)> Places => _tops.SelectMany(top => _lefts.Select(left => (top, left)));

    /// <summary>Whether one window is the image, without padding.</summary>
    public bool IsImage => (WindowHeight, WindowWidth) == (Height, Width);

    /// <summary>Whether no pixel lies in two windows.</summary>
    public bool IsDisjoint => Disjoint(_tops, WindowHeight) && Disjoint(_lefts, WindowWidth);

    /// <summary>The grid of an image of this size.</summary>
    public static WindowGrid Of(int height, int width, EvaluationOptions config)
    {
        bool slide = config.Mode == EvaluationMode.Slide;
        (int, int) window = slide ? (config.Crop.Height, config.Crop.Width) : (Math.Max(LeastSide, height), Math.Max(LeastSide, width));
        return new WindowGrid(height, width, window, slide ? (config.Stride.Height, config.Stride.Width) : window);
    }

    /// <summary>[Height, Width], how many windows hold each pixel; at least 1.</summary>
    public float[] Counts()
    {
        int[] rows = Cover(_tops, WindowHeight, Height);
        int[] columns = Cover(_lefts, WindowWidth, Width);
        float[] counts = new float[Height * Width];
        for (int i = 0; i < counts.Length; i++)
        {
            counts[i] = rows[i / Width] * columns[i % Width];
        }

        return counts;
    }

    private static int[] Starts(int side, int window, int stride)
    {
        int count = (Math.Max(side - window + stride - 1, 0) / stride) + 1;
        return [.. Enumerable.Range(0, count).Select(i => Math.Max(0, Math.Min(i * stride, side - window)))];
    }

    private static bool Disjoint(int[] starts, int window) => starts.Zip(starts.Skip(1)).All(pair => pair.Second - pair.First >= window);

    private static int[] Cover(int[] starts, int window, int side)
    {
        int[] cover = new int[side];
        foreach (int start in starts)
        {
            for (int i = start; i < Math.Min(side, start + window); i++)
            {
                cover[i]++;
            }
        }

        return cover;
    }
}
