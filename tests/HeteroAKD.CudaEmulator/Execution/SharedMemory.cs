using System.Runtime.InteropServices;
using HeteroAKD.CudaEmulator.Ptx;

namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>
/// The shared memory of one block, with a record for every byte of who wrote and who read it since which barrier. The order of two accesses is known within a
/// warp (its instructions are taken as ordered) and across a barrier; everything else is a race.
/// </summary>
internal sealed unsafe class SharedMemory : IDisposable
{
    /// <summary>Address of the first byte: zero is no shared address, so that a forgotten base is found.</summary>
    public const int Base = 1024;

    /// <summary>Bytes between two arrays that belong to neither.</summary>
    public const int Gap = 128;

    // A tag holds the barrier count from bit 12, two flags and a thread of the block. Tag 0: never accessed.
    private const int EpochShift = 12;
    private const uint Flag = 1u << 10;
    private const uint InFlight = 1u << 11;
    private const uint NoVariable = uint.MaxValue;

    private readonly byte* _bytes;
    private readonly uint* _writes;
    private readonly uint* _reads;
    private readonly int* _lines;
    private readonly IReadOnlyList<PtxVariable> _variables;
    private readonly int _dynamicBytes;
    private uint _epoch = 1;

    /// <summary>Memory for a block.</summary>
    /// <param name="kernel">Says which arrays there are.</param>
    /// <param name="dynamicBytes">Size of the array whose size the launch gives.</param>
    public SharedMemory(Kernel kernel, int dynamicBytes)
    {
        _variables = kernel.SharedVariables;
        _dynamicBytes = dynamicBytes;
        Size = _variables.Count == 0 ? 0 : _variables.Max(v => v.Offset - Base + BytesOf(v));
        nuint size = (nuint)Math.Max(Size, 1);
        _bytes = (byte*)NativeMemory.AlignedAlloc(size, 64);
        _writes = (uint*)NativeMemory.AlignedAlloc(size * sizeof(uint), 64);
        _reads = (uint*)NativeMemory.AlignedAlloc(size * sizeof(uint), 64);
        _lines = (int*)NativeMemory.AlignedAlloc(size * sizeof(int), 64);
    }

    /// <summary>Bytes from the first array to the end of the last.</summary>
    public int Size { get; }

    /// <summary>The byte at an address.</summary>
    public byte* At(ulong address) => _bytes + (address - Base);

    /// <summary>Before a block: nothing is written yet.</summary>
    public void Clear()
    {
        _epoch = 1;
        new Span<byte>(_bytes, Size).Fill(0xFF);
        new Span<uint>(_reads, Size).Clear();
        new Span<uint>(_writes, Size).Fill(NoVariable);
        foreach (PtxVariable variable in _variables)
        {
            new Span<uint>(_writes + (variable.Offset - Base), BytesOf(variable)).Clear();
        }
    }

    /// <summary>After a barrier: what was before is ordered before what comes.</summary>
    public void NextEpoch()
    {
        if (++_epoch < 1u << (32 - EpochShift))
        {
            return;
        }

        // The counter is used up: keep what is written and forget by whom, as everything before this barrier is ordered anyway.
        _epoch = 2;
        for (int i = 0; i < Size; i++)
        {
            _reads[i] = 0;
            _writes[i] = _writes[i] is 0 or NoVariable ? _writes[i] : (1u << EpochShift) | (_writes[i] & InFlight);
        }
    }

    /// <summary>Checks that a range lies within one array.</summary>
    /// <returns>What is wrong, or null.</returns>
    public string? CheckRange(ulong address, int bytes)
    {
        ulong start = address - Base;
        if (address < Base || start + (ulong)bytes > (ulong)Size)
        {
            return $"an access to shared memory outside the block's {Size} bytes at offset {(long)start}";
        }

        for (int i = 0; i < bytes; i++)
        {
            if (_writes[(int)start + i] == NoVariable)
            {
                return $"an access to shared memory outside the arrays of the block at offset {(long)start + i}";
            }
        }

        return null;
    }

    /// <summary>Notes a read of a range that was checked.</summary>
    /// <returns>What is wrong, or null.</returns>
    public string? NoteRead(ulong address, int bytes, int thread)
    {
        int start = (int)(address - Base);
        uint self = (_epoch << EpochShift) | (uint)thread;
        for (int i = start; i < start + bytes; i++)
        {
            uint write = _writes[i];
            if (write >= _epoch << EpochShift ? !SameWarp(write & ~Flag, self) || (write & InFlight) != 0 : write == 0 || (write & InFlight) != 0)
            {
                return DescribeRead(i, write);
            }

            uint read = _reads[i];
            bool others = read >= _epoch << EpochShift && ((read & Flag) != 0 || !SameWarp(read, self));
            _reads[i] = others ? self | Flag : self;
        }

        return null;
    }

    /// <summary>Notes a write to a range that was checked.</summary>
    /// <param name="address">Its first byte.</param>
    /// <param name="bytes">Its size.</param>
    /// <param name="thread">Who writes.</param>
    /// <param name="line">Where in the text.</param>
    /// <param name="atomic">Whether by an atomic operation; those do not race with one another.</param>
    /// <returns>What is wrong, or null.</returns>
    public string? NoteWrite(ulong address, int bytes, int thread, int line, bool atomic = false)
    {
        int start = (int)(address - Base);
        uint self = (_epoch << EpochShift) | (uint)thread;
        for (int i = start; i < start + bytes; i++)
        {
            uint write = _writes[i];
            if ((write & InFlight) != 0)
            {
                return $"a write to shared memory at offset {i} that an asynchronous copy of {Name(write)} (line {_lines[i]}) has yet to fill";
            }

            if (write >= _epoch << EpochShift && !SameWarp(write & ~Flag, self) && !(atomic && (write & Flag) != 0))
            {
                return $"a race on shared memory at offset {i}: {Name(write)} wrote it (line {_lines[i]}) since the last barrier, and this thread writes it";
            }

            if (atomic && write == 0)
            {
                return DescribeRead(i, write);
            }

            uint read = _reads[i];
            if (read >= _epoch << EpochShift && ((read & Flag) != 0 || !SameWarp(read, self)))
            {
                return $"a race on shared memory at offset {i}: {Name(read)} read it since the last barrier, and this thread writes it";
            }

            _writes[i] = self | (atomic ? Flag : 0);
            _lines[i] = line;
        }

        return null;
    }

    /// <summary>Notes that an asynchronous copy is on its way into a range that was checked and noted as written.</summary>
    public void NoteInFlight(ulong address, int bytes)
    {
        foreach (ref uint write in new Span<uint>(_writes + (address - Base), bytes))
        {
            write |= InFlight;
        }
    }

    /// <summary>Notes that an asynchronous copy has arrived: its data are as if written now.</summary>
    public void NoteArrived(ulong address, int bytes, int thread)
    {
        new Span<uint>(_writes + (address - Base), bytes).Fill((_epoch << EpochShift) | (uint)thread);
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        NativeMemory.AlignedFree(_bytes);
        NativeMemory.AlignedFree(_writes);
        NativeMemory.AlignedFree(_reads);
        NativeMemory.AlignedFree(_lines);
    }

    private static bool SameWarp(uint tag, uint other) => (tag & ~InFlight) >> 5 == other >> 5;

    private static string Name(uint tag) => $"thread {tag & (Flag - 1)} of the block";

    private int BytesOf(PtxVariable variable) => variable.Bytes == 0 ? _dynamicBytes : variable.Bytes;

    private string DescribeRead(int offset, uint write) =>
        write == 0 ? $"a read of shared memory at offset {offset} that nobody has written so far"
        : (write & InFlight) != 0
            ? $"a read of shared memory at offset {offset} that an asynchronous copy of {Name(write)} (line {_lines[offset]}) has yet to fill: a wait or a "
                + $"barrier is missing"
        : $"a race on shared memory at offset {offset}: {Name(write)} wrote it (line {_lines[offset]}) since the last barrier, and this thread reads it";
}
