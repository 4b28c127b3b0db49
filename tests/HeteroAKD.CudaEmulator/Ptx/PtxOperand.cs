namespace HeteroAKD.CudaEmulator.Ptx;

/// <summary>What an instruction is applied to.</summary>
internal abstract record PtxOperand;

/// <summary>A declared register.</summary>
/// <param name="Register">Which.</param>
/// <param name="Negated">A predicate with an exclamation mark.</param>
internal sealed record RegisterOperand(PtxRegister Register, bool Negated) : PtxOperand;

/// <summary>A special register such as <c>%tid.x</c>.</summary>
/// <param name="Name">With its percent sign.</param>
internal sealed record SpecialOperand(string Name) : PtxOperand;

/// <summary>A number as written, with its sign.</summary>
/// <param name="Text">As written.</param>
/// <param name="Negative">Whether a minus stood before it.</param>
internal sealed record NumberOperand(string Text, bool Negative) : PtxOperand;

/// <summary>The address of a variable.</summary>
/// <param name="Variable">Which.</param>
/// <param name="Offset">Bytes added to it.</param>
internal sealed record VariableOperand(PtxVariable Variable, long Offset) : PtxOperand;

/// <summary>The place of a jump.</summary>
/// <param name="Name">A label of the function.</param>
internal sealed record LabelOperand(string Name) : PtxOperand;

/// <summary>A place in memory.</summary>
/// <param name="Base">A register, a variable or a number.</param>
/// <param name="Offset">Bytes added to it.</param>
internal sealed record AddressOperand(PtxOperand Base, long Offset) : PtxOperand;

/// <summary>Several operands in braces.</summary>
/// <param name="Elements">In order.</param>
internal sealed record VectorOperand(IReadOnlyList<PtxOperand> Elements) : PtxOperand;

/// <summary>Two destinations, <c>d|p</c>.</summary>
/// <param name="First">The value or first predicate.</param>
/// <param name="Second">The predicate.</param>
internal sealed record PairOperand(PtxOperand First, PtxOperand Second) : PtxOperand;

/// <summary>A destination that is thrown away, <c>_</c>.</summary>
internal sealed record SinkOperand : PtxOperand;
