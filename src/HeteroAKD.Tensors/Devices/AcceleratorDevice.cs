using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Tensors.Devices;
using HeteroAKD.Tensors.Devices.Cuda;
using HeteroAKD.Tensors.Memory;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using MemBlock = HeteroAKD.Tensors.Memory.Block;

namespace HeteroAKD.Tensors;

/// <summary>
/// What the <c>cuda</c>, <c>opencl</c> and <c>ilgpu-cpu</c> devices share: memory that ILGPU's views point to, and the grid of every kind of launch.
/// Each kernel is compiled once; everything runs on one stream in order, and only reading a value waits.
/// </summary>
internal abstract class AcceleratorDevice : Device
{
    private readonly int _maxBlock;

    private protected AcceleratorDevice(string name, Context context, Accelerator accelerator, int maxBlock, long slabBytes, Func<long>? freeBytes = null)
        : base(name, _ => new SlabAllocator(name, bytes => new DeviceSlab(accelerator, bytes), slabBytes, freeBytes))
    {
        Context = context;
        Accelerator = accelerator;
        _maxBlock = maxBlock;
    }

    /// <summary>Whether there is an NVIDIA card that this process can use.</summary>
    public static bool HasCuda => CudaDiagnosis.Problem is null;

    /// <inheritdoc/>
    public override string Description =>
        $"{Accelerator.Name}, {Accelerator.NumMultiprocessors} multiprocessors, ILGPU {typeof(Context).Assembly.GetName().Version}";

    /// <inheritdoc/>
    public override bool IsHost => false;

    /// <inheritdoc/>
    public override long MemoryBytes => Accelerator is CPUAccelerator ? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes : Accelerator.MemorySize;

    /// <summary>Kernels that are ready to be launched.</summary>
    public abstract int CompiledKernels { get; }

    private protected Context Context { get; }

    private protected Accelerator Accelerator { get; }

    /// <inheritdoc/>
    public override void Pixel<TKernel>(in TKernel kernel, int rows, int columns, int cost, DType type)
    {
        if (rows == 0 || columns == 0)
        {
            return;
        }

        DevicePlan plan = DevicePlan.OfPixel(kernel, rows, columns, _maxBlock);
        LaunchPixel(plan.Entry, kernel, plan.Shape, rows, columns);
    }

    /// <inheritdoc/>
    public override void PixelSums<TKernel>(in TKernel kernel, int rows, int columns, int cost, Mem result, DType type)
    {
        DevicePlan plan = DevicePlan.OfPixelSums(kernel, rows, columns, _maxBlock);
        LaunchShape shape = plan.Shape;
        int partials = shape.Blocks * Sums<DeviceF32>.Count;
        int scratch = shape.SharedBytes > 0 ? 1 : Math.Max(1, kernel.ScratchLength) * shape.Blocks * shape.Threads;

        // Given back at once: what gets this memory next is launched after both kernels.
        MemBlock workspace = Allocator.Allocate((long)(partials + scratch) * sizeof(float));
        ArrayView<float> partialSums = View(workspace, 0, partials);
        LaunchPixelSums(plan.Entry, kernel, shape, rows, columns, View(workspace, partials, scratch), partialSums);
        LaunchCombine(new LaunchShape(1, Sums<DeviceF32>.Count), partialSums, shape.Blocks, result.View);
        Allocator.Free(workspace);
    }

    /// <inheritdoc/>
    public override void Rows<TKernel>(in TKernel kernel, int rows, int rowLength, int rowCost, DType type)
    {
        if (rows == 0)
        {
            return;
        }

        DevicePlan plan = DevicePlan.OfRows(kernel, rows, rowLength, _maxBlock, UsesPtx);
        LaunchRows(plan.Entry, kernel, plan.Shape, rows);
    }

    /// <inheritdoc/>
    public override void Block<TKernel>(in TKernel kernel, int blocks, int threads, int sharedBytes = 0)
    {
        if (blocks > 0)
        {
            LaunchBlock(kernel, new LaunchShape(blocks, threads, sharedBytes));
        }
    }

    // Views are of floats, of which each holds two bf16 numbers; those begin at even elements only.
    internal override Mem MemAt(MemBlock block, int elementOffset, int count, DType type) => type == DType.BFloat16
        ? new(View(block, elementOffset / 2, (int)(((long)count + 1) / 2)), (long)elementOffset * sizeof(ushort), narrow: 1)
        : new(View(block, elementOffset, count), (long)elementOffset * sizeof(float));

    internal override IndexMem IndexMemAt(MemBlock block, int elementOffset, int count) => new(View(block, elementOffset, count).Cast<int>());

    private protected abstract void LaunchPixel<TKernel>(string entry, in TKernel kernel, LaunchShape shape, int rows, int columns)
        where TKernel : struct, IPixelKernel;

    private protected abstract void LaunchPixelSums<TKernel>(
        string entry, in TKernel kernel, LaunchShape shape, int rows, int columns, ArrayView<float> scratch, ArrayView<float> partials)
        where TKernel : struct, IPixelSumKernel;

    private protected abstract void LaunchCombine(LaunchShape shape, ArrayView<float> partials, int blocks, ArrayView<float> result);

    private protected abstract void LaunchRows<TKernel>(string entry, in TKernel kernel, LaunchShape shape, int rows)
        where TKernel : struct, IRowKernel;

    private protected abstract void LaunchBlock<TKernel>(in TKernel kernel, LaunchShape shape)
        where TKernel : struct, IDeviceKernel;

    private protected static ArrayView<float> View(MemBlock block, int elementOffset, int count) =>
        ((DeviceSlab)block.Slab).Buffer.View.BaseView.SubView((block.Offset / sizeof(float)) + elementOffset, Math.Max(1, count));

    private protected static nint Address(MemBlock block) => ((DeviceSlab)block.Slab).Buffer.NativePtr + (nint)block.Offset;

    private sealed class DeviceSlab(Accelerator accelerator, long bytes) : Slab
    {
        public MemoryBuffer1D<float, Stride1D.Dense> Buffer { get; } = accelerator.Allocate1D<float>(bytes / sizeof(float));

        public override long Bytes => bytes;

        public override void Free() => Buffer.Dispose();
    }
}
