namespace HeteroAKD.CudaEmulator.Ptx;

/// <summary>An address space of PTX.</summary>
internal enum MemorySpace
{
    /// <summary>The address tells.</summary>
    Generic,

    /// <summary>Device memory.</summary>
    Global,

    /// <summary>The memory of a block.</summary>
    Shared,

    /// <summary>The memory of a thread.</summary>
    Local,

    /// <summary>Parameters of the kernel.</summary>
    Param,
}
