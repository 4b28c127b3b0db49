using System.Runtime.InteropServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Tensors.Memory;

namespace HeteroAKD.Tensors.Devices;

/// <summary>
/// A device that computes nothing, as PyTorch's <c>meta</c>: shapes and types come out right, numbers are whatever the memory held. Its memory is address space
/// that the system fills only where somebody writes, so a network can run through it at sizes that no machine holds.
/// </summary>
public class MetaDevice : Device
{
    private const long SlabBytes = 64L << 20;

    /// <summary>A device that runs no kernel.</summary>
    public MetaDevice()
        : this("meta")
    {
    }

    private protected MetaDevice(string name)
        : base(name, d => new SlabAllocator(name, bytes => new HostSlab(bytes), SlabBytes))
    {
    }

    /// <inheritdoc/>
    public override string Description => "shapes and types only";

    /// <inheritdoc/>
    public override bool IsHost => false;

    /// <inheritdoc/>
    public override long MemoryBytes => 0;

    /// <inheritdoc/>
    public override void Pixel<TKernel>(in TKernel kernel, int rows, int columns, int cost, DType type)
    {
    }

    /// <inheritdoc/>
    public override void PixelSums<TKernel>(in TKernel kernel, int rows, int columns, int cost, Mem result, DType type)
    {
    }

    /// <inheritdoc/>
    public override void Rows<TKernel>(in TKernel kernel, int rows, int rowLength, int rowCost, DType type)
    {
    }

    /// <inheritdoc/>
    public override void Block<TKernel>(in TKernel kernel, int blocks, int threads, int sharedBytes = 0)
    {
    }

    /// <inheritdoc/>
    public override void Synchronize()
    {
        // Nothing runs.
    }

    private protected override void Close()
    {
        Allocator.FreeAll();
    }

    internal override unsafe Mem MemAt(Block block, int elementOffset, int count, DType type) => type == DType.BFloat16
        ? new((ushort*)Address(block) + elementOffset, narrow: 1)
        : new((float*)Address(block) + elementOffset);

    internal override unsafe IndexMem IndexMemAt(Block block, int elementOffset, int count) => new((int*)Address(block) + elementOffset);

    internal override void CopyIn(Block block, long byteOffset, ReadOnlySpan<byte> source) =>
        source.CopyTo(block.Slab.HostBytes(block.Offset + byteOffset, source.Length));

    internal override void CopyOut(Block block, long byteOffset, Span<byte> target) =>
        block.Slab.HostBytes(block.Offset + byteOffset, target.Length).CopyTo(target);

    private static unsafe void* Address(Block block) => (byte*)((HostSlab)block.Slab).Memory + block.Offset;

    private sealed unsafe class HostSlab(long bytes) : Slab
    {
        public void* Memory { get; private set; } = NativeMemory.AllocZeroed((nuint)bytes);

        public override long Bytes => bytes;

        public override Span<byte> HostBytes(long offset, long count) => new((byte*)Memory + offset, checked((int)count));

        public override void Free()
        {
            NativeMemory.Free(Memory);
            Memory = null;
        }
    }
}
