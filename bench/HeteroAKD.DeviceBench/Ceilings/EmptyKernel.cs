using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.DeviceBench.Ceilings;

/// <summary>One element of work with the arguments of a small operation: what is left is the launch.</summary>
public readonly struct EmptyKernel(
    Mem x, // [1]
    Mem y, // [1] overwritten
    float value) : IPixelKernel
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane> => TLane.Store(y, column, TLane.Load(x, column) + TLane.Splat(value));
}
