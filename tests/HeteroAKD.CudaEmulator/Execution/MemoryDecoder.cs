using HeteroAKD.CudaEmulator.Ptx;

namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>Decodes what reaches memory: loads, stores, atomic operations, and conversions between address spaces.</summary>
/// <param name="operands">Places operands.</param>
internal sealed unsafe class MemoryDecoder(OperandDecoder operands)
{
    /// <summary>Whether an atomic operation on global memory was decoded.</summary>
    public bool HasGlobalAtomics { get; private set; }

    /// <summary>Decodes an instruction of the kind.</summary>
    /// <returns>False if it is none, or has a form that the emulator lacks.</returns>
    public bool Decode(PtxInstruction source, ref Instruction result)
    {
        List<string> parts = [.. source.Opcode.Split('.')];
        switch (parts[0])
        {
            case "ld":
                return DecodeAccess(source, parts, isLoad: true, ref result);
            case "st":
                return DecodeAccess(source, parts, isLoad: false, ref result);
            case "atom" or "red":
                return DecodeAtomic(source, parts, ref result);
            case "cvta":
                return DecodeAddressConversion(source, ref result);
            case "membar" or "fence":
                OperandDecoder.Expect(source, 0);
                result.Handler = &CollectiveOperations.Nothing;
                return true;
            default:
                return false;
        }
    }

    /// <summary>Places the address of an operand in A, its offset in the constant.</summary>
    public void Address(PtxInstruction source, int index, MemorySpace space, ref Instruction result)
    {
        result.Space = space;
        result.A = AddressBase(source, index, space, out result.Immediate, out bool isNarrow);
        result.Flags |= isNarrow ? MemoryOperations.NarrowAddress : 0;
    }

    /// <summary>The row of an address and what is added to it.</summary>
    public int AddressBase(PtxInstruction source, int index, MemorySpace space, out long offset, out bool isNarrow)
    {
        if (index >= source.Operands.Count || source.Operands[index] is not AddressOperand address)
        {
            throw new PtxException(source.Line, $"operand {index + 1} of {source.Opcode} has to be an address in brackets");
        }

        isNarrow = address.Base is RegisterOperand { Register.Type.Bytes: 4 };
        if (isNarrow && space is MemorySpace.Global or MemorySpace.Generic)
        {
            throw new PtxException(source.Line, $"{source.Opcode} needs an address of 64 bits");
        }

        if (address.Base is VariableOperand variable && space is not MemorySpace.Generic && variable.Variable.Space != space)
        {
            throw new PtxException(source.Line, $"{variable.Variable.Name} is not in the address space of {source.Opcode}");
        }

        offset = address.Offset;
        return operands.Source(source, address.Base, isNarrow ? 'i' : 'I');
    }

    private bool DecodeAccess(PtxInstruction source, List<string> parts, bool isLoad, ref Instruction result)
    {
        parts.RemoveAll(
            part => part is "volatile" or "relaxed" or "weak" or "cta" or "gpu" or "sys" or "nc" or "ca" or "cg" or "cs" or "lu" or "cv" or "wb" or "wt");
        MemorySpace space = MemorySpace.Generic;
        if (parts.Count > 1 && TryParseSpace(parts[1], out space))
        {
            parts.RemoveAt(1);
        }

        int count = parts.Count == 3 ? parts[1] switch { "v2" => 2, "v4" => 4, _ => 0 } : 1;
        if (count == 0 || parts.Count is not (2 or 3) || !PtxType.TryParse(parts[^1], out PtxType type) || type.Bytes == 0 || count * type.Bytes > 16)
        {
            return false;
        }

        OperandDecoder.Expect(source, 2);
        Address(source, isLoad ? 1 : 0, space, ref result);
        result.Bytes = type.Bytes;
        result.Flags |= isLoad && type.Class == PtxClass.Signed ? MemoryOperations.SignExtend : 0;
        result.Rows = Data(source, source.Operands[isLoad ? 0 : 1], type, isLoad, ref result);
        result.Handler = isLoad ? &MemoryOperations.Load : &MemoryOperations.Store;
        return result.Rows.Length == count ? true : throw new PtxException(source.Line, $"{source.Opcode} takes {count} registers in braces");
    }

    /// <summary>Places data registers, which may be wider than the type in memory.</summary>
    private int[] Data(PtxInstruction source, PtxOperand operand, PtxType type, bool isLoad, ref Instruction result)
    {
        IReadOnlyList<PtxOperand> elements = operand is VectorOperand vector ? vector.Elements : [operand];
        int[] rows = new int[elements.Count];
        for (int i = 0; i < rows.Length; i++)
        {
            if (elements[i] is RegisterOperand { Register: PtxRegister register })
            {
                bool isSameClass = type.Class == PtxClass.Bits || register.Type.Class == PtxClass.Bits
                    || (register.Type.Class == PtxClass.Float) == (type.Class == PtxClass.Float);
                if (register.Type.Bytes < type.Bytes || !isSameClass || (register.Type.Class == PtxClass.Float && register.Type.Bytes != type.Bytes))
                {
                    throw new PtxException(source.Line, $"{register.Name} is a register of another type than {source.Opcode} needs");
                }

                result.Flags |= register.Type.Bytes == 8 ? MemoryOperations.WideData : 0;
                rows[i] = operands.Rows.Of(register);
            }
            else if (isLoad)
            {
                throw new PtxException(source.Line, $"{source.Opcode} loads into registers only");
            }
            else
            {
                result.Flags |= type.Bytes == 8 ? MemoryOperations.WideData : 0;
                rows[i] = operands.Source(source, elements[i], OperandDecoder.KindOf(type));
            }
        }

        return rows;
    }

    private bool DecodeAtomic(PtxInstruction source, List<string> parts, ref Instruction result)
    {
        parts.RemoveAll(part => part is "relaxed" or "acq_rel" or "acquire" or "release" or "cta" or "gpu" or "sys");
        MemorySpace space = MemorySpace.Generic;
        if (parts.Count > 1 && TryParseSpace(parts[1], out space))
        {
            parts.RemoveAt(1);
        }

        if (parts.Count != 3 || !PtxType.TryParse(parts[2], out PtxType type) || space is MemorySpace.Local or MemorySpace.Param)
        {
            return false;
        }

        result.Handler = AtomicHandlers.Find(parts[1], type);
        if (result.Handler == null)
        {
            return false;
        }

        bool returns = parts[0] == "atom";
        int first = returns ? 1 : 0;
        OperandDecoder.Expect(source, first + (parts[1] == "cas" ? 3 : 2));
        char kind = OperandDecoder.KindOf(type);
        Address(source, first, space, ref result);
        result.D = returns && source.Operands[0] is not SinkOperand ? operands.Target(source, 0, kind) : -1;
        result.B = operands.Source(source, first + 1, kind);
        result.C = parts[1] == "cas" ? operands.Source(source, first + 2, kind) : result.B;
        HasGlobalAtomics |= space != MemorySpace.Shared;
        return true;
    }

    private bool DecodeAddressConversion(PtxInstruction source, ref Instruction result)
    {
        bool toSpace = source.Opcode.StartsWith("cvta.to.", StringComparison.Ordinal);
        string[] parts = source.Opcode.Split('.');
        if (parts.Length != (toSpace ? 4 : 3) || parts[^1] != "u64" || !TryParseSpace(parts[^2], out MemorySpace space))
        {
            return false;
        }

        ulong window = space switch
        {
            MemorySpace.Shared => MemoryOperations.SharedWindow,
            MemorySpace.Local => MemoryOperations.LocalWindow,
            _ => 0,
        };
        OperandDecoder.Expect(source, 2);
        result.D = operands.Target(source, 0, 'I');
        result.A = operands.Source(source, 1, 'I');
        result.B = operands.Rows.Constant(toSpace ? 0 - window : window, 8);
        result.Handler = &Lanes.Map2<AddI64, ulong, ulong, ulong>;
        return true;
    }

    private static bool TryParseSpace(string name, out MemorySpace space)
    {
        MemorySpace? found = name switch
        {
            "global" => MemorySpace.Global,
            "shared" or "shared::cta" => MemorySpace.Shared,
            "local" => MemorySpace.Local,
            "param" => MemorySpace.Param,
            _ => null,
        };
        space = found ?? MemorySpace.Generic;
        return found is not null;
    }
}
