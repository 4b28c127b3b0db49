using System.Diagnostics;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace HeteroAKD.Tensors.Memory;

/// <summary>One large allocation of the system or driver.</summary>
public abstract class Slab
{
    /// <summary>Size in bytes.</summary>
    public abstract long Bytes { get; }

    /// <summary>Gives the memory back to the system.</summary>
    public abstract void Free();

    /// <summary>The memory as the host sees it; only host slabs have it.</summary>
    public virtual Span<byte> HostBytes(long offset, long count) => throw new NotSupportedException("this memory is not the host's");
}

/// <summary>A piece of a slab, free or in use. Neighbours know each other, so freed pieces merge. Objects are reused.</summary>
public sealed class Block
{
    internal Block? Previous;
    internal Block? Next;
    internal bool InUse;

    /// <summary>The slab it is cut from.</summary>
    public Slab Slab { get; internal set; } = null!;

    /// <summary>Offset in the slab, a multiple of <see cref="SlabAllocator.Granularity"/>.</summary>
    public long Offset { get; internal set; }

    /// <summary>Size in bytes, a multiple of <see cref="SlabAllocator.Granularity"/>.</summary>
    public long Bytes { get; internal set; }

    /// <summary>Bytes that were asked for.</summary>
    public long Asked { get; internal set; }

    /// <summary>Where it was allocated, if <see cref="SlabAllocator.TrackPlaces"/> is on.</summary>
    public string? Place { get; internal set; }

    /// <summary>What lies in it, for messages: its text is asked for only then.</summary>
    public object? Owner { get; internal set; }
}

/// <summary>
/// Cuts tensors from a few large slabs, first fit in address order. Same requests in the same order get the same addresses: what a recorded step needs.
/// In a steady state it neither calls the system nor makes garbage.
/// </summary>
/// <param name="device">Name for messages.</param>
/// <param name="newSlab">Asks the system for so many bytes.</param>
/// <param name="slabBytes">Smallest slab; a larger request gets one of its own.</param>
/// <param name="freeBytes">What the hardware has left, for messages; null where nobody knows.</param>
public sealed partial class SlabAllocator(string device, Func<long, Slab> newSlab, long slabBytes, Func<long>? freeBytes = null)
{
    /// <summary>Every block starts at and is a multiple of this many bytes.</summary>
    public const long Granularity = 512;

    private readonly List<Block> _heads = []; // the first block of each slab
    private readonly Stack<Block> _spare = new();

    /// <summary>Bytes in use.</summary>
    public long InUse { get; private set; }

    /// <summary>Most bytes that were in use at once since the last <see cref="ResetPeak"/>.</summary>
    public long Peak { get; private set; }

    /// <summary>Bytes held from the system.</summary>
    public long Reserved { get; private set; }

    /// <summary>Blocks in use.</summary>
    public int LiveBlocks { get; private set; }

    /// <summary>Allocations since the start.</summary>
    public long Allocations { get; private set; }

    /// <summary>Slabs asked of the system since the start.</summary>
    public long SystemAllocations { get; private set; }

    /// <summary>Most bytes that may be held from the system at once.</summary>
    public long Limit { get; set; } = long.MaxValue;

    /// <summary>Records the call stack of every allocation, for <see cref="LiveReport"/>. Slow.</summary>
    public bool TrackPlaces { get; set; }

    /// <summary>
    /// Surrounds every block with bytes that nobody may write and fills it with NaN before it is handed out; <see cref="Free"/> looks whether the surroundings
    /// are intact. For tests on host memory, chosen before the first allocation: slow.
    /// </summary>
    public bool Guarded { get; set; }

    /// <summary>A block of at least <paramref name="bytes"/>; contents undefined.</summary>
    public Block Allocate(long bytes)
    {
        long size = Math.Max(Granularity, (bytes + Granularity - 1) / Granularity * Granularity) + (Guarded ? Granularity : 0);
        Block block = FindFree(size) ?? NewSlab(size);
        if (block.Bytes > size)
        {
            Split(block, size);
        }

        block.InUse = true;
        block.Asked = bytes;
        block.Place = TrackPlaces ? new StackTrace(2, true).ToString() : null;
        InUse += size;
        Peak = Math.Max(Peak, InUse);
        LiveBlocks++;
        Allocations++;
        _trace?.Add((block.Slab, block.Offset, block.Offset + block.Bytes));
        return block;
    }

    /// <summary>Gives a block back.</summary>
    /// <exception cref="MemoryGuardException"><see cref="Guarded"/> is on and somebody wrote beside the block.</exception>
    public void Free(Block block)
    {
        Debug.Assert(block.InUse, "a block was freed twice");
        if (Guarded)
        {
            BlockGuard.CheckAndRefill(block);
        }

        block.InUse = false;
        block.Owner = null;
        InUse -= block.Bytes;
        LiveBlocks--;
        if (block.Next is { InUse: false } next)
        {
            Absorb(block, next);
        }

        if (block.Previous is { InUse: false } previous)
        {
            Absorb(previous, block);
        }
    }

    /// <summary>Starts a new peak at what is in use now.</summary>
    public void ResetPeak() => Peak = InUse;

    /// <summary>Gives slabs without a block in use back to the system.</summary>
    public void Trim()
    {
        for (int i = _heads.Count - 1; i >= 0; i--)
        {
            Block head = _heads[i];
            if (!head.InUse && head.Next is null)
            {
                Reserved -= head.Slab.Bytes;
                head.Slab.Free();
                _heads.RemoveAt(i);
            }
        }
    }

    /// <summary>Frees every slab, whatever is in use.</summary>
    public void FreeAll()
    {
        foreach (Block head in _heads)
        {
            head.Slab.Free();
        }

        _heads.Clear();
        Reserved = 0;
        InUse = 0;
        LiveBlocks = 0;
    }

    private Block? FindFree(long size)
    {
        foreach (Block head in _heads)
        {
            for (Block? block = head; block is not null; block = block.Next)
            {
                if (!block.InUse && block.Bytes >= size)
                {
                    return block;
                }
            }
        }

        return null;
    }

    private Block NewSlab(long size)
    {
        Slab slab = AskForSlab(size);
        SystemAllocations++;
        Reserved += slab.Bytes;
        Block block = new() { Slab = slab, Offset = 0, Bytes = slab.Bytes };
        if (Guarded)
        {
            BlockGuard.Fill(block);
        }

        _heads.Add(block);
        return block;
    }

    // Slabs that nobody uses go back only when the system has no more: until then addresses are those of an earlier equal step.
    private Slab AskForSlab(long size)
    {
        long bytes = Math.Max(size, slabBytes);
        if (TryNewSlab(bytes, out Exception? failure) is { } slab)
        {
            return slab;
        }

        long before = Reserved;
        Trim();
        bool trimmed = Reserved < before;
        if ((trimmed ? TryNewSlab(bytes, out failure) : null) is { } second)
        {
            return second;
        }

        // What is left may still hold the request itself.
        return (bytes > size ? TryNewSlab(size, out failure) : null)
            ?? throw new OutOfDeviceMemoryException(device, size, InUse, Reserved, freeBytes?.Invoke(), LargestOwners(5), failure);
    }

    private Slab? TryNewSlab(long bytes, out Exception? failure)
    {
        try
        {
            failure = null;
            return bytes <= Limit - Reserved ? newSlab(bytes) : null;
        }
        catch (Exception e) when (e is OutOfMemoryException or CudaException { Error: nameof(CudaError.CUDA_ERROR_OUT_OF_MEMORY) } or CLException)
        {
            failure = e;
            return null;
        }
    }

    private void Split(Block block, long size)
    {
        Block rest = _spare.Count > 0 ? _spare.Pop() : new Block();
        rest.Slab = block.Slab;
        rest.Offset = block.Offset + size;
        rest.Bytes = block.Bytes - size;
        rest.InUse = false;
        rest.Previous = block;
        rest.Next = block.Next;
        if (rest.Next is not null)
        {
            rest.Next.Previous = rest;
        }

        block.Next = rest;
        block.Bytes = size;
    }

    private void Absorb(Block first, Block second)
    {
        first.Bytes += second.Bytes;
        first.Next = second.Next;
        if (first.Next is not null)
        {
            first.Next.Previous = first;
        }

        second.Previous = null;
        second.Next = null;
        _spare.Push(second);
    }
}
