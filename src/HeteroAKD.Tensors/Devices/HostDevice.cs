using System.Runtime.InteropServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Tensors.Devices;
using HeteroAKD.Tensors.Memory;

namespace HeteroAKD.Tensors;

/// <summary>The <c>cpu</c> device: vector lanes on a fixed partition of the work, raw 64-byte-aligned memory.</summary>
internal sealed unsafe class HostDevice : Device
{
    private const long SlabBytes = 64L << 20;
    private readonly HostLauncher _launcher;

    internal HostDevice(int threads)
        : base("cpu", d => new SlabAllocator("cpu", bytes => new HostSlab(bytes), SlabBytes)) => _launcher = new HostLauncher(new HostPool(threads));

    /// <inheritdoc/>
    public override string Description =>
        $"{RuntimeInformation.ProcessArchitecture}, {Pool.ThreadCount} threads, {HostLauncher.LaneWidth} floats a lane ({32 * HostLauncher.LaneWidth} bit)";

    /// <inheritdoc/>
    public override bool IsHost => true;

    /// <inheritdoc/>
    public override long MemoryBytes => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>The threads, for the host's own algorithms (matrix product, convolution, attention).</summary>
    public HostPool Pool => _launcher.Pool;

    /// <inheritdoc/>
    public override void Pixel<TKernel>(in TKernel kernel, int rows, int columns, int cost, DType type) =>
        _launcher.Pixel(kernel, rows, columns, cost, Precision(type));

    /// <inheritdoc/>
    public override void PixelSums<TKernel>(in TKernel kernel, int rows, int columns, int cost, Mem result, DType type) =>
        _launcher.PixelSums(kernel, rows, columns, cost, result, Precision(type));

    /// <inheritdoc/>
    public override void Rows<TKernel>(in TKernel kernel, int rows, int rowLength, int rowCost, DType type) =>
        _launcher.Rows(kernel, rows, rowCost, Precision(type));

    /// <inheritdoc/>
    public override void Block<TKernel>(in TKernel kernel, int blocks, int threads, int sharedBytes = 0) =>
        throw new NotSupportedException($"{typeof(TKernel).Name} is a device kernel; the cpu device has its own algorithm for the operation");

    /// <inheritdoc/>
    public override void Synchronize()
    {
        // Launches return when they are done.
    }

    private protected override void Close()
    {
        Pool.Dispose();
        Allocator.FreeAll();
    }

    /// <summary>How the launcher computes an element type.</summary>
    public static HostPrecision Precision(DType type) => type == DType.Float64 ? HostPrecision.Float64 : HostPrecision.Float32;

    internal override Mem MemAt(Block block, int elementOffset, int count, DType type) =>
        new((byte*)Address(block) + ((long)elementOffset * (type == DType.Float64 ? sizeof(double) : sizeof(float))));

    internal override IndexMem IndexMemAt(Block block, int elementOffset, int count) => new((int*)Address(block) + elementOffset);

    internal override void CopyIn(Block block, long byteOffset, ReadOnlySpan<byte> source)
    {
        SpoilRecording("it writes values from the host to a tensor");
        source.CopyTo(new Span<byte>((byte*)Address(block) + byteOffset, source.Length));
    }

    internal override void CopyOut(Block block, long byteOffset, Span<byte> target)
    {
        SpoilRecording("it reads a tensor's values on the host");
        new ReadOnlySpan<byte>((byte*)Address(block) + byteOffset, target.Length).CopyTo(target);
    }

    // Guarded memory is filled anew between the launches; one recording cannot hold another.
    internal override bool CanRecord => !Allocator.Guarded && Pool.Recording is null;

    internal override StepRecording StartRecording() => new HostRecording(Pool).Start();

    internal override void StopRecording() => Pool.Recording = null;

    internal override void SpoilRecording(string reason) => Pool.Recording?.Spoil(reason);

    internal override bool Supports(DType type) => type != DType.BFloat16;

    private static byte* Address(Block block) => ((HostSlab)block.Slab).Address + block.Offset;

    private sealed class HostSlab(long bytes) : Slab
    {
        public byte* Address { get; private set; } = (byte*)HostMemory.Allocate((nuint)bytes);

        public override long Bytes => bytes;

        public override Span<byte> HostBytes(long offset, long count) => new(Address + offset, checked((int)count));

        public override void Free()
        {
            HostMemory.Free(Address);
            Address = null;
        }
    }
}
