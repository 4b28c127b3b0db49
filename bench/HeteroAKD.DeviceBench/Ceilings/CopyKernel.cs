using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.DeviceBench.Ceilings;

/// <summary>y = x, four elements a work item, each a quarter of the memory from the next: four loads on their way at once, all of them coalesced.</summary>
public readonly struct CopyKernel(
    Mem x, // [4, columns]
    Mem y, // [4, columns] overwritten
    int columns) : IPixelKernel
{
    /// <summary>Elements of a work item.</summary>
    public const int Rows = 4;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane a = TLane.Load(x, column);
        TLane b = TLane.Load(x, column + columns);
        TLane c = TLane.Load(x, column + (2 * columns));
        TLane d = TLane.Load(x, column + (3 * columns));
        TLane.Store(y, column, a);
        TLane.Store(y, column + columns, b);
        TLane.Store(y, column + (2 * columns), c);
        TLane.Store(y, column + (3 * columns), d);
    }
}
