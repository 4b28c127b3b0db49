using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Tensors.Devices;

/// <summary>Which entry point of <see cref="DeviceEntry"/> launches a kernel on an accelerator, and with what grid.</summary>
/// <param name="Entry">The method's name.</param>
/// <param name="Shape">The grid.</param>
internal readonly record struct DevicePlan(string Entry, LaunchShape Shape)
{
    /// <summary>Most threads of a block that computes pixels, or short rows by warps.</summary>
    public const int PixelBlock = 128;

    // Enough threads to fill a large card; a constant, so that sums are added in the same order on every card.
    private const int MaxSumBlocks = 1024;

    // Floats of shared memory that a block gets for scratch without asking the driver for more than it gives to everybody, beside what kernels declare.
    private const int MaxSharedScratch = 10_240;

    // Smaller blocks would leave threads of a warp without work.
    private const int LeastScratchBlock = 32;

    // A warp works on a row that gives each of its threads up to this many lanes; a longer row takes a block.
    private const int MostWarpLanes = 8;

    /// <summary>For a pixel kernel.</summary>
    public static DevicePlan OfPixel<TKernel>(in TKernel kernel, int rows, int columns, int maxBlock)
        where TKernel : struct, IPixelKernel
    {
        int block = Math.Min(PixelBlock, maxBlock);
        bool wide = IsWide(kernel, columns);
        long threads = (long)rows * (wide ? columns / 4 : columns);
        return new(wide ? nameof(DeviceEntry.WidePixel) : nameof(DeviceEntry.Pixel), new(Blocks(threads, block), block));
    }

    /// <summary>
    /// For a pixel kernel with sums: its scratch in shared memory where it fits, which is as quick as the first cache level; else in the device's memory.
    /// </summary>
    public static DevicePlan OfPixelSums<TKernel>(in TKernel kernel, int rows, int columns, int maxBlock)
        where TKernel : struct, IPixelSumKernel
    {
        int most = Math.Min(DeviceEntry.SumBlock, maxBlock);
        int lanes = kernel.ScratchLength;
        int block = most;
        while (block > LeastScratchBlock && lanes * block > MaxSharedScratch)
        {
            block /= 2;
        }

        bool shared = lanes > 0 && lanes * block <= MaxSharedScratch;
        block = shared ? block : most;
        int blocks = Math.Clamp(Blocks((long)rows * columns, block), 1, MaxSumBlocks);
        return shared
            ? new(nameof(DeviceEntry.SharedPixelSums), new(blocks, block, lanes * block * sizeof(float)))
            : new(nameof(DeviceEntry.PixelSums), new(blocks, block));
    }

    /// <summary>For a row kernel: a warp a row where rows are short and the device has warps, else a block a row.</summary>
    public static DevicePlan OfRows<TKernel>(in TKernel kernel, int rows, int rowLength, int maxBlock, bool hasWarps)
        where TKernel : struct, IRowKernel
    {
        bool wide = IsWide(kernel, rowLength);
        int lanes = wide ? rowLength / 4 : rowLength;
        if (hasWarps && lanes <= MostWarpLanes * WarpGroup.Size)
        {
            return new(wide ? nameof(DeviceEntry.WideWarpRows) : nameof(DeviceEntry.WarpRows), new(Blocks(rows, PixelBlock / WarpGroup.Size), PixelBlock));
        }

        int block = 1;
        while (block < lanes && block * 2 <= maxBlock)
        {
            block *= 2;
        }

        return new(wide ? nameof(DeviceEntry.WideRows) : nameof(DeviceEntry.Rows), new(rows, block));
    }

    // The test of the type is the compiler's; only kernels that pass it are asked.
    private static bool IsWide<TKernel>(in TKernel kernel, int columns)
        where TKernel : struct => columns % 4 == 0 && kernel is IWideKernel { IsAligned: true };

    private static int Blocks(long items, int block) => (int)((items + block - 1) / block);
}
