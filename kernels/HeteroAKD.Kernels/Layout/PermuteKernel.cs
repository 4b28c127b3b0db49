using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Layout;

/// <summary>
/// The target's sizes but the first, which follows from the launch, and the source's distance from an element to the next along each of the target's four axes.
/// </summary>
public readonly struct PermutedAxes(int size1, int size2, int size3, int stride0, int stride1, int stride2, int stride3)
{
    /// <summary>Last size of the target.</summary>
    public int Columns => size3;

    /// <summary>Source elements from a column of the target to the next.</summary>
    public int Step => stride3;

    /// <summary>Where a row of the target begins in the source.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Start(int row)
    {
        int plane = row / size2;
        int i0 = plane / size1;
        return (i0 * stride0) + ((plane - (i0 * size1)) * stride1) + ((row - (plane * size2)) * stride2);
    }
}

/// <summary>
/// Reorders up to four axes (torch.permute). Launch on the target's rows × a piece of its columns: columns of the piece · step stays below 2^24, up to which a
/// lane's offsets are exact. Two axes that change places have quicker kernels: <see cref="TransposeKernel"/>, <see cref="SwapAxesKernel"/>. The host has
/// <see cref="HostPermute"/>.
/// </summary>
public readonly struct PermuteKernel(
    Mem x,
    Mem y, // [size0, size1, size2, size3] overwritten
    PermutedAxes axes,
    int first = 0) : IPixelKernel // first column of the piece
{
    /// <summary>y[i0, i1, i2, i3] = x[Σ iₖ · strides[k]].</summary>
    public static void Reference(ReadOnlySpan<double> x, Span<double> y, ReadOnlySpan<int> sizes, ReadOnlySpan<int> strides)
    {
        for (int k = 0; k < y.Length; k++)
        {
            int rest = k;
            int place = 0;
            for (int d = sizes.Length - 1; d >= 0; d--)
            {
                place += rest % sizes[d] * strides[d];
                rest /= sizes[d];
            }

            y[k] = x[place];
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int start = axes.Start(row) + (first * axes.Step);
        TLane value = axes.Step == 1 ? TLane.Load(x, start + column) : TLane.Gather(x, start, TLane.Iota(column) * TLane.Splat(axes.Step));
        TLane.Store(y, (row * axes.Columns) + first + column, value);
    }
}
