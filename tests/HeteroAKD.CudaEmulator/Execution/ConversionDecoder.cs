using HeteroAKD.CudaEmulator.Ptx;

namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>Decodes <c>cvt</c> between integers and IEEE numbers of any sizes.</summary>
internal static unsafe class ConversionDecoder
{
    /// <summary>Decodes <c>cvt[.rounding][.ftz][.sat].to.from d, a</c>. Registers may be wider than the types.</summary>
    /// <returns>False if there is no such form.</returns>
    public static bool Decode(PtxInstruction source, string[] parts, OperandDecoder operands, ref Instruction result)
    {
        if (parts.Length < 3 || !PtxType.TryParse(parts[^2], out PtxType to) || !PtxType.TryParse(parts[^1], out PtxType from)
            || to.Class is PtxClass.Predicate or PtxClass.Bits || from.Class is PtxClass.Predicate or PtxClass.Bits)
        {
            return false;
        }

        foreach (string modifier in parts[1..^2])
        {
            int flag = modifier switch
            {
                "rni" => Conversions.ToNearestInteger,
                "rzi" => Conversions.TowardsZero,
                "rmi" => Conversions.Down,
                "rpi" => Conversions.Up,
                "sat" => Conversions.Saturate,
                "rn" when to.Class == PtxClass.Float => 0,
                _ => -1,
            };
            if (flag < 0)
            {
                return false;
            }

            result.Flags |= flag;
        }

        OperandDecoder.Expect(source, 2);
        CheckRounding(source, to, from, parts[1..^2]);
        Place(source, to, from, operands, ref result);
        return true;
    }

    private static void CheckRounding(PtxInstruction source, PtxType to, PtxType from, string[] modifiers)
    {
        bool isExact = to.Class == from.Class && (to.Class != PtxClass.Float || to.Bytes >= from.Bytes);
        bool bothIntegers = to.Class != PtxClass.Float && from.Class != PtxClass.Float;
        if (!isExact && !bothIntegers && !Array.Exists(modifiers, m => m.StartsWith('r')))
        {
            throw new PtxException(source.Line, $"{source.Opcode} needs a rounding mode");
        }
    }

    private static void Place(PtxInstruction source, PtxType to, PtxType from, OperandDecoder operands, ref Instruction result)
    {
        result.D = Row(source, source.Operands[0], to, operands, out int width);
        int targetFlag = width == 8 ? Conversions.WideResult : width == 2 ? Conversions.NarrowResult : 0;
        result.A = Row(source, source.Operands[1], from, operands, out width);
        int sourceFlag = width == 8 ? Conversions.WideSource : 0;
        result.Handler = (source.Opcode, targetFlag, sourceFlag) switch
        {
            ("cvt.rn.f32.s32", 0, 0) => &Lanes.Map1<FloatOfS32, float, int>,
            ("cvt.rzi.s32.f32", 0, 0) => &Lanes.Map1<TruncateToS32, int, float>,
            ("cvt.u64.u32", _, 0) => &Lanes.Map1<WidenU32, ulong, uint>,
            ("cvt.s64.s32", _, 0) => &Lanes.Map1<WidenS32, long, int>,
            ("cvt.u32.u64", 0, _) => &Lanes.Map1<NarrowTo32, uint, ulong>,
            _ => &Conversions.Run,
        };
        result.Flags |= targetFlag | sourceFlag;
        result.Immediate = Conversions.Pack(to, from);
    }

    /// <summary>Places an operand whose register is at least as wide as the type.</summary>
    private static int Row(PtxInstruction source, PtxOperand operand, PtxType type, OperandDecoder operands, out int width)
    {
        if (operand is not RegisterOperand { Register: PtxRegister register })
        {
            width = type.Bytes;
            return operands.Source(source, operand, OperandDecoder.KindOf(type));
        }

        width = register.Type.Bytes;
        bool isSameClass = (register.Type.Class == PtxClass.Float) == (type.Class == PtxClass.Float) || register.Type.Class == PtxClass.Bits;
        if (width < type.Bytes || !isSameClass || (type.Class == PtxClass.Float && width != type.Bytes))
        {
            throw new PtxException(source.Line, $"{register.Name} is a register of another type than {source.Opcode} needs");
        }

        return operands.Rows.Of(register);
    }
}
