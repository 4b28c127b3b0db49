using HeteroAKD.CudaEmulator.Ptx;

namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>A function that can be launched, decoded.</summary>
internal sealed class Kernel
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>In order.</summary>
    public required Instruction[] Code { get; init; }

    /// <summary>The memory of a warp before the first instruction: constants in place, registers holding a pattern.</summary>
    public required byte[] RowTemplate { get; init; }

    /// <summary>Offset of each special register that is used.</summary>
    public required IReadOnlyDictionary<string, int> SpecialRows { get; init; }

    /// <summary>Arrays in shared memory, with offsets; the last may be of the launch's size.</summary>
    public required IReadOnlyList<PtxVariable> SharedVariables { get; init; }

    /// <summary>Bytes of shared memory with a fixed size, as the driver counts them.</summary>
    public required int StaticSharedBytes { get; init; }

    /// <summary>Bytes of local memory of a thread.</summary>
    public required int LocalBytes { get; init; }

    /// <summary>Bytes of the parameter buffer.</summary>
    public required int ParameterBytes { get; init; }

    /// <summary>In order, with offsets in the parameter buffer.</summary>
    public required IReadOnlyList<PtxVariable> Parameters { get; init; }

    /// <summary>The largest block that it may be launched with.</summary>
    public required int MaxThreads { get; init; }

    /// <summary>32-bit registers that it declares; no driver would take more, most would take fewer.</summary>
    public required int Registers { get; init; }

    /// <summary>Whether the order of blocks may show in the results: it changes global memory by atomic operations.</summary>
    public required bool HasGlobalAtomics { get; init; }
}
