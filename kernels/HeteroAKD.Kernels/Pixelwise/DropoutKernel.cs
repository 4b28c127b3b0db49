using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Pixelwise;

/// <summary>
/// The key of a mask: a number, or one derived from it and a counter in device memory, so that a recorded step draws new masks in every replay.
/// </summary>
/// <param name="counter">[1], read where <paramref name="hasCounter"/> is 1; otherwise any valid memory.</param>
/// <param name="number">The key, or what tells this layer's key from others of the same counter.</param>
/// <param name="hasCounter">1 to derive the key from the counter.</param>
public readonly struct MaskKey(IndexMem counter, int number, int hasCounter)
{
    /// <summary>The key.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Value<TLane>()
        where TLane : unmanaged, ILane<TLane>
    {
        int key = number;
        if (hasCounter != 0)
        {
            key = (int)CounterHash.Hash(TLane.LoadInteger(counter, 0), number);
        }

        return key;
    }
}

/// <summary>
/// y = x / (1 - p) with probability 1 - p, else 0 (torch.nn.Dropout in training). The mask is drawn again from the key instead of being stored:
/// the gradient is the same kernel with the same key on dy. y may be x.
/// </summary>
public readonly struct DropoutKernel(
    Mem x, // [rows, columns]
    Mem y, // [rows, columns] overwritten
    MaskKey key,
    float probability,
    int columns) : IPixelKernel, IWideKernel
{
    /// <summary>y[i] = u_i ≥ p ? x[i] / (1 - p) : 0, with u_i element i of the uniform stream of the key.</summary>
    public static void Reference(ReadOnlySpan<double> x, Span<double> y, int key, double probability)
    {
        for (int i = 0; i < x.Length; i++)
        {
            double u = (CounterHash.Hash(key, i) >> 8) * (double)CounterHash.ToUnit;
            y[i] = u >= probability ? x[i] / (1 - probability) : 0;
        }
    }

    /// <inheritdoc/>
    public bool IsAligned => x.IsAligned && y.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int i = (row * columns) + column;
        TLane p = TLane.Splat(probability);
        TLane kept = TLane.Load(x, i) / (TLane.Splat(1f) - p);
        TLane.Store(y, i, TLane.SelectGreater(p, TLane.Uniform(key.Value<TLane>(), i), TLane.Splat(0f), kept));
    }
}

/// <summary>
/// Stochastic depth: one draw a sample. y = residual + x / (1 - p) with probability 1 - p, else the residual alone. The gradient for x is the same kernel
/// with the same key on dy and no residual; the residual's gradient is dy. y may be x or the residual.
/// </summary>
public readonly struct DropPathKernel(
    Mem x, // [N, columns]
    Mem residual, // [N, columns], read where hasResidual is 1
    Mem y, // [N, columns] overwritten
    MaskKey key,
    float probability,
    int columns,
    int hasResidual) : IPixelKernel, IWideKernel
{
    /// <summary>y[n, j] = residual[n, j] + (u_n ≥ p ? x[n, j] / (1 - p) : 0); an empty residual counts as zeros.</summary>
    public static void Reference(ReadOnlySpan<double> x, ReadOnlySpan<double> residual, Span<double> y, int key, double probability, int columns)
    {
        for (int i = 0; i < x.Length; i++)
        {
            double u = (CounterHash.Hash(key, i / columns) >> 8) * (double)CounterHash.ToUnit;
            y[i] = (residual.IsEmpty ? 0 : residual[i]) + (u >= probability ? x[i] / (1 - probability) : 0);
        }
    }

    /// <inheritdoc/>
    public bool IsAligned => x.IsAligned && residual.IsAligned && y.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int i = (row * columns) + column;
        TLane p = TLane.Splat(probability);
        TLane u = TLane.Splat((int)(CounterHash.Hash(key.Value<TLane>(), row) >> 8)) * TLane.Splat(CounterHash.ToUnit);
        TLane kept = TLane.Load(x, i) / (TLane.Splat(1f) - p);
        TLane result = TLane.SelectGreater(p, u, TLane.Splat(0f), kept);
        if (hasResidual != 0)
        {
            result += TLane.Load(residual, i);
        }

        TLane.Store(y, i, result);
    }
}
