using System.Runtime.Intrinsics;
using HeteroAKD.Kernels.Lanes;

namespace HeteroAKD.Kernels.Launch;

/// <summary>Host work that is generic over its lane, with its arguments as fields.</summary>
internal interface ILaneWork
{
    /// <summary>Does the work with one kind of lane.</summary>
    void Run<TLane>()
        where TLane : unmanaged, ILane<TLane>;
}

/// <summary>The one place that decides which lane host work runs with.</summary>
internal static class HostLanes
{
    /// <summary>Floats in the widest lane of this machine.</summary>
    public static int Width => Vector512.IsHardwareAccelerated ? 16 : Vector256.IsHardwareAccelerated ? 8 : 4;

    /// <summary>Runs work with the widest float lane of this machine, or with the lane of doubles.</summary>
    public static void Run<TWork>(ref TWork work, HostPrecision precision)
        where TWork : struct, ILaneWork
    {
        if (precision == HostPrecision.Float64)
        {
            work.Run<F64>();
        }
        else if (Vector512.IsHardwareAccelerated)
        {
            work.Run<F32x16>();
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            work.Run<F32x8>();
        }
        else
        {
            work.Run<F32x4>();
        }
    }
}
