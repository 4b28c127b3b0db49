using System.Runtime.CompilerServices;

namespace HeteroAKD.Kernels.Lanes;

/// <summary>
/// Irrational constants for every lane. Each is the nearest float plus what that leaves out: a float lane's sum is the nearest float again,
/// a double lane's is right to double precision.
/// </summary>
public static class LaneConstants
{
    /// <summary>1 / √(2π), the height of the normal density.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T NormalDensityPeak<T>()
        where T : unmanaged, ILane<T> => T.Splat(0.398942292f) + T.Splat(-1.13351701e-8f);
}
