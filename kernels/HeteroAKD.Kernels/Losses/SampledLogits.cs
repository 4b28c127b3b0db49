using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Resize;

namespace HeteroAKD.Kernels.Losses;

/// <summary>
/// Logits on a grid of pixels: the map itself where it has that size, else sampled bilinearly, with the bits that <see cref="LogitsSource"/> gives a loss. For
/// kernels that walk over the classes of a pixel.
/// </summary>
public readonly struct SampledLogits
{
    private readonly Mem _logits; // [N, C, vertical.Source, horizontal.Source]
    private readonly BilinearAxis _vertical;
    private readonly BilinearAxis _horizontal;
    private readonly int _classes;
    private readonly int _sampled;

    /// <summary>Logits that the two axes bring to the grid.</summary>
    public SampledLogits(Mem logits, BilinearAxis vertical, BilinearAxis horizontal, int classes)
    {
        _logits = logits;
        _vertical = vertical;
        _horizontal = horizontal;
        _classes = classes;
        _sampled = vertical.Source == vertical.Target && horizontal.Source == horizontal.Target ? 0 : 1;
    }

    /// <summary>Where the logits of grid pixels (y, column) … of an image lie.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public SampledPlace<TLane> At<TLane>(int image, int y, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        SampledPlace<TLane> place = default;
        if (_sampled == 0)
        {
            place.Start = (((image * _classes * _vertical.Source) + y) * _horizontal.Source) + column;
            return place;
        }

        TLane target = TLane.Iota(column);
        int low = _vertical.Low(y);
        place.Left = _horizontal.Low(target);
        place.Right = _horizontal.High(place.Left);
        place.Across = _horizontal.Weight(target, place.Left);
        place.Down = _vertical.Weight<TLane>(y);
        place.Start = ((image * _classes * _vertical.Source) + low) * _horizontal.Source;
        place.Below = (_vertical.High(low) - low) * _horizontal.Source;
        return place;
    }

    /// <summary>The logits of class <paramref name="c"/> there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Load<TLane>(SampledPlace<TLane> place, int c)
        where TLane : unmanaged, ILane<TLane>
    {
        int start = place.Start + (c * _vertical.Source * _horizontal.Source);
        if (_sampled == 0)
        {
            return TLane.Load(_logits, start);
        }

        TLane top = Between(start, place.Left, place.Right, place.Across);
        TLane bottom = Between(start + place.Below, place.Left, place.Right, place.Across);
        return BilinearAxis.Mix(top, bottom, place.Down);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private TLane Between<TLane>(int start, TLane left, TLane right, TLane weight)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane first = TLane.Gather(_logits, start, left);
        return BilinearAxis.Mix(first, TLane.Gather(_logits, start, right), weight);
    }
}

/// <summary>Where <see cref="SampledLogits"/> finds the four source elements around each pixel of a lane, and how it mixes them.</summary>
public struct SampledPlace<TLane>
    where TLane : unmanaged, ILane<TLane>
{
    /// <summary>Columns to the left.</summary>
    public TLane Left;

    /// <summary>Columns to the right.</summary>
    public TLane Right;

    /// <summary>Weight of the right ones.</summary>
    public TLane Across;

    /// <summary>Weight of the lower row.</summary>
    public TLane Down;

    /// <summary>The upper row of class 0; the first pixel itself where nothing is sampled.</summary>
    public int Start;

    /// <summary>From the upper row to the lower one.</summary>
    public int Below;
}
