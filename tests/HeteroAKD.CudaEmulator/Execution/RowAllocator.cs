using System.Runtime.InteropServices;
using HeteroAKD.CudaEmulator.Ptx;

namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>Lays out the memory of a warp: predicates first, then rows of 32 lanes for registers, constants and special registers.</summary>
internal sealed class RowAllocator
{
    private const int Lanes = 32;

    private readonly List<byte> _template = [];
    private readonly Dictionary<PtxRegister, int> _registers = [];
    private readonly Dictionary<(ulong Bits, int Bytes), int> _constants = [];
    private readonly Dictionary<string, int> _specials = [];

    /// <summary>Places all registers of a function.</summary>
    public RowAllocator(PtxFunction function)
    {
        foreach (PtxRegister register in function.Registers.Where(r => r.Type.Class == PtxClass.Predicate))
        {
            _registers.Add(register, Append(sizeof(uint)));
        }

        Align(64);
        foreach (PtxRegister register in function.Registers.Where(r => r.Type.Class != PtxClass.Predicate))
        {
            _registers.Add(register, Append(Lanes * WidthOf(register)));
        }
    }

    /// <summary>The memory before the first instruction. What nothing was written to holds ones: NaN as a number, nowhere as an address.</summary>
    public byte[] Template => [.. _template];

    /// <summary>The special registers that were asked for.</summary>
    public IReadOnlyDictionary<string, int> Specials => _specials;

    /// <summary>Bytes that a register takes for a lane: narrow ones have 32 bits too.</summary>
    public static int WidthOf(PtxRegister register) => register.Type.Bytes == 8 ? 8 : 4;

    /// <summary>Offset of a register.</summary>
    public int Of(PtxRegister register) => _registers[register];

    /// <summary>Offset of a special register's row of 32-bit values.</summary>
    public int Special(string name)
    {
        if (!_specials.TryGetValue(name, out int offset))
        {
            offset = Append(Lanes * sizeof(uint));
            _specials.Add(name, offset);
        }

        return offset;
    }

    /// <summary>Offset of a row whose lanes hold a constant.</summary>
    /// <param name="bits">The constant.</param>
    /// <param name="bytes">4 or 8.</param>
    public int Constant(ulong bits, int bytes)
    {
        bits = bytes == 4 ? (uint)bits : bits;
        if (!_constants.TryGetValue((bits, bytes), out int offset))
        {
            offset = Append(Lanes * bytes);
            Span<byte> row = CollectionsMarshal.AsSpan(_template).Slice(offset, Lanes * bytes);
            if (bytes == 4)
            {
                MemoryMarshal.Cast<byte, uint>(row).Fill((uint)bits);
            }
            else
            {
                MemoryMarshal.Cast<byte, ulong>(row).Fill(bits);
            }

            _constants.Add((bits, bytes), offset);
        }

        return offset;
    }

    private int Append(int bytes)
    {
        int offset = _template.Count;
        CollectionsMarshal.SetCount(_template, offset + bytes);
        CollectionsMarshal.AsSpan(_template)[offset..].Fill(0xFF);
        return offset;
    }

    private void Align(int bytes) => Append((bytes - (_template.Count % bytes)) % bytes);
}
