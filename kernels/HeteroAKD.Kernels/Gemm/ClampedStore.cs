using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Pixelwise;

namespace HeteroAKD.Kernels.Gemm;

/// <summary>
/// Finishes rows of a register tile, two whole lanes side by side in the target: adds the bias and a residual or the old value, then applies ReLU, ReLU6 or no
/// activation. Conditions are tested once for all rows, because layers of few channels take as long to store as to multiply.
/// </summary>
internal static unsafe class ClampedStore
{
    /// <summary>Whether an activation is one of those.</summary>
    public static bool Serves(ActivationKind activation) => activation is ActivationKind.None or ActivationKind.Relu or ActivationKind.Relu6;

    /// <summary>target = activation(row + bias + added), as <see cref="Activation.Apply"/> has it.</summary>
    /// <param name="row">Two lanes of sums.</param>
    /// <param name="bias0">Added to the first lane.</param>
    /// <param name="bias1">Added to the second.</param>
    /// <param name="added">Two lanes, which may be the target's own, or null.</param>
    /// <param name="clamp">Whether there is an activation.</param>
    /// <param name="above">Whether it is ReLU6.</param>
    /// <param name="target">Two lanes, overwritten.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Row<TLane>(TLane* row, TLane bias0, TLane bias1, TLane* added, bool clamp, bool above, TLane* target)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane x0 = row[0] + bias0, x1 = row[1] + bias1;
        if (added != null)
        {
            x0 += added[0];
            x1 += added[1];
        }

        if (clamp)
        {
            TLane zero = TLane.Splat(0f);
            x0 = TLane.Max(x0, zero);
            x1 = TLane.Max(x1, zero);
            if (above)
            {
                TLane six = TLane.Splat(6f);
                x0 = TLane.Min(x0, six);
                x1 = TLane.Min(x1, six);
            }
        }

        target[0] = x0;
        target[1] = x1;
    }
}
