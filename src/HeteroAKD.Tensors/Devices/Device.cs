using System.Collections.Concurrent;
using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Devices;
using HeteroAKD.Tensors.Memory;

namespace HeteroAKD.Tensors;

/// <summary>
/// Where tensors live and kernels run. <c>cpu</c>: SIMD on host threads; <c>cuda</c>, <c>opencl</c>: accelerators through ILGPU;
/// <c>ilgpu-cpu</c>: ILGPU's simulator, for tests at small sizes.
/// </summary>
public abstract class Device : IDisposable
{
    private static readonly ConcurrentDictionary<string, int> s_opened = new();

    private readonly int _number; // among the devices of its name that the process opened

    private protected Device(string name, Func<Device, SlabAllocator> allocator)
    {
        Name = name;
        _number = s_opened.AddOrUpdate(name, 1, (_, count) => count + 1);
        Allocator = allocator(this);
        Tape = new Tape(this);
    }

    /// <summary>The name that <see cref="Open"/> takes.</summary>
    public string Name { get; }

    /// <summary>The name, and which of several devices of that name it is: <c>cpu</c>, <c>cpu #2</c>, in the order in which they were opened.</summary>
    public string Label => _number == 1 ? Name : $"{Name} #{_number}";

    /// <summary>Whether it was disposed of; its tensors cannot be used then.</summary>
    public bool IsDisposed { get; private set; }

    /// <summary>What it is, for people: processor or card, lanes, memory.</summary>
    public abstract string Description { get; }

    /// <summary>Bytes of memory that the hardware has for tensors.</summary>
    public abstract long MemoryBytes { get; }

    /// <summary>Bytes of it that nobody, this process or another, has taken; null where that is not known.</summary>
    public virtual long? FreeMemoryBytes => null;

    /// <summary>The same in words; empty where that is not known.</summary>
    public string FreeMemorySummary => FreeMemoryBytes is { } bytes ? FormattableString.Invariant($"{bytes / (double)(1L << 30):F1} GiB free") : "";

    /// <summary>The names that <see cref="Open"/> takes, <c>auto</c> aside.</summary>
    public static IReadOnlyList<string> Names { get; } = ["cpu", "cuda", "opencl", "ilgpu-cpu"];

    /// <summary>The memory of its tensors, with statistics.</summary>
    public SlabAllocator Allocator { get; }

    /// <summary>Operations recorded for the backward pass.</summary>
    public Tape Tape { get; }

    /// <summary>Who notes the operations that run, or null.</summary>
    public GraphTrace? Trace { get; internal set; }

    /// <summary>The innermost open step, or null: then tensors belong to whoever made them.</summary>
    public StepScope? CurrentScope { get; internal set; }

    /// <summary>Hears what a program should know and is no error; the standard error by default.</summary>
    public Action<string> Warn { get; set; } = message => Console.Error.WriteLine($"warning: {message}");

    /// <summary>Checks the output of every operation for NaN and infinity. Slow: turned on to find the operation once a loss has gone bad.</summary>
    public bool CheckFinite { get; set; }

    /// <summary>How matrix products, convolutions and attention compute.</summary>
    public MatrixPrecision MatrixPrecision { get; private set; }

    /// <summary>
    /// How networks store activations and their gradients: bfloat16 where products round to it anyway, else float32. Parameters and losses are float32 in any
    /// case.
    /// </summary>
    public DType ActivationType => MatrixPrecision == MatrixPrecision.Bf16 ? DType.BFloat16 : DType.Float32;

    /// <summary>The step that error messages name.</summary>
    public long Step { get; set; }

    /// <summary>True for the SIMD device, whose memory the host reads directly.</summary>
    public abstract bool IsHost { get; }

    /// <summary>Opens a device: <c>cpu</c>, <c>cuda</c>, <c>opencl</c>, <c>ilgpu-cpu</c>, or <c>auto</c> (cuda if there is one, else cpu).</summary>
    /// <param name="name">The device.</param>
    /// <param name="threads">Host threads of <c>cpu</c>; 0 takes one a core.</param>
    /// <param name="precision">How products compute.</param>
    /// <exception cref="DeviceNotAvailableException">The machine has no such device, or the device no such precision.</exception>
    public static Device Open(string name = "auto", int threads = 0, MatrixPrecision precision = MatrixPrecision.Fp32)
    {
        Device device = OpenAny(name, threads);
        try
        {
            device.UseMatrixPrecision(precision);
            return device;
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    private static Device OpenAny(string name, int threads) => name switch
    {
        "cpu" => new HostDevice(threads),
        "auto" => AcceleratorDevice.HasCuda ? CudaDevice.Open() : new HostDevice(threads),
        "cuda" => CudaDevice.Open(),
        "opencl" => IlgpuDevice.OpenOpenCL(),
        "ilgpu-cpu" => IlgpuDevice.OpenSimulator(),
        _ => throw new DeviceNotAvailableException(name, $"there are {string.Join(", ", Names)} and auto."),
    };

    /// <summary>Chooses how matrix products, convolutions and attention compute from now on.</summary>
    /// <exception cref="DeviceNotAvailableException">The device cannot.</exception>
    public void UseMatrixPrecision(MatrixPrecision precision)
    {
        if (!Supports(precision))
        {
            throw new DeviceNotAvailableException(Name, $"it has no tensor cores, which precision {precision.ToString().ToLowerInvariant()} needs; use fp32.");
        }

        MatrixPrecision = precision;
    }

    /// <summary>Lets NVIDIA's cuBLAS compute matrix products from now on. Steps are then not recorded.</summary>
    /// <exception cref="DeviceNotAvailableException">The device is no NVIDIA card, or the library is not installed.</exception>
    public virtual void UseCublas() => throw new DeviceNotAvailableException(Name, "cuBLAS computes on cuda only.");

    /// <summary>Opens a step: what is made until it is disposed of goes back to the slab then.</summary>
    public StepScope BeginStep() => new(this);

    /// <summary>Runs a pixel kernel on rows × columns elements; see <see cref="HostLauncher"/> for <paramref name="cost"/>.</summary>
    public abstract void Pixel<TKernel>(in TKernel kernel, int rows, int columns, int cost, DType type)
        where TKernel : struct, IPixelKernel;

    /// <summary>Runs a pixel kernel that fills eight sums.</summary>
    public abstract void PixelSums<TKernel>(in TKernel kernel, int rows, int columns, int cost, Mem result, DType type)
        where TKernel : struct, IPixelSumKernel;

    /// <summary>Runs a row kernel; <paramref name="rowCost"/> is the work of a whole row, <paramref name="rowLength"/> sizes the thread block.</summary>
    public abstract void Rows<TKernel>(in TKernel kernel, int rows, int rowLength, int rowCost, DType type)
        where TKernel : struct, IRowKernel;

    /// <summary>Runs a kernel that shapes its own thread block; accelerators only.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="blocks">Thread blocks.</param>
    /// <param name="threads">Threads in each.</param>
    /// <param name="sharedBytes">Dynamic shared memory of each (<c>SharedMemory.GetDynamic</c>); on <c>cuda</c> as much as the card allows a block.</param>
    public abstract void Block<TKernel>(in TKernel kernel, int blocks, int threads, int sharedBytes = 0)
        where TKernel : struct, IDeviceKernel;

    /// <summary>Where the kernels came from and what making them took, in words; empty where nothing is made at run time.</summary>
    public virtual string KernelSummary => "";

    /// <summary>Starts to load the kernels of earlier runs on threads of its own, where a device keeps them; returns at once.</summary>
    public virtual void PreloadKernels()
    {
    }

    /// <summary>A way to fill a tensor of this device again and again while earlier work still runs; the caller disposes of it before the tensor.</summary>
    public virtual UploadChannel OpenChannel(Tensor target) => new DirectChannel(target);

    /// <summary>Waits until everything launched is done.</summary>
    public abstract void Synchronize();

    /// <summary>Throws if memory is still in use, naming the allocations (their places, if <see cref="SlabAllocator.TrackPlaces"/> is on).</summary>
    /// <exception cref="LeakException">Something is in use.</exception>
    public void AssertNoLeak()
    {
        if (Allocator.LiveBlocks > 0)
        {
            throw new LeakException(Allocator.LiveReport());
        }
    }

    /// <summary>Frees all memory of the device and closes it.</summary>
    public void Dispose()
    {
        if (!IsDisposed)
        {
            Close();
            IsDisposed = true;
        }
    }

    private protected abstract void Close();

    internal abstract Mem MemAt(Block block, int elementOffset, int count, DType type);

    internal abstract IndexMem IndexMemAt(Block block, int elementOffset, int count);

    /// <summary>
    /// Whether kernels become PTX: then threads of a warp can work together, and code may be unrolled for a GPU's many registers. OpenCL runs on processors
    /// here, whose compilers take minutes for such code.
    /// </summary>
    internal virtual bool UsesPtx => false;

    /// <summary>Whether steps can be recorded now.</summary>
    internal virtual bool CanRecord => false;

    /// <summary>Notes from now on what is launched.</summary>
    internal virtual StepRecording StartRecording() => throw new NotSupportedException($"steps cannot be recorded on '{Name}'");

    /// <summary>Ends what <see cref="StartRecording"/> began.</summary>
    internal virtual void StopRecording()
    {
    }

    /// <summary>Notes that something happens that the replay of a step that is being recorded would not repeat.</summary>
    internal virtual void SpoilRecording(string reason)
    {
    }

    internal abstract void CopyIn(Block block, long byteOffset, ReadOnlySpan<byte> source);

    internal abstract void CopyOut(Block block, long byteOffset, Span<byte> target);

    /// <summary>Computes a product by a library, if one was chosen and can.</summary>
    internal virtual bool TryLibrary(in GemmArguments product) => false;

    /// <summary>Makes products take large or small tiles, for checks of both.</summary>
    internal bool? ForcedTile { get; set; }

    /// <summary>
    /// Whether a product is to be computed by large tiles: <paramref name="planned"/> unless the device knows better; null if it wants to try.
    /// </summary>
    internal virtual bool? IsLargeTile(in TiledProduct product, bool planned) => planned;

    /// <summary>Tries both tiles and says whether the large one is quicker.</summary>
    /// <param name="product">The product.</param>
    /// <param name="launch">Computes it with the large tile or the small one, any number of times.</param>
    internal virtual bool TryTiles(in TiledProduct product, Action<bool> launch) => throw new NotSupportedException($"'{Name}' takes the planned tile");

    /// <summary>Whether products of a precision can be computed.</summary>
    internal virtual bool Supports(MatrixPrecision precision) => precision == MatrixPrecision.Fp32;

    /// <summary>The element types that <see cref="Supports(DType)"/> allows, for messages.</summary>
    internal string SupportedTypes => string.Join(" or ", Enum.GetValues<DType>().Where(Supports));

    /// <summary>Whether the device can hold and compute an element type.</summary>
    internal virtual bool Supports(DType type) => type is DType.Float32 or DType.Int32;
}
