namespace HeteroAKD.CudaEmulator.Ptx;

/// <summary>An instruction as written.</summary>
/// <param name="Guard">The predicate that it depends on, if any.</param>
/// <param name="Opcode">With all suffixes, <c>add.s32</c>.</param>
/// <param name="Operands">In order.</param>
/// <param name="Line">Line of the text, counted from 1.</param>
internal sealed record PtxInstruction(RegisterOperand? Guard, string Opcode, IReadOnlyList<PtxOperand> Operands, int Line);
