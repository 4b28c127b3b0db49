using System.Runtime.InteropServices;

namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>
/// The memory that kernels reach. Device addresses are no host addresses: host code that follows one crashes as it would with a GPU. Between allocations
/// lie gaps that no access may touch; host memory that the driver was told of (pinned) is reached by its own address.
/// </summary>
internal sealed unsafe class DeviceMemory : IDisposable
{
    private const ulong FirstAddress = 0x0700_0000_0000_0200;
    private const ulong Gap = 16 << 20;

    // Quiet NaN as float32, and as either half of a bfloat16 pair.
    private const uint Pattern = 0x7FFF_7FFF;

    private readonly SortedList<ulong, Allocation> _live = [];
    private ulong _nextAddress = FirstAddress;
    private Allocation[] _sorted = [];

    /// <summary>Bytes allocated on the device.</summary>
    public long AllocatedBytes { get; private set; }

    /// <summary>Memory on the device.</summary>
    /// <param name="bytes">At least 1.</param>
    /// <returns>Its device address, a multiple of 512 and of no larger power of two.</returns>
    public ulong Allocate(long bytes)
    {
        void* host = NativeMemory.AlignedAlloc((nuint)bytes, 512);
        new Span<uint>(host, (int)Math.Min(bytes / sizeof(uint), int.MaxValue)).Fill(Pattern);
        ulong address = _nextAddress;
        _nextAddress = ((address + (ulong)bytes + Gap + 1023) & ~1023UL) + 512;
        Add(new Allocation(address, (ulong)bytes, (byte*)host, isDevice: true));
        AllocatedBytes += bytes;
        return address;
    }

    /// <summary>Gives memory on the device back.</summary>
    /// <returns>False if no allocation starts there.</returns>
    public bool Free(ulong address)
    {
        if (!_live.TryGetValue(address, out Allocation? allocation) || !allocation.IsDevice)
        {
            return false;
        }

        Remove(address);
        AllocatedBytes -= (long)allocation.Bytes;
        NativeMemory.AlignedFree(allocation.Host);
        return true;
    }

    /// <summary>Lets kernels reach host memory by its own address.</summary>
    /// <returns>False if that memory is known already.</returns>
    public bool Register(void* host, long bytes)
    {
        if (Find((ulong)host) is not null)
        {
            return false;
        }

        Add(new Allocation((ulong)host, (ulong)bytes, (byte*)host, isDevice: false));
        return true;
    }

    /// <summary>Undoes <see cref="Register"/>.</summary>
    /// <returns>False if no such memory starts there.</returns>
    public bool Unregister(void* host)
    {
        bool known = _live.TryGetValue((ulong)host, out Allocation? allocation) && !allocation.IsDevice;
        if (known)
        {
            Remove((ulong)host);
        }

        return known;
    }

    /// <summary>The allocation that holds a byte, or null.</summary>
    public Allocation? Find(ulong address)
    {
        Allocation[] sorted = _sorted;
        int low = 0;
        int high = sorted.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >> 1;
            if (address < sorted[middle].Address)
            {
                high = middle - 1;
            }
            else if (address - sorted[middle].Address >= sorted[middle].Bytes)
            {
                low = middle + 1;
            }
            else
            {
                return sorted[middle];
            }
        }

        return null;
    }

    /// <summary>Whether an address is one of the device rather than of the host.</summary>
    public static bool IsDeviceAddress(ulong address) => address >= FirstAddress;

    /// <summary>What lies around an address, for messages.</summary>
    public string Describe(ulong address)
    {
        Allocation? before = _sorted.LastOrDefault(allocation => allocation.Address <= address);
        return before is null
            ? "no live allocation lies below it"
            : $"the nearest live allocation below starts at 0x{before.Address:x} and has {before.Bytes} bytes, so it is "
                + $"{address - before.Address - before.Bytes + 1} bytes past the last";
    }

    /// <summary>Gives all memory back.</summary>
    public void Dispose()
    {
        foreach (Allocation allocation in _sorted.Where(allocation => allocation.IsDevice))
        {
            Free(allocation.Address);
        }
    }

    private void Add(Allocation allocation)
    {
        _live.Add(allocation.Address, allocation);
        _sorted = [.. _live.Values];
    }

    private void Remove(ulong address)
    {
        _live.Remove(address);
        _sorted = [.. _live.Values];
    }

    /// <summary>A range of addresses that may be used.</summary>
    /// <param name="address">Of its first byte, as kernels see it.</param>
    /// <param name="bytes">Its size.</param>
    /// <param name="host">Where the bytes really are.</param>
    /// <param name="isDevice">Whether it was allocated here rather than by the host.</param>
    internal sealed class Allocation(ulong address, ulong bytes, byte* host, bool isDevice)
    {
        /// <summary>Of its first byte, as kernels see it.</summary>
        public ulong Address { get; } = address;

        /// <summary>Its size.</summary>
        public ulong Bytes { get; } = bytes;

        /// <summary>Where the bytes really are.</summary>
        public byte* Host { get; } = host;

        /// <summary>Whether it was allocated here rather than by the host.</summary>
        public bool IsDevice { get; } = isDevice;
    }
}
