namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>What a fault is, with the number that the driver reports for it.</summary>
internal enum FaultKind
{
    /// <summary>An access outside memory, a race, or another use that has no defined result.</summary>
    IllegalAddress = 700,

    /// <summary>An address that is not a multiple of the size of the access.</summary>
    MisalignedAddress = 716,

    /// <summary>Threads that wait for one another.</summary>
    LaunchTimeout = 702,

    /// <summary>Threads that do not all reach a collective instruction.</summary>
    LaunchFailed = 719,
}

/// <summary>A kernel did what has no defined result on a GPU.</summary>
internal sealed class KernelFault(FaultKind kind, string message)
    : Exception(message)
{
    /// <summary>What it is.</summary>
    public FaultKind Kind { get; } = kind;
}
