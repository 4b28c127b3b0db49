using System.Reflection;
using System.Runtime.InteropServices;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Tensors.Devices;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.OpenCL;
using MemBlock = HeteroAKD.Tensors.Memory.Block;

namespace HeteroAKD.Tensors;

/// <summary>
/// The <c>opencl</c> and <c>ilgpu-cpu</c> devices. Kernels are compiled at O1 with <see cref="AddressSpaceHook"/>, and kept by strong references with ILGPU's
/// typed launchers.
/// </summary>
internal sealed class IlgpuDevice : AcceleratorDevice
{
    private const long SlabBytes = 32L << 20;

    // The simulator runs every thread of a block as a thread of the system: small blocks, where a kernel does not ask for its own.
    private const int SimulatorBlock = 16;

    private readonly AcceleratorStream _stream;
    private readonly Dictionary<(Type Kernel, string Entry), Delegate> _launchers = [];

    private IlgpuDevice(string name, Context context, Accelerator accelerator)
        : base(
            name,
            context,
            accelerator,
            accelerator is CPUAccelerator ? SimulatorBlock : Math.Min(DeviceGroup.MaxSize, accelerator.MaxNumThreadsPerGroup),
            SlabBytes) =>
        _stream = accelerator.DefaultStream;

    /// <inheritdoc/>
    public override int CompiledKernels => _launchers.Count;

    /// <inheritdoc/>
    public override void Synchronize() => _stream.Synchronize();

    private protected override void Close()
    {
        Allocator.FreeAll();
        _launchers.Clear();
        Accelerator.Dispose();
        Context.Dispose();
    }

    internal static IlgpuDevice OpenOpenCL()
    {
        Context? context = null;
        try
        {
            DriverLibraries.Register();
            context = Context.Create(b => b.OpenCL(_ => true).EnableAlgorithms());
            if (context.GetCLDevices().Count == 0)
            {
                throw new DeviceNotAvailableException("opencl", "no OpenCL platform is installed (on Debian: apt-get install pocl-opencl-icd).");
            }

            CLDevice device = context.GetCLDevices()[0];
            AllowAddressSpaceHook(device);
            DeviceMath.Register(context);
            return new IlgpuDevice("opencl", context, device.CreateCLAccelerator(context));
        }
        catch (Exception e) when (
            e is DllNotFoundException or CLException or NotSupportedException or TypeInitializationException or CapabilityNotSupportedException)
        {
            context?.Dispose();
            throw new DeviceNotAvailableException("opencl", e.Message, e);
        }
    }

    internal static IlgpuDevice OpenSimulator()
    {
        Context context = Context.Create(b => b.CPU(new CPUDevice(16, 16, 1)).EnableAlgorithms());
        DeviceMath.Register(context);
        return new IlgpuDevice("ilgpu-cpu", context, context.CreateCPUAccelerator(0));
    }

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

    private protected override void LaunchPixel<TKernel>(string entry, in TKernel kernel, LaunchShape shape, int rows, int columns) =>
        Launcher<TKernel, Action<AcceleratorStream, KernelConfig, TKernel, int, int>>(entry)(_stream, Config(shape), kernel, rows, columns);

    private protected override void LaunchPixelSums<TKernel>(
        string entry, in TKernel kernel, LaunchShape shape, int rows, int columns, ArrayView<float> scratch, ArrayView<float> partials) =>
        Launcher<TKernel, Action<AcceleratorStream, KernelConfig, TKernel, int, int, ArrayView<float>, ArrayView<float>>>(entry)(
            _stream, Config(shape), kernel, rows, columns, scratch, partials);

    private protected override void LaunchCombine(LaunchShape shape, ArrayView<float> partials, int blocks, ArrayView<float> result) =>
        Launcher<CombineTag, Action<AcceleratorStream, KernelConfig, ArrayView<float>, int, ArrayView<float>>>(nameof(DeviceEntry.Combine))(
            _stream, Config(shape), partials, blocks, result);

    private protected override void LaunchRows<TKernel>(string entry, in TKernel kernel, LaunchShape shape, int rows) =>
        Launcher<TKernel, Action<AcceleratorStream, KernelConfig, TKernel, int>>(entry)(_stream, Config(shape), kernel, rows);

    private protected override void LaunchBlock<TKernel>(in TKernel kernel, LaunchShape shape) =>
        Launcher<TKernel, Action<AcceleratorStream, KernelConfig, TKernel>>(nameof(DeviceEntry.Block))(_stream, Config(shape), kernel);

    private static KernelConfig Config(LaunchShape shape) => shape.SharedBytes > 0
        ? new KernelConfig(shape.Blocks, shape.Threads, SharedMemoryConfig.RequestDynamic<byte>(shape.SharedBytes))
        : new KernelConfig(shape.Blocks, shape.Threads);

    /// <summary>
    /// PoCL 3 reports no generic address space, which ILGPU insists on. With the hook our kernels use none, so the two capability fields are set by hand.
    /// </summary>
    private static void AllowAddressSpaceHook(CLDevice device)
    {
        typeof(CLCapabilityContext).GetProperty("GenericAddressSpace")!.SetValue(device.Capabilities, true);
        typeof(CLDevice).GetProperty("DeviceVersion")!.SetValue(device, CLDeviceVersion.CL20);
    }

    private TDelegate Launcher<TKernel, TDelegate>(string entry)
        where TKernel : struct
        where TDelegate : Delegate
    {
        if (!_launchers.TryGetValue((typeof(TKernel), entry), out Delegate? launcher))
        {
            MethodInfo method = typeof(DeviceEntry).GetMethod(entry)!;
            launcher = Compile(method.IsGenericMethodDefinition ? method.MakeGenericMethod(typeof(TKernel)) : method).CreateLauncherDelegate<TDelegate>();
            _launchers.Add((typeof(TKernel), entry), launcher);
        }

        return (TDelegate)launcher;
    }

    private Kernel Compile(MethodInfo method)
    {
        EntryPointDescription entry = EntryPointDescription.FromExplicitlyGroupedKernel(method);
        CompiledKernel compiled = Accelerator is CLAccelerator opencl
            ? opencl.Backend.Compile(entry, KernelSpecialization.Empty, AddressSpaceHook.For(method))
            : Accelerator.GetBackend().Compile(entry, KernelSpecialization.Empty);
        return Accelerator.LoadKernel(compiled);
    }

    private readonly struct CombineTag;
}
