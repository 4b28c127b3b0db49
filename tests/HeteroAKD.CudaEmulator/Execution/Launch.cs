namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>What is run: a kernel with its arguments on a grid.</summary>
/// <param name="Kernel">Which.</param>
/// <param name="Grid">Blocks.</param>
/// <param name="Block">Threads of a block.</param>
/// <param name="DynamicSharedBytes">Size of the shared array that has no size of its own.</param>
/// <param name="Parameters">The parameter buffer.</param>
internal sealed record Launch(Kernel Kernel, Dim3 Grid, Dim3 Block, int DynamicSharedBytes, byte[] Parameters)
{
    /// <summary>Instructions that a warp may run before it is taken to be stuck.</summary>
    public long InstructionLimit { get; init; } = 2_000_000_000;
}
