namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>Counts of what ran.</summary>
internal sealed class Statistics
{
    /// <summary>Launches of kernels.</summary>
    public long Launches { get; set; }

    /// <summary>Instructions, counted once for a warp (or for the part of one that runs together).</summary>
    public long Instructions { get; set; }

    /// <summary>Matrix instructions (<c>mma.sync</c>).</summary>
    public long MatrixInstructions { get; set; }

    /// <summary>Bytes that threads read from global memory.</summary>
    public long GlobalBytesRead { get; set; }

    /// <summary>Bytes that threads wrote to global memory.</summary>
    public long GlobalBytesWritten { get; set; }

    /// <summary>Passes over shared memory beyond the first, as several words of a bank are wanted.</summary>
    public long BankConflicts { get; set; }

    /// <summary>Adds the counts of a part.</summary>
    public void Add(Statistics part)
    {
        Launches += part.Launches;
        Instructions += part.Instructions;
        MatrixInstructions += part.MatrixInstructions;
        GlobalBytesRead += part.GlobalBytesRead;
        GlobalBytesWritten += part.GlobalBytesWritten;
        BankConflicts += part.BankConflicts;
    }
}
