using System.Globalization;
using HeteroAKD.CudaEmulator.Ptx;

namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>Places operands in the memory of a warp and checks that they have the type that the instruction wants, as an assembler does.</summary>
/// <param name="rows">The memory of a warp.</param>
internal sealed class OperandDecoder(RowAllocator rows)
{
    /// <summary>The memory of a warp.</summary>
    public RowAllocator Rows { get; } = rows;

    /// <summary>Checks the number of operands.</summary>
    /// <exception cref="PtxException">There are more or fewer.</exception>
    public static void Expect(PtxInstruction source, int count)
    {
        if (source.Operands.Count != count)
        {
            throw new PtxException(source.Line, $"{source.Opcode} takes {count} operands, not {source.Operands.Count}");
        }
    }

    /// <summary>The letter of <see cref="Operation.Shape"/> for a type.</summary>
    public static char KindOf(PtxType type) => (type.Class, type.Bytes) switch
    {
        (PtxClass.Predicate, _) => 'p',
        (_, 1 or 2) => 'h',
        (PtxClass.Float, 4) => 'f',
        (PtxClass.Float, _) => 'F',
        (PtxClass.Bits, 4) => 'b',
        (PtxClass.Bits, _) => 'B',
        (_, 4) => 'i',
        _ => 'I',
    };

    /// <summary>A number that has to be known when the module is loaded.</summary>
    public static long Constant(PtxInstruction source, int index)
    {
        if (index < source.Operands.Count && source.Operands[index] is NumberOperand number && TokenReader.TryInteger(number.Text, out ulong value))
        {
            return number.Negative ? -(long)value : (long)value;
        }

        throw new PtxException(source.Line, $"operand {index + 1} of {source.Opcode} has to be an integer");
    }

    /// <summary>Offset of the destination.</summary>
    /// <exception cref="PtxException">It is no register of the type.</exception>
    public int Target(PtxInstruction source, int index, char kind) => Register(source, source.Operands[index], kind);

    /// <summary>Offset of a source.</summary>
    /// <exception cref="PtxException">It does not have the type.</exception>
    public int Source(PtxInstruction source, int index, char kind) => Source(source, source.Operands[index], kind);

    /// <summary>Offset of a source that is given by itself.</summary>
    public int Source(PtxInstruction source, PtxOperand operand, char kind) => operand switch
    {
        NumberOperand number => Rows.Constant(Bits(source, number, kind), kind is 'I' or 'B' or 'F' ? 8 : 4),
        SpecialOperand special => Special(source, special, kind),
        VariableOperand variable => Rows.Constant((ulong)(variable.Variable.Offset + variable.Offset), kind is 'I' or 'B' ? 8 : 4),
        _ => Register(source, operand, kind),
    };

    /// <summary>Places the destination and up to three sources.</summary>
    public void Registers(PtxInstruction source, string shape, ref Instruction result)
    {
        result.D = Target(source, 0, shape[0]);
        result.A = shape.Length > 1 ? Source(source, 1, shape[1]) : -1;
        result.B = shape.Length > 2 ? Source(source, 2, shape[2]) : -1;
        result.C = shape.Length > 3 ? Source(source, 3, shape[3]) : -1;
    }

    /// <summary>Offsets of the registers between braces, or of a single one.</summary>
    public int[] Vector(PtxInstruction source, PtxOperand operand, char kind) =>
        operand is VectorOperand vector ? [.. vector.Elements.Select(e => Source(source, e, kind))] : [Source(source, operand, kind)];

    /// <summary>Offset of a register.</summary>
    /// <exception cref="PtxException">It is none, or has another type.</exception>
    public int Register(PtxInstruction source, PtxOperand operand, char kind)
    {
        if (operand is not RegisterOperand { Register: PtxRegister register })
        {
            throw new PtxException(source.Line, $"{source.Opcode} needs a register where it has {Describe(operand)}");
        }

        if (!Fits(register.Type, kind))
        {
            throw new PtxException(source.Line, $"{register.Name} is a register of another type than {source.Opcode} needs");
        }

        return Rows.Of(register);
    }

    private static bool Fits(PtxType type, char kind) => kind switch
    {
        'p' => type.Class == PtxClass.Predicate,
        'h' => type.Bytes == 2,
        'i' => type.Bytes == 4 && type.Class != PtxClass.Float,
        'I' => type.Bytes == 8 && type.Class != PtxClass.Float,
        'f' => type.Bytes == 4 && type.Class is PtxClass.Float or PtxClass.Bits,
        'F' => type.Bytes == 8 && type.Class is PtxClass.Float or PtxClass.Bits,
        'b' => type.Bytes == 4,
        _ => type.Bytes == 8,
    };

    private static string Describe(PtxOperand operand) => operand switch
    {
        LabelOperand label => $"the unknown name {label.Name}",
        NumberOperand number => $"the number {number.Text}",
        VariableOperand variable => $"the variable {variable.Variable.Name}",
        SpecialOperand special => $"the undeclared or special register {special.Name}",
        AddressOperand => "an address",
        VectorOperand => "a vector",
        _ => "no register",
    };

    private static ulong Bits(PtxInstruction source, NumberOperand number, char kind)
    {
        string text = number.Text;
        bool isPattern = text.StartsWith("0f", StringComparison.OrdinalIgnoreCase) || text.StartsWith("0d", StringComparison.OrdinalIgnoreCase);
        if (isPattern && ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong pattern))
        {
            bool isSingle = text[1] is 'f' or 'F';
            bool fits = isSingle ? text.Length == 10 && kind is 'f' or 'b' : text.Length == 18 && kind is 'F' or 'B';
            return fits ? pattern ^ Sign(number.Negative, isSingle) : throw new PtxException(source.Line, $"the number {text} does not fit {source.Opcode}");
        }

        if (kind is 'f' or 'F' && double.TryParse(text, CultureInfo.InvariantCulture, out double value))
        {
            value = number.Negative ? -value : value;
            return kind == 'f' ? BitConverter.SingleToUInt32Bits((float)value) : BitConverter.DoubleToUInt64Bits(value);
        }

        if (kind is not ('f' or 'F') && TokenReader.TryInteger(text, out ulong integer))
        {
            ulong bits = number.Negative ? 0 - integer : integer;
            return kind == 'p' ? (bits == 0 ? 0 : uint.MaxValue) : kind == 'h' ? bits & 0xFFFF : bits;
        }

        throw new PtxException(source.Line, $"'{text}' is not a number that {source.Opcode} takes");
    }

    private static ulong Sign(bool negative, bool isSingle) => !negative ? 0 : isSingle ? 1UL << 31 : 1UL << 63;

    private int Special(PtxInstruction source, SpecialOperand special, char kind)
    {
        if (!SpecialRegisters.Has(special.Name) || kind is not ('i' or 'b'))
        {
            throw new PtxException(source.Line, $"{special.Name} is neither declared nor a special register that the emulator has for {source.Opcode}");
        }

        return Rows.Special(special.Name);
    }
}
