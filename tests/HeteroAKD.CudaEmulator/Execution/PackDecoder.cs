using System.Numerics;
using HeteroAKD.CudaEmulator.Ptx;

namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>
/// <c>mov</c> that joins two halves or takes a value apart: <c>mov.b64 d, {a, b}</c> and <c>mov.b64 {a, b}, d</c>, and the same with 32 bits.
/// </summary>
internal static unsafe class PackDecoder
{
    /// <summary>Decodes either form.</summary>
    /// <exception cref="PtxException">The parts are not two halves.</exception>
    public static void Decode(PtxInstruction source, PtxType type, OperandDecoder operands, ref Instruction result)
    {
        bool joins = source.Operands[1] is VectorOperand;
        VectorOperand halves = (VectorOperand)source.Operands[joins ? 1 : 0];
        char half = type.Bytes == 8 ? 'b' : 'h';
        if (type.Class != PtxClass.Bits || type.Bytes == 2 || halves.Elements.Count != 2 || source.Operands[joins ? 0 : 1] is VectorOperand)
        {
            throw new PtxException(source.Line, $"{source.Opcode} takes apart or joins two halves of 32 or 64 bits only");
        }

        result.D = operands.Register(source, source.Operands[joins ? 0 : 1], OperandDecoder.KindOf(type));
        result.A = joins ? operands.Source(source, halves.Elements[0], half) : Half(source, halves.Elements[0], half, operands);
        result.B = joins ? operands.Source(source, halves.Elements[1], half) : Half(source, halves.Elements[1], half, operands);
        result.Bytes = type.Bytes;
        result.Handler = joins ? &Join : &Split;
    }

    private static int Half(PtxInstruction source, PtxOperand operand, char kind, OperandDecoder operands) =>
        operand is SinkOperand ? -1 : operands.Register(source, operand, kind);

    private static void Join(Warp warp, in Instruction instruction, uint mask)
    {
        for (uint m = mask; m != 0; m &= m - 1)
        {
            int lane = BitOperations.TrailingZeroCount(m);
            uint low = Lanes.Row32(warp, instruction.A)[lane];
            uint high = Lanes.Row32(warp, instruction.B)[lane];
            if (instruction.Bytes == 8)
            {
                Lanes.Row64(warp, instruction.D)[lane] = low | ((ulong)high << 32);
            }
            else
            {
                Lanes.Row32(warp, instruction.D)[lane] = low | (high << 16);
            }
        }
    }

    private static void Split(Warp warp, in Instruction instruction, uint mask)
    {
        for (uint m = mask; m != 0; m &= m - 1)
        {
            int lane = BitOperations.TrailingZeroCount(m);
            ulong whole = instruction.Bytes == 8 ? Lanes.Row64(warp, instruction.D)[lane] : Lanes.Row32(warp, instruction.D)[lane];
            int bits = 4 * instruction.Bytes;
            if (instruction.A >= 0)
            {
                Lanes.Row32(warp, instruction.A)[lane] = (uint)(whole & ((1UL << bits) - 1));
            }

            if (instruction.B >= 0)
            {
                Lanes.Row32(warp, instruction.B)[lane] = (uint)(whole >> bits);
            }
        }
    }
}
