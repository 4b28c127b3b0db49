using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Reduce;

/// <summary>
/// The Euclidean norm over many buffers (the norm that torch.nn.utils.clip_grad_norm_ returns). Each buffer's sum of squares comes from
/// <see cref="TotalKernel{TTerm}"/> with <see cref="SquareTerm"/> into a slot of eight numbers, the first of which counts. Launch on one row.
/// </summary>
public readonly struct GlobalNormKernel(
    Mem squares, // [buffers, 8], the first of each eight read
    Mem norm, // [1] overwritten
    int buffers) : IRowKernel
{
    /// <summary>norm = sqrt(Σ_b Σ_i x_b[i]²).</summary>
    public static double Reference(params double[][] buffers)
    {
        double sum = 0;
        foreach (double[] buffer in buffers)
        {
            foreach (double value in buffer)
            {
                sum += value * value;
            }
        }

        return Math.Sqrt(sum);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane, TGroup>(TGroup group, int row)
        where TLane : unmanaged, ILane<TLane>
        where TGroup : struct, IGroup<TLane>
    {
        // Few numbers: every member adds all of them, so none has to wait for another.
        TLane sum = TLane.Splat(0f);
        for (int b = 0; b < buffers; b++)
        {
            sum += TLane.LoadSplat(squares, b * 8);
        }

        group.StoreOne(norm, 0, TLane.Sqrt(sum));
    }
}
