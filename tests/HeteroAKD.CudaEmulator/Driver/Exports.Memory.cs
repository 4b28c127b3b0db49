using System.Runtime.InteropServices;
using HeteroAKD.CudaEmulator.Execution;

namespace HeteroAKD.CudaEmulator.Driver;

/// <summary>Memory, copies and fills.</summary>
internal static unsafe partial class Exports
{
    private const int MemoryTypeAttribute = 2;
    private const int HostMemoryType = 1;
    private const int DeviceMemoryType = 2;

    [UnmanagedCallersOnly(EntryPoint = "cuMemGetInfo_v2")]
    public static int MemGetInfo(nint* free, nint* total) => Run(driver =>
    {
        *free = (nint)(driver.Profile.MemoryBytes - driver.Memory.AllocatedBytes);
        *total = (nint)driver.Profile.MemoryBytes;
    });

    [UnmanagedCallersOnly(EntryPoint = "cuMemAlloc_v2")]
    public static int MemAlloc(ulong* address, nint bytes) => Run(driver => *address = driver.Allocate(bytes));

    [UnmanagedCallersOnly(EntryPoint = "cuMemFree_v2")]
    public static int MemFree(ulong address) => Run(driver => driver.Free(address));

    [UnmanagedCallersOnly(EntryPoint = "cuMemAllocHost_v2")]
    public static int MemAllocHost(nint* memory, nint bytes) => Run(driver => *memory = driver.AllocateHost(bytes));

    [UnmanagedCallersOnly(EntryPoint = "cuMemHostAlloc")]
    public static int MemHostAlloc(nint* memory, nint bytes, int flags) => Run(driver => *memory = driver.AllocateHost(bytes));

    [UnmanagedCallersOnly(EntryPoint = "cuMemFreeHost")]
    public static int MemFreeHost(nint memory) => Run(driver => driver.FreeHost(memory));

    [UnmanagedCallersOnly(EntryPoint = "cuMemHostRegister_v2")]
    public static int MemHostRegister(nint memory, nint bytes, int flags) => Run(driver => driver.RegisterHost(memory, bytes));

    [UnmanagedCallersOnly(EntryPoint = "cuMemHostUnregister")]
    public static int MemHostUnregister(nint memory) => Run(driver => driver.UnregisterHost(memory));

    [UnmanagedCallersOnly(EntryPoint = "cuMemHostGetDevicePointer_v2")]
    public static int MemHostGetDevicePointer(ulong* address, nint memory, int flags) => Run(driver => *address = driver.DevicePointerOf(memory));

    [UnmanagedCallersOnly(EntryPoint = "cuPointerGetAttribute")]
    public static int PointerGetAttribute(int* value, int attribute, ulong address) => Run(driver =>
    {
        DeviceMemory.Allocation? allocation = driver.Memory.Find(address);
        if (allocation is null || attribute != MemoryTypeAttribute)
        {
            throw new DriverException(CudaResult.InvalidValue, $"attribute {attribute} of the pointer 0x{address:x} is not known");
        }

        *value = allocation.IsDevice ? DeviceMemoryType : HostMemoryType;
    });

    [UnmanagedCallersOnly(EntryPoint = "cuMemcpy")]
    public static int Memcpy(ulong target, ulong source, nint bytes) => Run(driver => driver.CopyNow(target, source, bytes));

    [UnmanagedCallersOnly(EntryPoint = "cuMemcpyHtoD_v2")]
    public static int MemcpyToDevice(ulong target, ulong source, nint bytes) => Run(driver => driver.CopyNow(target, source, bytes));

    [UnmanagedCallersOnly(EntryPoint = "cuMemcpyDtoH_v2")]
    public static int MemcpyToHost(ulong target, ulong source, nint bytes) => Run(driver => driver.CopyNow(target, source, bytes));

    [UnmanagedCallersOnly(EntryPoint = "cuMemcpyDtoD_v2")]
    public static int MemcpyOnDevice(ulong target, ulong source, nint bytes) => Run(driver => driver.CopyNow(target, source, bytes));

    [UnmanagedCallersOnly(EntryPoint = "cuMemcpyAsync")]
    public static int MemcpyAsync(ulong target, ulong source, nint bytes, nint stream) =>
        Run(driver => driver.Submit(stream, new CopyWork(target, source, bytes)));

    [UnmanagedCallersOnly(EntryPoint = "cuMemcpyHtoDAsync_v2")]
    public static int MemcpyToDeviceAsync(ulong target, ulong source, nint bytes, nint stream) =>
        Run(driver => driver.Submit(stream, new CopyWork(target, source, bytes)));

    [UnmanagedCallersOnly(EntryPoint = "cuMemcpyDtoHAsync_v2")]
    public static int MemcpyToHostAsync(ulong target, ulong source, nint bytes, nint stream) =>
        Run(driver => driver.Submit(stream, new CopyWork(target, source, bytes)));

    [UnmanagedCallersOnly(EntryPoint = "cuMemcpyDtoDAsync_v2")]
    public static int MemcpyOnDeviceAsync(ulong target, ulong source, nint bytes, nint stream) =>
        Run(driver => driver.Submit(stream, new CopyWork(target, source, bytes)));

    [UnmanagedCallersOnly(EntryPoint = "cuMemsetD8_v2")]
    public static int Memset8(ulong target, byte value, nint count) => Run(driver => driver.Submit(0, new FillWork(target, value, 1, count)));

    [UnmanagedCallersOnly(EntryPoint = "cuMemsetD32_v2")]
    public static int Memset32(ulong target, uint value, nint count) => Run(driver => driver.Submit(0, new FillWork(target, value, 4, count)));

    [UnmanagedCallersOnly(EntryPoint = "cuMemsetD8Async")]
    public static int Memset8Async(ulong target, byte value, nint count, nint stream) =>
        Run(driver => driver.Submit(stream, new FillWork(target, value, 1, count)));

    [UnmanagedCallersOnly(EntryPoint = "cuMemsetD16Async")]
    public static int Memset16Async(ulong target, ushort value, nint count, nint stream) =>
        Run(driver => driver.Submit(stream, new FillWork(target, value, 2, count)));

    [UnmanagedCallersOnly(EntryPoint = "cuMemsetD32Async")]
    public static int Memset32Async(ulong target, uint value, nint count, nint stream) =>
        Run(driver => driver.Submit(stream, new FillWork(target, value, 4, count)));
}
