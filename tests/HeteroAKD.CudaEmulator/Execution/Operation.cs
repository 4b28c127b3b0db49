namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>How an instruction is run whose operands are registers or numbers only.</summary>
/// <param name="handler">Does the work.</param>
/// <param name="shape">
/// A letter for each operand, the destination first: i, b, f are 32 bits as integer, bits and float, I, B, F are 64 bits, h is 16 bits, p a predicate.
/// </param>
internal readonly unsafe struct Operation(delegate*<Warp, in Instruction, uint, void> handler, string shape)
{
    /// <summary>Does the work.</summary>
    public delegate*<Warp, in Instruction, uint, void> Handler { get; } = handler;

    /// <summary>A letter for each operand.</summary>
    public string Shape { get; } = shape;
}
