using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;

namespace HeteroAKD.Kernels.Losses;

/// <summary>
/// Where the classes of the pixels come from: no labels, labels on the working grid, or labels of another size, of which the one nearest to the
/// centre of a grid pixel is taken (PyTorch's <c>nearest-exact</c>: <c>floor((i + ½)·size/grid)</c>, so every eighth from the fourth on for factor 8).
/// </summary>
public readonly struct LabelSource
{
    private readonly IndexMem _labels; // [N, height, width]
    private readonly int _height;
    private readonly int _width;
    private readonly int _gridHeight;
    private readonly int _gridWidth;
    private readonly int _ignoreIndex;
    private readonly int _classes;
    private readonly int _kind;

    /// <summary>
    /// Labels [N, height, width] for a working grid gridHeight × gridWidth; ids outside 0 … classes - 1 are ignored like
    /// <paramref name="ignoreIndex"/>.
    /// </summary>
    public LabelSource(IndexMem labels, int height, int width, int gridHeight, int gridWidth, int classes, int ignoreIndex)
    {
        _labels = labels;
        _height = height;
        _width = width;
        _gridHeight = gridHeight;
        _gridWidth = gridWidth;
        _classes = classes;
        _ignoreIndex = ignoreIndex;
        _kind = height == gridHeight && width == gridWidth ? OnGrid : Elsewhere;
    }

    // What _kind can be; the default of the struct is a source without labels, in which every pixel counts.
    private const int OnGrid = 1;
    private const int Elsewhere = 2;

    /// <summary>The labels of grid pixels <paramref name="pixel"/> … of an image, counted along the rows; -1 where ignored.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane AtPixel<TLane>(int image, int pixel)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane label = TLane.Splat(-1f);
        if (_kind == OnGrid)
        {
            label = TLane.LoadIndex(_labels, (image * _height * _width) + pixel);
        }
        else if (_kind == Elsewhere)
        {
            // A lane may run over the end of a grid row, so the row is a lane too.
            TLane index = TLane.Iota(pixel);
            TLane width = TLane.Splat(_gridWidth);
            TLane row = TLane.Floor(index / width);
            TLane offset = (Nearest(row, _height, _gridHeight) * TLane.Splat(_width)) + Nearest(index - (row * width), _width, _gridWidth);
            label = TLane.GatherIndex(_labels, image * _height * _width, offset);
        }

        return Checked(label);
    }

    /// <summary>The labels of grid pixels (row, column) … of an image; -1 where ignored.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane At<TLane>(int image, int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane label = TLane.Splat(-1f);
        if (_kind == OnGrid)
        {
            label = TLane.LoadIndex(_labels, (((image * _height) + row) * _width) + column);
        }
        else if (_kind == Elsewhere)
        {
            int nearest = ((2 * row) + 1) * _height / (2 * _gridHeight);
            label = TLane.GatherIndex(_labels, ((image * _height) + nearest) * _width, Nearest(TLane.Iota(column), _width, _gridWidth));
        }

        return Checked(label);
    }

    /// <summary>1 where a pixel with this label counts: it has one, or there are no labels at all.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Valid<TLane>(TLane label)
        where TLane : unmanaged, ILane<TLane> =>
        _kind == 0 ? TLane.Splat(1f) : TLane.SelectGreater(label, TLane.Splat(-0.5f), TLane.Splat(1f), TLane.Splat(0f));

    // (2i + 1)·size and 2·grid are whole numbers below 2^24, so the quotient never rounds over a whole number.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLane Nearest<TLane>(TLane index, int size, int grid)
        where TLane : unmanaged, ILane<TLane> => TLane.Floor((index + index + TLane.Splat(1f)) * TLane.Splat(size) / TLane.Splat(2 * grid));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private TLane Checked<TLane>(TLane label)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane none = TLane.Splat(-1f);
        label = TLane.SelectEqual(label, TLane.Splat(_ignoreIndex), none, label);
        label = TLane.SelectGreater(label, TLane.Splat(_classes) - TLane.Splat(0.5f), none, label);
        return TLane.SelectGreater(TLane.Splat(0f), label, none, label);
    }
}
