using System.Reflection;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;

namespace HeteroAKD.Tensors.Devices;

/// <summary>
/// A <see cref="MetaDevice"/> that notes which kernels are launched and compiles them to PTX as the <c>cuda</c> device would. So the code for the card is
/// checked on machines without one. Results keep whatever the memory held.
/// </summary>
internal sealed class PtxDevice : MetaDevice
{
    private readonly Dictionary<MethodInfo, LaunchShape> _launched = [];

    /// <summary>A device without any kernel.</summary>
    public PtxDevice()
        : base("ptx")
    {
    }

    /// <inheritdoc/>
    public override string Description => "compiles kernels to PTX and runs none";

    /// <summary>The entry points that were launched, one for each kernel type.</summary>
    public IReadOnlyCollection<MethodInfo> Launched => _launched.Keys;

    /// <summary>For each of them the most threads and shared memory of a block, and the most blocks, that a launch asked for.</summary>
    internal IReadOnlyDictionary<MethodInfo, LaunchShape> LargestLaunches => _launched;

    /// <summary>The entry point of <see cref="DeviceEntry"/> that launches a kernel type.</summary>
    public static MethodInfo EntryOf(Type kernel)
    {
        string entry = typeof(IPixelKernel).IsAssignableFrom(kernel) ? nameof(DeviceEntry.Pixel)
            : typeof(IPixelSumKernel).IsAssignableFrom(kernel) ? nameof(DeviceEntry.PixelSums)
            : typeof(IRowKernel).IsAssignableFrom(kernel) ? nameof(DeviceEntry.Rows)
            : nameof(DeviceEntry.Block);
        return typeof(DeviceEntry).GetMethod(entry)!.MakeGenericMethod(kernel);
    }

    /// <summary>The PTX text of an entry point for <c>sm_<paramref name="capability"/></c>.</summary>
    /// <param name="entry">From <see cref="Launched"/> or <see cref="EntryOf"/>.</param>
    /// <param name="capability">80 or 90.</param>
    public static string Compile(MethodInfo entry, int capability)
    {
        // A context of its own for every kernel: one that fails to compile leaves its context unusable.
        using Context context = Context.Create(b => b.CPU().EnableAlgorithms());
        DeviceMath.Register(context);
        CudaArchitecture architecture = new(capability / 10, capability % 10);
        using PTXBackend backend = new(context, architecture, CudaInstructionSet.ISA_80, null!);
        CompiledKernel kernel = backend.Compile(EntryPointDescription.FromExplicitlyGroupedKernel(entry), BlockBounds.Of(entry), AddressSpaceHook.For(entry));
        return ((PTXCompiledKernel)kernel).PTXAssembly;
    }

    /// <inheritdoc/>
    public override void Pixel<TKernel>(in TKernel kernel, int rows, int columns, int cost, DType type) =>
        Note<TKernel>(DevicePlan.OfPixel(kernel, rows, columns, DeviceGroup.MaxSize));

    /// <inheritdoc/>
    public override void PixelSums<TKernel>(in TKernel kernel, int rows, int columns, int cost, Mem result, DType type)
    {
        Note<TKernel>(DevicePlan.OfPixelSums(kernel, rows, columns, DeviceGroup.MaxSize));
        Note(typeof(DeviceEntry).GetMethod(nameof(DeviceEntry.Combine))!, new LaunchShape(1, Sums<DeviceF32>.Count));
    }

    /// <inheritdoc/>
    public override void Rows<TKernel>(in TKernel kernel, int rows, int rowLength, int rowCost, DType type) =>
        Note<TKernel>(DevicePlan.OfRows(kernel, rows, rowLength, DeviceGroup.MaxSize, UsesPtx));

    /// <inheritdoc/>
    public override void Block<TKernel>(in TKernel kernel, int blocks, int threads, int sharedBytes = 0) =>
        Note<TKernel>(new DevicePlan(nameof(DeviceEntry.Block), new LaunchShape(blocks, threads, sharedBytes)));

    internal override bool UsesPtx => true;

    internal override bool Supports(MatrixPrecision precision) => true;

    internal override bool Supports(DType type) => type != DType.Float64;

    private void Note<TKernel>(DevicePlan plan) => Note(typeof(DeviceEntry).GetMethod(plan.Entry)!.MakeGenericMethod(typeof(TKernel)), plan.Shape);

    private void Note(MethodInfo entry, LaunchShape shape)
    {
        LaunchShape before = _launched.GetValueOrDefault(entry);
        _launched[entry] = new(Math.Max(shape.Blocks, before.Blocks), Math.Max(shape.Threads, before.Threads), Math.Max(shape.SharedBytes, before.SharedBytes));
    }
}
