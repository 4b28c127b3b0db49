using System.Reflection;
using System.Runtime.InteropServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Tensors.Devices;
using HeteroAKD.Tensors.Memory;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;
using MemBlock = HeteroAKD.Tensors.Memory.Block;

namespace HeteroAKD.Tensors;

/// <summary>
/// The <c>cuda</c>, <c>opencl</c> and <c>ilgpu-cpu</c> devices. Kernels are compiled once each, at O1 with <see cref="AddressSpaceHook"/>, and kept by strong
/// references with typed launchers; everything runs on one stream in order, and only reading a value waits.
/// </summary>
public sealed class AcceleratorDevice : Device
{
    private const int PixelBlock = 128;

    // Enough threads to fill a large card; a constant, so that sums are added in the same order on every card.
    private const int MaxSumBlocks = 1024;

    private static int s_resolverSet;

    private readonly Context _context;
    private readonly Accelerator _accelerator;
    private readonly AcceleratorStream _stream;
    private readonly Dictionary<Type, Delegate> _launchers = [];
    private readonly int _maxBlock;
    private MemoryBuffer1D<float, Stride1D.Dense>? _workspace;

    private AcceleratorDevice(string name, Context context, Accelerator accelerator)
        : base(name, d => new SlabAllocator(name, bytes => new DeviceSlab(((AcceleratorDevice)d)._accelerator, bytes), name == "cuda" ? 256L << 20 : 32L << 20))
    {
        _context = context;
        _accelerator = accelerator;
        _stream = accelerator.DefaultStream;

        // The simulator runs every thread of a block as a thread of the system: small blocks, where a kernel does not ask for its own.
        _maxBlock = accelerator is CPUAccelerator ? 16 : Math.Min(DeviceGroup.MaxSize, accelerator.MaxNumThreadsPerGroup);
    }

    /// <summary>Whether ILGPU sees a CUDA device.</summary>
    public static bool HasCuda
    {
        get
        {
            try
            {
                UseVersionedLibraries();
                using Context context = Context.Create(b => b.Cuda());
                return context.GetCudaDevices().Count > 0;
            }
            catch (Exception e) when (e is DllNotFoundException or CudaException or NotSupportedException or TypeInitializationException)
            {
                return false;
            }
        }
    }

    /// <inheritdoc/>
    public override string Description => $"{_accelerator.Name}, {_accelerator.NumMultiprocessors} multiprocessors, ILGPU {typeof(Context).Assembly.GetName().Version}";

    /// <inheritdoc/>
    public override bool IsHost => false;

    /// <inheritdoc/>
    public override long MemoryBytes => _accelerator is CPUAccelerator ? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes : _accelerator.MemorySize;

    /// <summary>The stream that everything runs on, in order: for events that time it.</summary>
    public AcceleratorStream Stream => _stream;

    /// <summary>Kernels compiled so far.</summary>
    public int CompiledKernels => _launchers.Count;

    /// <inheritdoc/>
    public override void Pixel<TKernel>(in TKernel kernel, int rows, int columns, int cost, DType type)
    {
        if (rows == 0 || columns == 0)
        {
            return;
        }

        var launch = Launcher<TKernel, Action<AcceleratorStream, KernelConfig, TKernel, int, int>>(nameof(DeviceEntry.Pixel));
        int block = Math.Min(PixelBlock, _maxBlock);
        launch(_stream, new KernelConfig(Blocks((long)rows * columns, block), block), kernel, rows, columns);
    }

    /// <inheritdoc/>
    public override void PixelSums<TKernel>(in TKernel kernel, int rows, int columns, int cost, Mem result, DType type)
    {
        var launch = Launcher<TKernel, Action<AcceleratorStream, KernelConfig, TKernel, int, int, ArrayView<float>, ArrayView<float>>>(nameof(DeviceEntry.PixelSums));
        int block = Math.Min(DeviceEntry.SumBlock, _maxBlock);
        int blocks = Math.Clamp(Blocks((long)rows * columns, block), 1, MaxSumBlocks);
        int partials = blocks * Sums<DeviceF32>.Count;
        int scratch = Math.Max(1, kernel.ScratchLength) * blocks * block;
        ArrayView<float> workspace = Workspace(partials + scratch);
        launch(_stream, new KernelConfig(blocks, block), kernel, rows, columns, workspace.SubView(partials, scratch), workspace.SubView(0, partials));
        Combine(_stream, new KernelConfig(1, Sums<DeviceF32>.Count), workspace.SubView(0, partials), blocks, result.View);
    }

    /// <inheritdoc/>
    public override void Rows<TKernel>(in TKernel kernel, int rows, int rowLength, int rowCost, DType type)
    {
        if (rows == 0)
        {
            return;
        }

        var launch = Launcher<TKernel, Action<AcceleratorStream, KernelConfig, TKernel, int>>(nameof(DeviceEntry.Rows));
        int block = 1;
        while (block < rowLength && block * 2 <= _maxBlock)
        {
            block *= 2;
        }

        launch(_stream, new KernelConfig(rows, block), kernel, rows);
    }

    /// <inheritdoc/>
    public override void Block<TKernel>(in TKernel kernel, int blocks, int threads)
    {
        if (blocks > 0)
        {
            var launch = Launcher<TKernel, Action<AcceleratorStream, KernelConfig, TKernel>>(nameof(DeviceEntry.Block));
            launch(_stream, new KernelConfig(blocks, threads), kernel);
        }
    }

    /// <inheritdoc/>
    public override void Synchronize() => _stream.Synchronize();

    /// <inheritdoc/>
    public override void Dispose()
    {
        _workspace?.Dispose();
        Allocator.FreeAll();
        _launchers.Clear();
        _accelerator.Dispose();
        _context.Dispose();
    }

    internal static AcceleratorDevice OpenCuda()
    {
        Context? context = null;
        try
        {
            UseVersionedLibraries();
            context = Context.Create(b => b.Cuda().EnableAlgorithms());
            if (context.GetCudaDevices().Count == 0)
            {
                throw new DeviceNotAvailableException("cuda", "the NVIDIA driver reports no GPU (libcuda.so.1 missing, or no card).");
            }

            DeviceMath.Register(context);
            return new AcceleratorDevice("cuda", context, context.CreateCudaAccelerator(0));
        }
        catch (Exception e) when (e is DllNotFoundException or CudaException or NotSupportedException or TypeInitializationException)
        {
            context?.Dispose();
            throw new DeviceNotAvailableException("cuda", e.Message, e);
        }
    }

    internal static AcceleratorDevice OpenOpenCL()
    {
        Context? context = null;
        try
        {
            UseVersionedLibraries();
            context = Context.Create(b => b.OpenCL(_ => true).EnableAlgorithms());
            if (context.GetCLDevices().Count == 0)
            {
                throw new DeviceNotAvailableException("opencl", "no OpenCL platform is installed (on Debian: apt-get install pocl-opencl-icd).");
            }

            CLDevice device = context.GetCLDevices()[0];
            AllowAddressSpaceHook(device);
            DeviceMath.Register(context);
            return new AcceleratorDevice("opencl", context, device.CreateCLAccelerator(context));
        }
        catch (Exception e) when (e is DllNotFoundException or CLException or NotSupportedException or TypeInitializationException or CapabilityNotSupportedException)
        {
            context?.Dispose();
            throw new DeviceNotAvailableException("opencl", e.Message, e);
        }
    }

    internal static AcceleratorDevice OpenSimulator()
    {
        Context context = Context.Create(b => b.CPU(new CPUDevice(16, 16, 1)).EnableAlgorithms());
        DeviceMath.Register(context);
        return new AcceleratorDevice("ilgpu-cpu", context, context.CreateCPUAccelerator(0));
    }

    internal override Mem MemAt(MemBlock block, int elementOffset, int count, DType type) => new(View(block, elementOffset, count));

    internal override IndexMem IndexMemAt(MemBlock block, int elementOffset, int count) => new(View(block, elementOffset, count).Cast<int>());

    internal override void CopyIn(MemBlock block, long byteOffset, ReadOnlySpan<byte> source)
    {
        if (source.Length > 0)
        {
            View(block, (int)(byteOffset / sizeof(float)), source.Length / sizeof(float)).CopyFromCPU(_stream, MemoryMarshal.Cast<byte, float>(source));
        }
    }

    internal override void CopyOut(MemBlock block, long byteOffset, Span<byte> target)
    {
        if (target.Length > 0)
        {
            View(block, (int)(byteOffset / sizeof(float)), target.Length / sizeof(float)).CopyToCPU(_stream, MemoryMarshal.Cast<byte, float>(target));
        }
    }

    private static int Blocks(long items, int block) => (int)((items + block - 1) / block);

    private static ArrayView<float> View(MemBlock block, int elementOffset, int count) =>
        ((DeviceSlab)block.Slab).Buffer.View.BaseView.SubView((block.Offset / sizeof(float)) + elementOffset, Math.Max(1, count));

    /// <summary>.NET looks for libcuda.so and libOpenCL.so, which only development packages install; drivers and loaders bring the versioned names.</summary>
    private static void UseVersionedLibraries()
    {
        if (OperatingSystem.IsLinux() && Interlocked.Exchange(ref s_resolverSet, 1) == 0)
        {
            NativeLibrary.SetDllImportResolver(
                typeof(Context).Assembly,
                (library, assembly, path) =>
                    library is "cuda" or "OpenCL" && NativeLibrary.TryLoad($"lib{library}.so.1", assembly, path, out nint handle) ? handle : 0);
        }
    }

    /// <summary>
    /// PoCL 3 reports no generic address space, which ILGPU insists on. With the hook our kernels use none, so the two capability fields are set by hand.
    /// </summary>
    private static void AllowAddressSpaceHook(CLDevice device)
    {
        typeof(CLCapabilityContext).GetProperty("GenericAddressSpace")!.SetValue(device.Capabilities, true);
        typeof(CLDevice).GetProperty("DeviceVersion")!.SetValue(device, CLDeviceVersion.CL20);
    }

    private Action<AcceleratorStream, KernelConfig, ArrayView<float>, int, ArrayView<float>> Combine =>
        Launcher<CombineTag, Action<AcceleratorStream, KernelConfig, ArrayView<float>, int, ArrayView<float>>>(nameof(DeviceEntry.Combine));

    private ArrayView<float> Workspace(long elements)
    {
        if (_workspace is null || _workspace.Length < elements)
        {
            Synchronize();
            _workspace?.Dispose();
            _workspace = _accelerator.Allocate1D<float>(elements);
        }

        return _workspace.View.BaseView;
    }

    private TDelegate Launcher<TKernel, TDelegate>(string entry)
        where TKernel : struct
        where TDelegate : Delegate
    {
        if (!_launchers.TryGetValue(typeof(TKernel), out Delegate? launcher))
        {
            MethodInfo method = typeof(DeviceEntry).GetMethod(entry)!;
            launcher = Compile(method.IsGenericMethodDefinition ? method.MakeGenericMethod(typeof(TKernel)) : method).CreateLauncherDelegate<TDelegate>();
            _launchers.Add(typeof(TKernel), launcher);
        }

        return (TDelegate)launcher;
    }

    private Kernel Compile(MethodInfo method)
    {
        EntryPointDescription entry = EntryPointDescription.FromExplicitlyGroupedKernel(method);
        CompiledKernel compiled = _accelerator switch
        {
            CudaAccelerator cuda => cuda.Backend.Compile(entry, new KernelSpecialization(_maxBlock, null), new AddressSpaceHook()),
            CLAccelerator opencl => opencl.Backend.Compile(entry, KernelSpecialization.Empty, new AddressSpaceHook()),
            _ => _accelerator.GetBackend().Compile(entry, KernelSpecialization.Empty),
        };
        return _accelerator.LoadKernel(compiled);
    }

    private readonly struct CombineTag;

    private sealed class DeviceSlab(Accelerator accelerator, long bytes) : Slab
    {
        public MemoryBuffer1D<float, Stride1D.Dense> Buffer { get; } = accelerator.Allocate1D<float>(bytes / sizeof(float));

        public override long Bytes => bytes;

        public override void Free() => Buffer.Dispose();
    }
}
