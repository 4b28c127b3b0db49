using System.Numerics;
using HeteroAKD.CudaEmulator.Ptx;

namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>Loads, stores and atomic operations, with the checks.</summary>
internal static unsafe class MemoryOperations
{
    /// <summary>The address register has 32 bits.</summary>
    public const int NarrowAddress = 1;

    /// <summary>Loaded integers keep their sign.</summary>
    public const int SignExtend = 2;

    /// <summary>The data registers have 64 bits.</summary>
    public const int WideData = 4;

    /// <summary>Where generic addresses of shared memory begin.</summary>
    public const ulong SharedWindow = 0x0600_0000_0000_0000;

    /// <summary>Where generic addresses of local memory begin.</summary>
    public const ulong LocalWindow = 0x0500_0000_0000_0000;

    private const ulong WindowMask = 0xFF00_0000_0000_0000;

    /// <summary><c>ld</c>, of one or several registers.</summary>
    public static void Load(Warp warp, in Instruction instruction, uint mask)
    {
        int[] rows = instruction.Rows!;
        int bytes = instruction.Bytes;
        ulong* addresses = stackalloc ulong[32];
        for (uint m = mask; m != 0; m &= m - 1)
        {
            int lane = BitOperations.TrailingZeroCount(m);
            addresses[lane] = Address(warp, in instruction, lane);
            byte* source = Resolve(warp, in instruction, lane, addresses[lane], bytes * rows.Length, isWrite: false);
            foreach (int row in rows)
            {
                WriteRegister(warp, in instruction, row, lane, source);
                source += bytes;
            }
        }

        Count(warp, in instruction, addresses, mask, isWrite: false);
    }

    /// <summary><c>st</c>, of one or several registers.</summary>
    public static void Store(Warp warp, in Instruction instruction, uint mask)
    {
        int[] rows = instruction.Rows!;
        int bytes = instruction.Bytes;
        ulong* addresses = stackalloc ulong[32];
        byte** targets = stackalloc byte*[32];
        for (uint m = mask; m != 0; m &= m - 1)
        {
            int lane = BitOperations.TrailingZeroCount(m);
            addresses[lane] = Address(warp, in instruction, lane);
            targets[lane] = Resolve(warp, in instruction, lane, addresses[lane], bytes * rows.Length, isWrite: true);
            for (int i = 0; i < rows.Length; i++)
            {
                Buffer.MemoryCopy(Register(warp, in instruction, rows[i], lane), targets[lane] + (i * bytes), bytes, bytes);
            }
        }

        CheckOneWriter(warp, in instruction, addresses, targets, mask);
        Count(warp, in instruction, addresses, mask, isWrite: true);
    }

    /// <summary>The address that a lane's operand gives.</summary>
    public static ulong Address(Warp warp, in Instruction instruction, int lane) =>
        ((instruction.Flags & NarrowAddress) != 0 ? Lanes.Row32(warp, instruction.A)[lane] : Lanes.Row64(warp, instruction.A)[lane])
        + (ulong)instruction.Immediate;

    /// <summary>Checks an access and finds the bytes.</summary>
    /// <exception cref="KernelFault">It may not be made.</exception>
    public static byte* Resolve(Warp warp, in Instruction instruction, int lane, ulong address, int bytes, bool isWrite, bool isAtomic = false)
    {
        if ((address & (ulong)(bytes - 1)) != 0)
        {
            throw warp.Fault(
                FaultKind.MisalignedAddress,
                lane,
                $"an access of {bytes} bytes at {Name(instruction.Space)} address 0x{address:x}, which is no multiple of {bytes}");
        }

        MemorySpace space = instruction.Space;
        if (space == MemorySpace.Generic)
        {
            space = (address & WindowMask) switch
            {
                SharedWindow => MemorySpace.Shared,
                LocalWindow => MemorySpace.Local,
                _ => MemorySpace.Global,
            };
            address = space == MemorySpace.Global ? address : address & ~WindowMask;
        }

        return space switch
        {
            MemorySpace.Global => ResolveGlobal(warp, lane, address, bytes, isWrite),
            MemorySpace.Shared => ResolveShared(warp, lane, address, bytes, isWrite, isAtomic),
            MemorySpace.Local => Within(warp, lane, address, bytes, warp.LocalMemory(lane), warp.Block.Launch.Kernel.LocalBytes, "local memory"),
            _ => Within(warp, lane, address, bytes, warp.Block.Parameters, warp.Block.Launch.Kernel.ParameterBytes, "the parameters"),
        };
    }

    /// <summary>Checks an access to global memory and finds the bytes.</summary>
    public static byte* ResolveGlobal(Warp warp, int lane, ulong address, int bytes, bool isWrite)
    {
        DeviceMemory.Allocation? allocation = warp.LastAllocation;
        if (allocation is null || address - allocation.Address >= allocation.Bytes)
        {
            allocation = warp.Block.Memory.Find(address);
            warp.LastAllocation = allocation;
        }

        if (allocation is null || allocation.Bytes - (address - allocation.Address) < (ulong)bytes)
        {
            throw warp.Fault(
                FaultKind.IllegalAddress,
                lane,
                $"{(isWrite ? "a write" : "a read")} of {bytes} bytes at global address 0x{address:x}, outside all live allocations; "
                    + $"{warp.Block.Memory.Describe(address)}");
        }

        return allocation.Host + (address - allocation.Address);
    }

    /// <summary>Checks an access to shared memory, notes it and finds the bytes.</summary>
    public static byte* ResolveShared(Warp warp, int lane, ulong address, int bytes, bool isWrite, bool isAtomic = false)
    {
        SharedMemory shared = warp.Block.Shared;
        int thread = (warp.Index * 32) + lane;
        string? problem = shared.CheckRange(address, bytes)
            ?? (isWrite ? shared.NoteWrite(address, bytes, thread, warp.Line, isAtomic) : shared.NoteRead(address, bytes, thread));
        return problem is null ? shared.At(address) : throw warp.Fault(FaultKind.IllegalAddress, lane, problem);
    }

    private static byte* Within(Warp warp, int lane, ulong address, int bytes, byte* memory, int size, string what) =>
        address <= (ulong)size && (ulong)size - address >= (ulong)bytes
            ? memory + address
            : throw warp.Fault(FaultKind.IllegalAddress, lane, $"an access of {bytes} bytes at offset {(long)address} of {what}, which has {size} bytes");

    private static void WriteRegister(Warp warp, in Instruction instruction, int row, int lane, byte* source)
    {
        bool signed = (instruction.Flags & SignExtend) != 0;
        ulong value = instruction.Bytes switch
        {
            1 => signed ? (ulong)*(sbyte*)source : *source,
            2 => signed ? (ulong)*(short*)source : *(ushort*)source,
            4 => signed ? (ulong)*(int*)source : *(uint*)source,
            _ => *(ulong*)source,
        };
        if ((instruction.Flags & WideData) != 0)
        {
            Lanes.Row64(warp, row)[lane] = value;
        }
        else
        {
            Lanes.Row32(warp, row)[lane] = (uint)value;
        }
    }

    private static byte* Register(Warp warp, in Instruction instruction, int row, int lane) =>
        (instruction.Flags & WideData) != 0 ? (byte*)(Lanes.Row64(warp, row) + lane) : (byte*)(Lanes.Row32(warp, row) + lane);

    /// <summary>Lanes that store different values to one place in one instruction: which one stays is not defined.</summary>
    private static void CheckOneWriter(Warp warp, in Instruction instruction, ulong* addresses, byte** targets, uint mask)
    {
        if (instruction.Space is MemorySpace.Local or MemorySpace.Param)
        {
            return;
        }

        int bytes = instruction.Bytes;
        for (uint m = mask; m != 0; m &= m - 1)
        {
            int lane = BitOperations.TrailingZeroCount(m);
            for (int i = 0; i < instruction.Rows!.Length; i++)
            {
                Span<byte> stored = new(targets[lane] + (i * bytes), bytes);
                if (!stored.SequenceEqual(new Span<byte>(Register(warp, in instruction, instruction.Rows[i], lane), bytes)))
                {
                    string place = $"{Name(instruction.Space)} address 0x{addresses[lane]:x}";
                    throw warp.Fault(FaultKind.IllegalAddress, lane, $"lanes of the warp store different values at {place} in one instruction");
                }
            }
        }
    }

    private static void Count(Warp warp, in Instruction instruction, ulong* addresses, uint mask, bool isWrite)
    {
        int bytes = instruction.Bytes * instruction.Rows!.Length;
        if (instruction.Space == MemorySpace.Shared)
        {
            warp.Block.Statistics.BankConflicts += BankConflicts.Count(addresses, mask, bytes);
        }
        else if (instruction.Space is MemorySpace.Global or MemorySpace.Generic)
        {
            long all = (long)bytes * BitOperations.PopCount(mask);
            warp.Block.Statistics.GlobalBytesRead += isWrite ? 0 : all;
            warp.Block.Statistics.GlobalBytesWritten += isWrite ? all : 0;
        }
    }

    private static string Name(MemorySpace space) => space switch
    {
        MemorySpace.Generic => "generic",
        MemorySpace.Global => "global",
        MemorySpace.Shared => "shared",
        MemorySpace.Local => "local",
        _ => "parameter",
    };
}
