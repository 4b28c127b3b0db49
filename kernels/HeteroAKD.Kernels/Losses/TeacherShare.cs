using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;

namespace HeteroAKD.Kernels.Losses;

/// <summary>The teacher's share of the hybrid target, Eq. 6.</summary>
internal static class TeacherShare
{
    // Below it both reliabilities have underflowed, and their ratio says nothing.
    internal const float SmallestNormal = 1.17549435e-38f;

    /// <summary>S = H_s / (H_t + H_s); ½ where both underflow.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Of<TLane>(TLane student, TLane teacher)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane both = student + teacher;
        return TLane.SelectGreater(both, TLane.Splat(SmallestNormal), student / both, TLane.Splat(0.5f));
    }
}
