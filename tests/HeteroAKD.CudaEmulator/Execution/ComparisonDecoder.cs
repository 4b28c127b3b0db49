using System.Numerics;
using HeteroAKD.CudaEmulator.Ptx;

namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>Decodes <c>setp</c> in all its forms.</summary>
internal static unsafe class ComparisonDecoder
{
    /// <summary>Decodes <c>setp.cmp[.op].type p[|q], a, b[, c]</c>.</summary>
    /// <returns>False if there is no such form.</returns>
    public static bool Decode(PtxInstruction source, string[] parts, OperandDecoder operands, ref Instruction result)
    {
        bool combines = parts.Length == 4 && parts[2] is "and" or "or" or "xor";
        if ((parts.Length != 3 && !combines) || !PtxType.TryParse(parts[^1], out PtxType type))
        {
            return false;
        }

        result.Handler = (type.Class, type.Bytes) switch
        {
            (PtxClass.Float, 4) => Float<float>(parts[1]),
            (PtxClass.Float, 8) => Float<double>(parts[1]),
            (PtxClass.Signed, 4) => Integer<int>(parts[1]),
            (PtxClass.Signed, 8) => Integer<long>(parts[1]),
            (PtxClass.Unsigned or PtxClass.Bits, 2 or 4) => Integer<uint>(parts[1]),
            (PtxClass.Unsigned or PtxClass.Bits, 8) => Integer<ulong>(parts[1]),
            _ => null,
        };
        if (result.Handler == null)
        {
            return false;
        }

        OperandDecoder.Expect(source, combines ? 4 : 3);
        PlaceOperands(source, combines ? parts[2] : "", OperandDecoder.KindOf(type), operands, ref result);
        return true;
    }

    private static void PlaceOperands(PtxInstruction source, string combination, char kind, OperandDecoder operands, ref Instruction result)
    {
        if (source.Operands[0] is PairOperand pair)
        {
            result.D = operands.Register(source, pair.First, 'p');
            result.Rows = [operands.Register(source, pair.Second, 'p')];
        }
        else
        {
            result.D = operands.Target(source, 0, 'p');
        }

        result.A = operands.Source(source, 1, kind);
        result.B = operands.Source(source, 2, kind);
        if (combination.Length > 0)
        {
            result.C = operands.Source(source, 3, 'p');
            result.Flags = source.Operands[3] is RegisterOperand { Negated: true } ? 4 : 0;
            result.Immediate = combination switch
            {
                "and" => PredicateOperations.WithAnd,
                "or" => PredicateOperations.WithOr,
                _ => PredicateOperations.WithXor,
            };
        }
    }

    private static delegate*<Warp, in Instruction, uint, void> Integer<T>(string comparison)
        where T : unmanaged, IComparisonOperators<T, T, bool> => comparison switch
        {
            "eq" => &PredicateOperations.Compare<Equal<T>, T>,
            "ne" => &PredicateOperations.Compare<NotEqual<T>, T>,
            "lt" or "lo" => &PredicateOperations.Compare<Less<T>, T>,
            "le" or "ls" => &PredicateOperations.Compare<LessOrEqual<T>, T>,
            "gt" or "hi" => &PredicateOperations.Compare<Greater<T>, T>,
            "ge" or "hs" => &PredicateOperations.Compare<GreaterOrEqual<T>, T>,
            _ => null,
        };

    private static delegate*<Warp, in Instruction, uint, void> Float<T>(string comparison)
        where T : unmanaged, IFloatingPointIeee754<T> => comparison switch
        {
            "eq" or "ne" or "lt" or "le" or "gt" or "ge" => Integer<T>(comparison),
            "equ" => &PredicateOperations.Compare<OrUnordered<Equal<T>, T>, T>,
            "neu" => &PredicateOperations.Compare<OrUnordered<NotEqual<T>, T>, T>,
            "ltu" => &PredicateOperations.Compare<OrUnordered<Less<T>, T>, T>,
            "leu" => &PredicateOperations.Compare<OrUnordered<LessOrEqual<T>, T>, T>,
            "gtu" => &PredicateOperations.Compare<OrUnordered<Greater<T>, T>, T>,
            "geu" => &PredicateOperations.Compare<OrUnordered<GreaterOrEqual<T>, T>, T>,
            "num" => &PredicateOperations.Compare<Ordered<T>, T>,
            "nan" => &PredicateOperations.Compare<Unordered<T>, T>,
            _ => null,
        };
}
