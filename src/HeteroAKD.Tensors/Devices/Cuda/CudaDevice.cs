using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Pixelwise;
using HeteroAKD.Tensors.Devices;
using HeteroAKD.Tensors.Devices.Cuda;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using MemBlock = HeteroAKD.Tensors.Memory.Block;

namespace HeteroAKD.Tensors;

/// <summary>
/// The <c>cuda</c> device. ILGPU opens the card, owns its memory and compiles kernels to PTX; modules, launches, copies and graphs are calls of the driver on
/// two streams of our own, one that computes and one that uploads. Nothing waits but a read.
/// </summary>
internal sealed unsafe class CudaDevice : AcceleratorDevice
{
    private const long SlabBytes = 256L << 20;

    private readonly CudaAccelerator _accelerator;
    private readonly CudaKernels _kernels;
    private readonly TileTuner _tiles;
    private readonly PinnedRing _ring;
    private CudaRecording? _recording;
    private Cublas? _cublas;

    private CudaDevice(Context context, CudaAccelerator accelerator, KernelCache cache)
        : base("cuda", context, accelerator, Math.Min(DeviceGroup.MaxSize, accelerator.MaxNumThreadsPerGroup), SlabBytes, () => FreeBytes(accelerator))
    {
        _accelerator = accelerator;
        Bind();
        CudaDriver.Check(CudaDriver.cuStreamCreate(out nint stream, CudaDriver.StreamNonBlocking), "cuStreamCreate");
        Stream = stream;
        CudaDriver.Check(CudaDriver.cuStreamCreate(out stream, CudaDriver.StreamNonBlocking), "cuStreamCreate");
        UploadStream = stream;
        _kernels = new CudaKernels(accelerator, cache);
        _tiles = new TileTuner(this, cache, _kernels.Key);
        _ring = new PinnedRing();
    }

    /// <inheritdoc/>
    public override string Description =>
        $"{_accelerator.Name}, compute capability {CapabilityText(_accelerator.Architecture)}, {_accelerator.NumMultiprocessors} multiprocessors, "
        + $"driver for CUDA {VersionText(_accelerator.DriverVersion)}, "
        + $"PTX {_accelerator.InstructionSet} for {_accelerator.Capabilities.TargetArchitecture}, ILGPU {typeof(Context).Assembly.GetName().Version}";

    /// <inheritdoc/>
    public override long? FreeMemoryBytes => FreeBytes(_accelerator);

    /// <inheritdoc/>
    public override int CompiledKernels => _kernels.Count;

    /// <summary>Those of <see cref="CompiledKernels"/> that ILGPU compiled in this process; the others came from the cache.</summary>
    public int CompiledNow => _kernels.Compiled;

    /// <inheritdoc/>
    public override string KernelSummary => _kernels.Summary + _tiles.Summary;

    /// <summary>The stream that computes, as the driver's handle: for events that time it.</summary>
    public nint Stream { get; }

    /// <summary>The stream that brings batches.</summary>
    internal nint UploadStream { get; }

    // One recording cannot hold another.
    internal override bool CanRecord => _recording is null;

    internal bool IsRecording => _recording is not null;

    internal override bool UsesPtx => true;

    internal override bool Supports(MatrixPrecision precision) => precision == MatrixPrecision.Fp32 || _accelerator.Architecture.Major >= 8;

    internal override bool Supports(DType type) => base.Supports(type) || (type == DType.BFloat16 && Supports(MatrixPrecision.Bf16));

    /// <inheritdoc/>
    public override void PreloadKernels() => _kernels.Preload();

    /// <summary>Copies a tensor to another of the same size as the driver does it: the yardstick for copies by kernels.</summary>
    public void Copy(Tensor source, Tensor target)
    {
        nuint bytes = (nuint)source.Shape.Count * (nuint)source.ElementBytes;
        nint from = source.Mem.View.LoadEffectiveAddressAsPtr();
        nint to = target.Mem.View.LoadEffectiveAddressAsPtr();
        Bind();
        CudaDriver.Check(CudaDriver.cuMemcpyDtoDAsync_v2(to, from, bytes, Stream), $"cuMemcpyDtoDAsync({bytes} bytes)");
    }

    /// <inheritdoc/>
    public override void UseCublas()
    {
        Bind();
        _cublas ??= Cublas.TryOpen(Stream)
            ?? throw new DeviceNotAvailableException(
                "cuda", $"cuBLAS is not installed ({string.Join(", ", Cublas.Names)} not found); the CUDA toolkit or PyTorch's nvidia-cublas package has it.");
    }

    /// <inheritdoc/>
    public override UploadChannel OpenChannel(Tensor target) => new CudaUploadChannel(this, target);

    /// <inheritdoc/>
    public override void Synchronize()
    {
        Bind();
        CudaDriver.Check(CudaDriver.cuStreamSynchronize(Stream), "cuStreamSynchronize");
    }

    private protected override void Close()
    {
        Synchronize();
        CudaDriver.Check(CudaDriver.cuStreamSynchronize(UploadStream), "cuStreamSynchronize");
        _ring.Dispose();
        _cublas?.Dispose();
        _kernels.Dispose();
        Allocator.FreeAll();
        CudaDriver.Check(CudaDriver.cuStreamDestroy_v2(UploadStream), "cuStreamDestroy");
        CudaDriver.Check(CudaDriver.cuStreamDestroy_v2(Stream), "cuStreamDestroy");
        Accelerator.Dispose();
        Context.Dispose();
    }

    internal static CudaDevice Open() => Open(KernelCache.OfUser());

    internal static CudaDevice Open(KernelCache cache)
    {
        if (CudaDiagnosis.Problem is { } problem)
        {
            throw new DeviceNotAvailableException("cuda", problem);
        }

        Action<CudaDeviceOverride> pin = PtxVersion.Pin();
        Context? context = null;
        try
        {
            context = Context.Create(b => b.Cuda(pin).EnableAlgorithms());
            if (context.GetCudaDevices().Count == 0)
            {
                throw new DeviceNotAvailableException("cuda", "the driver reports a card, but ILGPU cannot describe it.");
            }

            ILGPU.Runtime.Cuda.CudaDevice card = context.GetCudaDevices()[0];
            string capability = CapabilityText(card.Architecture.GetValueOrDefault());
            if (CudaDiagnosis.ExplainDriver(card.Name, capability, VersionText(card.DriverVersion), card.InstructionSet is not null) is { } old)
            {
                throw new DeviceNotAvailableException("cuda", old);
            }

            DeviceMath.Register(context);
            return new CudaDevice(context, context.CreateCudaAccelerator(0), cache);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException or TypeInitializationException
            or CudaException or CudaDriverException or NotSupportedException)
        {
            context?.Dispose();
            throw new DeviceNotAvailableException("cuda", e.Message, e);
        }
    }

    /// <summary>Makes the device's context the calling thread's.</summary>
    public void Bind() => _accelerator.Bind();

    internal override bool TryLibrary(in GemmArguments product)
    {
        bool contiguous = product.C.RowStride == product.N && (product.Batch == 1 || product.C.BatchStride == product.M * product.N) && product.C.Offset == 0;
        if (_cublas is null || !Cublas.Takes(product) || product.HasResidual != 0 || product.Activation != ActivationKind.None
            || (product.BiasKind != GemmBias.None && !(contiguous && product.BiasOffset == 0)) || product.K == 0)
        {
            return false;
        }

        SpoilRecording("cuBLAS computes its products");
        Bind();
        _cublas.Multiply(product, MatrixPrecision);
        Mem c = product.C.Memory;
        Mem bias = product.Bias;
        if (product.BiasKind == GemmBias.PerColumn)
        {
            Pixel(new BinaryKernel<Add, PerColumn>(c, bias, c, product.N, 1), product.Batch * product.M, product.N, 1, DType.Float32);
        }
        else if (product.BiasKind == GemmBias.PerRow)
        {
            Pixel(new BinaryKernel<Add, PerChannel>(c, bias, c, product.N, product.M), product.Batch * product.M, product.N, 1, DType.Float32);
        }

        return true;
    }

    internal override bool? IsLargeTile(in TiledProduct product, bool planned) => _tiles.IsLarge(product, planned);

    internal override bool TryTiles(in TiledProduct product, Action<bool> launch) => _tiles.Try(product, launch);

    internal override StepRecording StartRecording() => _recording = new CudaRecording(this);

    internal override void StopRecording() => _recording = null;

    internal override void SpoilRecording(string reason) => _recording?.Spoil(reason);

    internal override void CopyIn(MemBlock block, long byteOffset, ReadOnlySpan<byte> source)
    {
        SpoilRecording("it writes values from the host to a tensor");
        Bind();
        _ring.Send(source, Address(block) + (nint)byteOffset, Stream);
    }

    internal override void CopyOut(MemBlock block, long byteOffset, Span<byte> target)
    {
        SpoilRecording("it reads a tensor's values on the host");
        if (target.Length == 0)
        {
            return;
        }

        Bind();
        fixed (byte* values = target)
        {
            nint source = Address(block) + (nint)byteOffset;
            CudaDriver.Check(CudaDriver.cuMemcpyDtoHAsync_v2(values, source, (nuint)target.Length, Stream), $"cuMemcpyDtoHAsync({target.Length} bytes)");
            CudaDriver.Check(CudaDriver.cuStreamSynchronize(Stream), "cuStreamSynchronize");
        }
    }

    private protected override void LaunchPixel<TKernel>(string entry, in TKernel kernel, LaunchShape shape, int rows, int columns)
    {
        CudaFunction function = _kernels.Get(typeof(TKernel), entry);
        byte* arguments = stackalloc byte[function.ArgumentBytes];
        ArgumentPacker<TKernel>.Pack(kernel, arguments);
        *(int*)(arguments + function.Offsets[1]) = rows;
        *(int*)(arguments + function.Offsets[2]) = columns;
        Launch(function, shape, arguments);
    }

    private protected override void LaunchPixelSums<TKernel>(
        string entry, in TKernel kernel, LaunchShape shape, int rows, int columns, ArrayView<float> scratch, ArrayView<float> partials)
    {
        CudaFunction function = _kernels.Get(typeof(TKernel), entry);
        byte* arguments = stackalloc byte[function.ArgumentBytes];
        ArgumentPacker<TKernel>.Pack(kernel, arguments);
        *(int*)(arguments + function.Offsets[1]) = rows;
        *(int*)(arguments + function.Offsets[2]) = columns;
        ArgumentPacker<ArrayView<float>>.Pack(scratch, arguments + function.Offsets[3]);
        ArgumentPacker<ArrayView<float>>.Pack(partials, arguments + function.Offsets[4]);
        Launch(function, shape, arguments);
    }

    private protected override void LaunchCombine(LaunchShape shape, ArrayView<float> partials, int blocks, ArrayView<float> result)
    {
        CudaFunction function = _kernels.Get(typeof(DeviceEntry), nameof(DeviceEntry.Combine));
        byte* arguments = stackalloc byte[function.ArgumentBytes];
        ArgumentPacker<ArrayView<float>>.Pack(partials, arguments);
        *(int*)(arguments + function.Offsets[1]) = blocks;
        ArgumentPacker<ArrayView<float>>.Pack(result, arguments + function.Offsets[2]);
        Launch(function, shape, arguments);
    }

    private protected override void LaunchRows<TKernel>(string entry, in TKernel kernel, LaunchShape shape, int rows)
    {
        CudaFunction function = _kernels.Get(typeof(TKernel), entry);
        byte* arguments = stackalloc byte[function.ArgumentBytes];
        ArgumentPacker<TKernel>.Pack(kernel, arguments);
        *(int*)(arguments + function.Offsets[1]) = rows;
        Launch(function, shape, arguments);
    }

    private protected override void LaunchBlock<TKernel>(in TKernel kernel, LaunchShape shape)
    {
        if (shape.Threads > BlockBounds.For<TKernel>.Threads)
        {
            throw new NotSupportedException(
                $"{typeof(TKernel).Name} asks for blocks of {shape.Threads} threads; it is compiled for at most {BlockBounds.For<TKernel>.Threads}");
        }

        CudaFunction function = _kernels.Get(typeof(TKernel), nameof(DeviceEntry.Block));
        byte* arguments = stackalloc byte[function.ArgumentBytes];
        ArgumentPacker<TKernel>.Pack(kernel, arguments);
        Launch(function, shape, arguments);
    }

    private static string CapabilityText(CudaArchitecture architecture) => FormattableString.Invariant($"{architecture.Major}.{architecture.Minor}");

    private static string VersionText(CudaDriverVersion version) => FormattableString.Invariant($"{version.Major}.{version.Minor}");

    private static long FreeBytes(CudaAccelerator accelerator)
    {
        accelerator.Bind();
        CudaDriver.Check(CudaDriver.cuMemGetInfo_v2(out nuint free, out _), "cuMemGetInfo");
        return (long)free;
    }

    private void Launch(CudaFunction function, LaunchShape shape, byte* arguments)
    {
        Bind();
        _recording?.Add(function, shape, arguments);
        function.Launch(shape, arguments, Stream);
    }
}
