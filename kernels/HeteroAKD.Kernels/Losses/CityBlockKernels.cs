using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Losses;

/// <summary>
/// Sums of absolute differences between all pairs of vectors of two sets (torch.cdist, p = 1). Launch on batch · first × second: neighbours of the second set
/// share a lane.
/// </summary>
public readonly struct CityBlockKernel(
    Mem first, // [batch, firsts, width]
    Mem second, // [batch, width, seconds]
    Mem y, // [batch, firsts, seconds] overwritten
    int firsts,
    int seconds,
    int width) : IPixelKernel
{
    /// <summary>y[b, i, j] = Σ_c |first[b, i, c] - second[b, j, c]|; here both sets are [batch, vectors, width].</summary>
    public static void Reference(ReadOnlySpan<double> first, ReadOnlySpan<double> second, Span<double> y, int firsts, int seconds, int width)
    {
        for (int at = 0; at < y.Length; at++)
        {
            int row = at / seconds;
            int other = (row / firsts * seconds) + (at % seconds);
            y[at] = 0;
            for (int c = 0; c < width; c++)
            {
                y[at] += Math.Abs(first[(row * width) + c] - second[(other * width) + c]);
            }
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int own = row * width;
        int other = (row / firsts * width * seconds) + column;
        TLane sum = TLane.Splat(0f);
        for (int c = 0; c < width; c++)
        {
            sum += TLane.Abs(TLane.LoadSplat(first, own + c) - TLane.Load(second, other + (c * seconds)));
        }

        TLane.Store(y, (row * seconds) + column, sum);
    }
}

/// <summary>
/// The gradient of <see cref="CityBlockKernel"/> for the vectors of one set: each gathers the signs of its differences to all of the other, 0 where two numbers
/// are equal. Launch on batch · vectors × width.
/// </summary>
public readonly struct CityBlockGradientKernel(
    Mem own, // [batch, owns, width]
    Mem other, // [batch, others, width]
    Mem dy, // [batch, owns, others], or [batch, others, owns]
    Mem dx, // [batch, owns, width] overwritten
    int owns,
    int others,
    int width,
    int ownStep, // from one own vector to the next in dy
    int otherStep) : IPixelKernel // from one other vector to the next in dy
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int batch = row / owns;
        int upstream = (batch * owns * others) + ((row - (batch * owns)) * ownStep);
        int start = (batch * others * width) + column;
        TLane zero = TLane.Splat(0f);
        TLane value = TLane.Load(own, (row * width) + column);
        TLane sum = zero;
        for (int j = 0; j < others; j++)
        {
            TLane g = TLane.LoadSplat(dy, upstream + (j * otherStep));
            TLane from = TLane.Load(other, start + (j * width));
            sum += TLane.SelectGreater(value, from, g, TLane.SelectGreater(from, value, -g, zero));
        }

        TLane.Store(dx, (row * width) + column, sum);
    }
}
