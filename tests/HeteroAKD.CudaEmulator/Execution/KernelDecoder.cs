using HeteroAKD.CudaEmulator.Ptx;

namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>Turns a function into instructions that the interpreter runs: finds handlers, places operands, checks their types.</summary>
internal sealed unsafe class KernelDecoder
{
    private readonly PtxFunction _function;
    private readonly OperandDecoder _operands;
    private readonly MemoryDecoder _memory;
    private readonly CollectiveDecoder _collective;
    private readonly RowAllocator _rows;

    private KernelDecoder(PtxFunction function)
    {
        _function = function;
        _rows = new RowAllocator(function);
        _operands = new OperandDecoder(_rows);
        _memory = new MemoryDecoder(_operands);
        _collective = new CollectiveDecoder(_operands, _memory);
    }

    /// <summary>Decodes all functions of a module, so that what is wrong in any is known.</summary>
    /// <param name="module">The module; fused sums replace its own.</param>
    /// <param name="contract">Whether products and sums are fused (<see cref="Contraction"/>).</param>
    /// <returns>Those that can be launched, by name.</returns>
    /// <exception cref="PtxException">An instruction that the emulator lacks, or operands that do not fit.</exception>
    public static IReadOnlyDictionary<string, Kernel> Decode(PtxModule module, bool contract = false)
    {
        Dictionary<string, Kernel> kernels = [];
        foreach (PtxFunction function in module.Functions.Values)
        {
            if (contract)
            {
                Contraction.Apply(function);
            }

            Kernel kernel = new KernelDecoder(function).DecodeFunction();
            if (function.IsEntry)
            {
                kernels.Add(function.Name, kernel);
            }
        }

        return kernels;
    }

    private Kernel DecodeFunction()
    {
        MemoryLayout layout = MemoryLayout.Of(_function);
        Instruction[] code = new Instruction[_function.Instructions.Count + 1];
        for (int i = 0; i < _function.Instructions.Count; i++)
        {
            code[i] = DecodeInstruction(_function.Instructions[i]);
        }

        code[^1] = New(_function.Instructions.Count == 0 ? 1 : _function.Instructions[^1].Line);
        code[^1].Control = ControlKind.Exit;
        return new Kernel
        {
            Name = _function.Name,
            Code = code,
            RowTemplate = _rows.Template,
            SpecialRows = _rows.Specials,
            SharedVariables = layout.Shared,
            StaticSharedBytes = layout.StaticSharedBytes,
            LocalBytes = layout.LocalBytes,
            ParameterBytes = _function.ParameterBytes,
            Parameters = _function.Parameters,
            MaxThreads = _function.MaxThreads == 0 ? 1024 : Math.Min(_function.MaxThreads, 1024),
            Registers = _function.Registers.Where(r => r.Type.Class != PtxClass.Predicate).Sum(r => RowAllocator.WidthOf(r) / 4),
            HasGlobalAtomics = _memory.HasGlobalAtomics,
        };
    }

    private Instruction DecodeInstruction(PtxInstruction source)
    {
        Instruction result = New(source.Line);
        if (source.Guard is not null)
        {
            result.Guard = _rows.Of(source.Guard.Register);
            result.GuardNegated = source.Guard.Negated;
        }

        if (OperationTable.TryFind(source.Opcode, out Operation operation))
        {
            DecodeSimple(source, operation, ref result);
        }
        else if (!DecodeSpecial(source, ref result) && !_memory.Decode(source, ref result) && !_collective.Decode(source, ref result))
        {
            throw new PtxException(source.Line, $"the emulator lacks the instruction {source.Opcode}");
        }

        return result;
    }

    private static Instruction New(int line) => new() { Guard = -1, D = -1, A = -1, B = -1, C = -1, Members = -1, Line = line };

    private void DecodeSimple(PtxInstruction source, Operation operation, ref Instruction result)
    {
        result.Handler = operation.Handler;
        OperandDecoder.Expect(source, operation.Shape.Length);
        for (int i = 0; i < operation.Shape.Length; i++)
        {
            char kind = operation.Shape[i];
            int offset = i == 0 ? _operands.Target(source, i, kind) : _operands.Source(source, i, kind);
            _ = i switch
            {
                0 => result.D = offset,
                1 => result.A = offset,
                2 => result.B = offset,
                _ => result.C = offset,
            };
            if (i > 0 && source.Operands[i] is RegisterOperand { Negated: true })
            {
                result.Flags |= 1 << (i - 1);
            }
        }
    }

    private bool DecodeSpecial(PtxInstruction source, ref Instruction result)
    {
        string[] parts = source.Opcode.Split('.');
        switch (parts[0])
        {
            case "bra":
                result.Control = ControlKind.Branch;
                result.Immediate = Target(source);
                return source.Opcode is "bra" or "bra.uni";
            case "ret" or "exit":
                result.Control = ControlKind.Exit;
                OperandDecoder.Expect(source, 0);
                return source.Opcode is "ret" or "exit" or "ret.uni";
            case "setp":
                return ComparisonDecoder.Decode(source, parts, _operands, ref result);
            case "mov":
                return DecodeMove(source, parts, ref result);
            case "cvt":
                return ConversionDecoder.Decode(source, parts, _operands, ref result);
            case "lop3" when source.Opcode == "lop3.b32":
                OperandDecoder.Expect(source, 5);
                _operands.Registers(source, "bbbb", ref result);
                result.Handler = &BitOperations32.Logic3;
                result.Immediate = OperandDecoder.Constant(source, 4);
                return true;
            case "bfi" when source.Opcode == "bfi.b32":
                OperandDecoder.Expect(source, 5);
                _operands.Registers(source, "bbbi", ref result);
                result.Handler = &BitOperations32.Insert;
                result.Rows = [_operands.Source(source, 4, 'i')];
                return true;
            default:
                return false;
        }
    }

    private long Target(PtxInstruction source)
    {
        OperandDecoder.Expect(source, 1);
        return source.Operands[0] is LabelOperand label && _function.Labels.TryGetValue(label.Name, out int target)
            ? target
            : throw new PtxException(source.Line, "the target of the branch is no label of the function");
    }

    /// <summary><c>mov</c> of a register, a number, an address, or of parts into a whole and back.</summary>
    private bool DecodeMove(PtxInstruction source, string[] parts, ref Instruction result)
    {
        if (parts.Length != 2 || !PtxType.TryParse(parts[1], out PtxType type) || type.Bytes is not (2 or 4 or 8))
        {
            return false;
        }

        OperandDecoder.Expect(source, 2);
        if (source.Operands[0] is VectorOperand || source.Operands[1] is VectorOperand)
        {
            PackDecoder.Decode(source, type, _operands, ref result);
            return true;
        }

        char kind = OperandDecoder.KindOf(type);
        result.D = _operands.Target(source, 0, kind);
        result.A = _operands.Source(source, 1, kind);
        result.Handler = type.Bytes == 8 ? &Lanes.Map1<Move64, ulong, ulong> : &Lanes.Unary<Move32>;
        return true;
    }
}
