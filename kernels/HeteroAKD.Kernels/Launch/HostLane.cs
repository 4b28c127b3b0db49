using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;

namespace HeteroAKD.Kernels.Launch;

/// <summary>Scratch of one host thread: lanes one after another, so that the values of a pixel share a few cache lines.</summary>
public readonly unsafe struct HostScratch<TLane> : IScratch<TLane>
    where TLane : unmanaged, ILane<TLane>
{
    private readonly TLane* _lanes;

    /// <summary>Wraps arena memory.</summary>
    public HostScratch(byte* arena) => _lanes = (TLane*)arena;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Get(int index) => _lanes[index];

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Set(int index, TLane value) => _lanes[index] = value;
}

/// <summary>The group of a row on the host: one thread, its vector elements.</summary>
public readonly struct HostGroup<TLane> : IGroup<TLane>
    where TLane : unmanaged, ILane<TLane>
{
    /// <inheritdoc/>
    public int Start => 0;

    /// <inheritdoc/>
    public int Stride => TLane.Width;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Sum(TLane value) => TLane.SplatReduced(TLane.SumAcross(value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Max(TLane value) => TLane.SplatReduced(TLane.MaxAcross(value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StoreOne(Mem memory, int index, TLane value) => TLane.StorePart(memory, index, 1, value);
}
