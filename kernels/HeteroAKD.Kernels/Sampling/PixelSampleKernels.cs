using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Pixelwise;

namespace HeteroAKD.Kernels.Sampling;

/// <summary>
/// Chooses pixels of each class at random. The pixels of an image are cut into <c>count</c> stretches; a row chooses among those of its class in one of them
/// the pixel whose uniform number is the largest, or -1 where there is none. Launch on images·classes·count rows, a stretch long.
/// </summary>
public readonly struct PickPixelKernel(
    Mem mask, // [images, classes, pixels], above ½ where the pixel belongs to the class
    Mem picked, // [images, classes, count] overwritten: indices of pixels
    MaskKey key,
    int count,
    int pixels) : IRowKernel
{
    /// <summary>The specification; element i of the mask has element i of the uniform stream of the key.</summary>
    public static void Reference(ReadOnlySpan<double> mask, Span<double> picked, int key, int count, int pixels)
    {
        for (int row = 0; row < picked.Length; row++)
        {
            int plane = row / count * pixels;
            int k = row % count;
            (double largest, picked[row]) = (-1, -1);
            for (int i = k * pixels / count; i < (k + 1) * pixels / count; i++)
            {
                double u = (CounterHash.Hash(key, plane + i) >> 8) * (double)CounterHash.ToUnit;
                if (mask[plane + i] > 0.5 && u >= largest)
                {
                    (largest, picked[row]) = (u, i);
                }
            }
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane, TGroup>(TGroup group, int row)
        where TLane : unmanaged, ILane<TLane>
        where TGroup : struct, IGroup<TLane>
    {
        int segment = row / count;
        int plane = segment * pixels;
        int k = row - (segment * count);
        int begin = k * pixels / count;
        int end = (k + 1) * pixels / count;
        int number = key.Value<TLane>();
        TLane none = TLane.Splat(-1f);
        TLane largest = none;
        for (int i = begin + group.Start; i < end; i += group.Stride)
        {
            largest = TLane.Larger(Score<TLane>(number, plane, i, end), largest);
        }

        largest = group.Max(largest);
        TLane index = none;
        for (int i = begin + group.Start; i < end; i += group.Stride)
        {
            TLane score = Score<TLane>(number, plane, i, end);
            index = TLane.Larger(TLane.SelectEqual(score, largest, TLane.Iota(i), none), index);
        }

        index = group.Max(index);
        group.StoreOne(picked, row, TLane.SelectGreater(TLane.Splat(0f), largest, none, index));
    }

    // The uniform number where the pixel belongs to the class, else -1.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private TLane Score<TLane>(int number, int plane, int i, int end)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane belongs = TLane.LoadPart(mask, plane + i, end - i, TLane.Splat(0f));
        return TLane.SelectGreater(belongs, TLane.Splat(0.5f), TLane.Uniform(number, plane + i), TLane.Splat(-1f));
    }
}

/// <summary>Whole numbers as integers. Launch on 1 × elements.</summary>
public readonly struct ToIndexKernel(
    Mem values, // [elements], exact below 2^24
    IndexMem result) : IPixelKernel // [elements] overwritten
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane> => TLane.StoreIndex(result, column, TLane.Load(values, column));
}

/// <summary>The features of chosen pixels, zeros where none was chosen. Launch on images·choices × channels.</summary>
public readonly struct PickedRowsKernel(
    Mem features, // [images, pixels, channels]
    IndexMem picked, // [images, choices], -1 for none
    Mem result, // [images, choices, channels] overwritten
    int choices,
    int pixels,
    int channels) : IPixelKernel
{
    /// <summary>result[n, r] = features[n, picked[n, r]], or zeros.</summary>
    public static void Reference(ReadOnlySpan<double> features, ReadOnlySpan<double> picked, Span<double> result, int choices, int pixels, int channels)
    {
        for (int row = 0; row < picked.Length; row++)
        {
            Span<double> target = result.Slice(row * channels, channels);
            target.Clear();
            if (picked[row] >= 0)
            {
                features.Slice(((row / choices * pixels) + (int)picked[row]) * channels, channels).CopyTo(target);
            }
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int pixel = TLane.LoadInteger(picked, row);
        TLane value = TLane.Splat(0f);
        if (pixel >= 0)
        {
            value = TLane.Load(features, (((row / choices * pixels) + pixel) * channels) + column);
        }

        TLane.Store(result, (row * channels) + column, value);
    }
}
