using System.Runtime.InteropServices;
using HeteroAKD.CudaEmulator.Execution;

namespace HeteroAKD.CudaEmulator.Driver;

/// <summary>Memory of the device and of the host.</summary>
internal sealed unsafe partial class EmulatedDriver
{
    private readonly HashSet<nint> _ownHostMemory = [];

    /// <summary>Memory on the device.</summary>
    public ulong Allocate(long bytes)
    {
        RequireContext();
        ForbidWhileCapturing("an allocation");
        Require(bytes > 0, CudaResult.InvalidValue, $"an allocation of {bytes} bytes");
        Require(
            bytes <= Profile.MemoryBytes - Memory.AllocatedBytes,
            CudaResult.OutOfMemory,
            $"an allocation of {bytes} bytes, where {Profile.MemoryBytes - Memory.AllocatedBytes} of {Profile.MemoryBytes} are free");
        return Memory.Allocate(bytes);
    }

    /// <summary>Gives memory on the device back.</summary>
    public void Free(ulong address)
    {
        RequireContext();
        ForbidWhileCapturing("freeing memory");
        Require(address == 0 || Memory.Free(address), CudaResult.InvalidValue, $"freeing 0x{address:x}, where no live allocation starts");
    }

    /// <summary>Pinned memory of the host.</summary>
    public nint AllocateHost(long bytes)
    {
        RequireContext();
        ForbidWhileCapturing("an allocation of pinned memory");
        Require(bytes > 0, CudaResult.InvalidValue, $"an allocation of {bytes} bytes");
        nint memory = (nint)NativeMemory.AlignedAlloc((nuint)bytes, 4096);
        Memory.Register((void*)memory, bytes);
        _ownHostMemory.Add(memory);
        return memory;
    }

    /// <summary>Gives pinned memory of the host back.</summary>
    public void FreeHost(nint memory)
    {
        RequireContext();
        ForbidWhileCapturing("freeing pinned memory");
        Require(_ownHostMemory.Remove(memory), CudaResult.InvalidValue, $"freeing host memory at 0x{memory:x}, which was not allocated by the driver");
        Memory.Unregister((void*)memory);
        NativeMemory.AlignedFree((void*)memory);
    }

    /// <summary>Pins memory that the host has.</summary>
    public void RegisterHost(nint memory, long bytes)
    {
        RequireContext();
        ForbidWhileCapturing("pinning memory");
        Require(bytes > 0 && memory != 0, CudaResult.InvalidValue, $"pinning {bytes} bytes at 0x{memory:x}");
        Require(Memory.Register((void*)memory, bytes), CudaResult.HostMemoryAlreadyRegistered, $"host memory at 0x{memory:x} is pinned already");
    }

    /// <summary>Undoes <see cref="RegisterHost"/>.</summary>
    public void UnregisterHost(nint memory)
    {
        RequireContext();
        ForbidWhileCapturing("unpinning memory");
        Require(
            !_ownHostMemory.Contains(memory) && Memory.Unregister((void*)memory),
            CudaResult.HostMemoryNotRegistered,
            $"host memory at 0x{memory:x} is not pinned");
    }

    /// <summary>The address by which kernels reach pinned memory: its own.</summary>
    public ulong DevicePointerOf(nint memory)
    {
        RequireContext();
        Require(Memory.Find((ulong)memory) is not null, CudaResult.InvalidValue, $"host memory at 0x{memory:x} is not pinned");
        return (ulong)memory;
    }

    /// <summary>Copies at once, for calls that end when the copy has.</summary>
    public void CopyNow(ulong target, ulong source, long bytes)
    {
        RequireContext();
        ForbidWhileCapturing("a copy that waits");
        Do(new CopyWork(target, source, bytes));
    }

    private void Copy(CopyWork copy)
    {
        if (copy.Bytes > 0)
        {
            Buffer.MemoryCopy(Locate(copy.Source, copy.Bytes, "the source"), Locate(copy.Target, copy.Bytes, "the target"), copy.Bytes, copy.Bytes);
        }
    }

    private void Fill(FillWork fill)
    {
        long bytes = fill.Count * fill.ValueBytes;
        byte* target = bytes == 0 ? null : Locate(fill.Target, bytes, "the target");
        for (long i = 0; i < bytes; i++)
        {
            target[i] = (byte)(fill.Value >> (int)(8 * (i % fill.ValueBytes)));
        }
    }

    private byte* Locate(ulong address, long bytes, string what)
    {
        Require(address != 0 && bytes >= 0, CudaResult.InvalidValue, $"{what} of a copy is 0x{address:x} with {bytes} bytes");
        if (!DeviceMemory.IsDeviceAddress(address))
        {
            return (byte*)address;
        }

        DeviceMemory.Allocation? allocation = Memory.Find(address);
        Require(
            allocation is not null && allocation.Bytes - (address - allocation.Address) >= (ulong)bytes,
            CudaResult.InvalidValue,
            $"{what} of a copy, {bytes} bytes at 0x{address:x}, is not within a live allocation; {Memory.Describe(address)}");
        return allocation!.Host + (address - allocation.Address);
    }
}
