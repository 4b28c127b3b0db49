using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using ILGPU;

namespace HeteroAKD.Kernels.Launch;

/// <summary>The group of a row on a device: one thread block, trees in shared memory.</summary>
public readonly struct DeviceGroup : IGroup<DeviceF32>
{
    /// <summary>Upper bound of threads in a block that works on a row.</summary>
    public const int MaxSize = 256;

    /// <inheritdoc/>
    public int Start => Group.IdxX;

    /// <inheritdoc/>
    public int Stride => Group.DimX;

    /// <inheritdoc/>
    public DeviceF32 Sum(DeviceF32 value) => new(DeviceEntry.TreeSum(value.Value));

    /// <inheritdoc/>
    public DeviceF32 Max(DeviceF32 value) => new(DeviceEntry.TreeMax(value.Value));

    /// <inheritdoc/>
    public void StoreOne(Mem memory, int index, DeviceF32 value)
    {
        if (Group.IdxX == 0)
        {
            DeviceF32.Store(memory, index, value);
        }
    }
}

/// <summary>As <see cref="DeviceGroup"/>, four elements a thread.</summary>
public readonly struct WideDeviceGroup : IGroup<DeviceF32x4>
{
    /// <inheritdoc/>
    public int Start => Group.IdxX << 2;

    /// <inheritdoc/>
    public int Stride => Group.DimX << 2;

    /// <inheritdoc/>
    public DeviceF32x4 Sum(DeviceF32x4 value) => DeviceF32x4.Spread(default(DeviceGroup).Sum(DeviceF32x4.Total(value)));

    /// <inheritdoc/>
    public DeviceF32x4 Max(DeviceF32x4 value) => DeviceF32x4.Spread(default(DeviceGroup).Max(DeviceF32x4.Largest(value)));

    /// <inheritdoc/>
    public void StoreOne(Mem memory, int index, DeviceF32x4 value) => default(DeviceGroup).StoreOne(memory, index, value.X);
}

/// <summary>The group of a short row: one warp, which needs neither shared memory nor barriers. CUDA only.</summary>
public readonly struct WarpGroup : IGroup<DeviceF32>
{
    /// <summary>Threads of a warp.</summary>
    public const int Size = 32;

    /// <inheritdoc/>
    public int Start => Warp.LaneIdx;

    /// <inheritdoc/>
    public int Stride => Size;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public DeviceF32 Sum(DeviceF32 value)
    {
        // A butterfly: every thread adds the same pairs, so all get the same bits.
        float sum = value.Value;
        sum += Warp.ShuffleXor(sum, 16);
        sum += Warp.ShuffleXor(sum, 8);
        sum += Warp.ShuffleXor(sum, 4);
        sum += Warp.ShuffleXor(sum, 2);
        return new(sum + Warp.ShuffleXor(sum, 1));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public DeviceF32 Max(DeviceF32 value)
    {
        DeviceF32 max = value;
        max = DeviceF32.Max(max, new(Warp.ShuffleXor(max.Value, 16)));
        max = DeviceF32.Max(max, new(Warp.ShuffleXor(max.Value, 8)));
        max = DeviceF32.Max(max, new(Warp.ShuffleXor(max.Value, 4)));
        max = DeviceF32.Max(max, new(Warp.ShuffleXor(max.Value, 2)));
        return DeviceF32.Max(max, new(Warp.ShuffleXor(max.Value, 1)));
    }

    /// <inheritdoc/>
    public void StoreOne(Mem memory, int index, DeviceF32 value)
    {
        if (Warp.LaneIdx == 0)
        {
            DeviceF32.Store(memory, index, value);
        }
    }
}

/// <summary>As <see cref="WarpGroup"/>, four elements a thread.</summary>
public readonly struct WideWarpGroup : IGroup<DeviceF32x4>
{
    /// <inheritdoc/>
    public int Start => Warp.LaneIdx << 2;

    /// <inheritdoc/>
    public int Stride => WarpGroup.Size << 2;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public DeviceF32x4 Sum(DeviceF32x4 value) => DeviceF32x4.Spread(default(WarpGroup).Sum(DeviceF32x4.Total(value)));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public DeviceF32x4 Max(DeviceF32x4 value) => DeviceF32x4.Spread(default(WarpGroup).Max(DeviceF32x4.Largest(value)));

    /// <inheritdoc/>
    public void StoreOne(Mem memory, int index, DeviceF32x4 value) => default(WarpGroup).StoreOne(memory, index, value.X);
}
