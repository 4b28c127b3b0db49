using HeteroAKD.CudaEmulator.Ptx;

namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>How the interpreter goes on after an instruction.</summary>
internal enum ControlKind : byte
{
    /// <summary>With the next one.</summary>
    None,

    /// <summary>At another one, for the lanes that are active.</summary>
    Branch,

    /// <summary>The active lanes end.</summary>
    Exit,

    /// <summary>When the block's other threads are there too.</summary>
    Barrier,

    /// <summary>When all lanes of the warp that take part are there.</summary>
    Collective,
}

/// <summary>
/// A decoded instruction. Operands are byte offsets into the memory of a warp (<see cref="Warp.Rows"/>): 32 lanes of 4 or 8 bytes each, or a predicate's 32
/// bits.
/// </summary>
internal unsafe struct Instruction
{
    /// <summary>Does the work for the lanes of a mask.</summary>
    public delegate*<Warp, in Instruction, uint, void> Handler;

    /// <summary>What follows.</summary>
    public ControlKind Control;

    /// <summary>Whether lanes with a false guard run it, instead of those with a true one.</summary>
    public bool GuardNegated;

    /// <summary>Offset of the guard; negative without one.</summary>
    public int Guard;

    /// <summary>Offset of the destination.</summary>
    public int D;

    /// <summary>Offset of the first source.</summary>
    public int A;

    /// <summary>Offset of the second source.</summary>
    public int B;

    /// <summary>Offset of the third source.</summary>
    public int C;

    /// <summary>Target of a branch, byte offset of an address, or another constant of the instruction.</summary>
    public long Immediate;

    /// <summary>Bytes of an element in memory, or another constant of the instruction.</summary>
    public int Bytes;

    /// <summary>Bits that the handler defines.</summary>
    public int Flags;

    /// <summary>Offset of the lanes that take part in a collective instruction; negative where the whole warp does.</summary>
    public int Members;

    /// <summary>Where the memory is that the instruction reaches.</summary>
    public MemorySpace Space;

    /// <summary>Offsets of further operands, in the order that the handler defines.</summary>
    public int[]? Rows;

    /// <summary>Line of the text, counted from 1.</summary>
    public int Line;
}
