using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;

namespace HeteroAKD.Kernels.Launch;

/// <summary>Scratch of one host thread: the values of an item one after another, items of <c>length</c> lanes one after another.</summary>
public readonly unsafe struct HostScratch<TLane> : IScratch<TLane>
    where TLane : unmanaged, ILane<TLane>
{
    private readonly TLane* _lanes;
    private readonly int _length;

    /// <summary>Wraps arena memory.</summary>
    public HostScratch(byte* arena, int length)
    {
        _lanes = (TLane*)arena;
        _length = length;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Get(int index) => _lanes[index];

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Set(int index, TLane value) => _lanes[index] = value;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Get(int lane, int index) => _lanes[(lane * _length) + index];

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Set(int lane, int index, TLane value) => _lanes[(lane * _length) + index] = value;

    /// <summary>The scratch of the item <paramref name="lane"/> lanes further.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public HostScratch<TLane> Item(int lane) => new((byte*)(_lanes + (lane * _length)), _length);
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
