using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Reduce;

/// <summary>
/// <see cref="ClassSoftmaxKernel"/> for at most <see cref="MostClasses"/> classes on a device: a pixel's numbers stay in registers, so x is read once and y
/// written once. Launch on N × pixels; devices only.
/// </summary>
public readonly struct RegisterSoftmaxKernel(
    Mem x, // [N, C, pixels]
    Mem y, // [N, C, pixels] overwritten
    int classes,
    int pixels,
    int logarithm) : IPixelKernel, IWideKernel, IUnrolledKernel
{
    /// <summary>Classes that registers hold.</summary>
    public const int MostClasses = 32;

    /// <inheritdoc/>
    public bool IsAligned => x.IsAligned && y.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int first = (row * classes * pixels) + column;
        TLane[] values = new TLane[MostClasses];
        TLane max = TLane.Splat(float.NegativeInfinity);
        for (int c = 0; c < MostClasses; c++)
        {
            values[c] = TLane.Splat(float.NegativeInfinity);
            if (c < classes)
            {
                values[c] = TLane.Load(x, first + (c * pixels));
            }

            max = TLane.Larger(values[c], max);
        }

        TLane sum = TLane.Splat(0f);
        for (int c = 0; c < MostClasses; c++)
        {
            if (c < classes)
            {
                TLane e = TLane.ExpNonpositive(values[c] - max);
                sum += e;
                values[c] = logarithm == 0 ? e : values[c];
            }
        }

        // A difference to the largest number first: where the result is near 0 it is then exact but for the logarithm.
        TLane factor = TLane.Reciprocal(sum);
        TLane logSum = TLane.Log(sum);
        for (int c = 0; c < MostClasses; c++)
        {
            if (c < classes)
            {
                TLane.Store(y, first + (c * pixels), logarithm == 0 ? values[c] * factor : (values[c] - max) - logSum);
            }
        }
    }
}

/// <summary>
/// <see cref="ClassSoftmaxKernel"/> for many classes on a device: largest number and sum in one pass (a new largest shrinks the sum so far), the results in a
/// second. Launch on N × pixels; devices only.
/// </summary>
public readonly struct OnlineSoftmaxKernel(
    Mem x, // [N, C, pixels]
    Mem y, // [N, C, pixels] overwritten
    int classes,
    int pixels,
    int logarithm) : IPixelKernel, IWideKernel
{
    /// <inheritdoc/>
    public bool IsAligned => x.IsAligned && y.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int first = (row * classes * pixels) + column;
        TLane one = TLane.Splat(1f);
        TLane max = TLane.Load(x, first);
        TLane sum = one;
        for (int c = 1; c < classes; c++)
        {
            TLane value = TLane.Load(x, first + (c * pixels));

            // Equal numbers have the difference 0, infinities among them too.
            TLane difference = TLane.SelectEqual(value, max, TLane.Splat(0f), value - max);
            TLane e = TLane.ExpNonpositive(-TLane.Abs(difference));
            sum = TLane.SelectGreater(value, max, TLane.Fma(sum, e, one), sum + e);
            max = TLane.Larger(value, max);
        }

        // A difference to the largest number first: where the result is near 0 it is then exact but for the logarithm.
        TLane factor = TLane.Reciprocal(sum);
        TLane logSum = TLane.Log(sum);
        for (int c = 0; c < classes; c++)
        {
            int i = first + (c * pixels);
            TLane value = TLane.Load(x, i);
            TLane.Store(y, i, logarithm == 0 ? TLane.ExpNonpositive(value - max) * factor : (value - max) - logSum);
        }
    }
}

/// <summary>
/// <see cref="ClassSoftmaxGradientKernel"/> for at most <see cref="RegisterSoftmaxKernel.MostClasses"/> classes on a device: y and dy are read once. Launch on
/// N × pixels; devices only.
/// </summary>
public readonly struct RegisterSoftmaxGradientKernel(
    Mem y, // [N, C, pixels]
    Mem dy, // [N, C, pixels]
    Mem dx, // [N, C, pixels] overwritten
    int classes,
    int pixels,
    int logarithm) : IPixelKernel, IUnrolledKernel
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int first = (row * classes * pixels) + column;
        TLane[] results = new TLane[RegisterSoftmaxKernel.MostClasses];
        TLane[] upstream = new TLane[RegisterSoftmaxKernel.MostClasses];
        TLane sum = TLane.Splat(0f);
        for (int c = 0; c < RegisterSoftmaxKernel.MostClasses; c++)
        {
            results[c] = TLane.Splat(0f);
            upstream[c] = TLane.Splat(0f);
            if (c < classes)
            {
                results[c] = TLane.Load(y, first + (c * pixels));
                upstream[c] = TLane.Load(dy, first + (c * pixels));
                sum = logarithm == 0 ? TLane.Fma(upstream[c], results[c], sum) : sum + upstream[c];
            }
        }

        for (int c = 0; c < RegisterSoftmaxKernel.MostClasses; c++)
        {
            if (c < classes)
            {
                TLane p = results[c];
                TLane.Store(dx, first + (c * pixels), logarithm == 0 ? p * (upstream[c] - sum) : upstream[c] - (TLane.Exp(p) * sum));
            }
        }
    }
}
