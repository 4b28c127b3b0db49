using HeteroAKD.CudaEmulator.Execution;

namespace HeteroAKD.CudaEmulator.Driver;

/// <summary>A kernel of a loaded module.</summary>
/// <param name="kernel">What is launched.</param>
internal sealed class DriverFunction(Kernel kernel)
{
    /// <summary>What is launched.</summary>
    public Kernel Kernel { get; } = kernel;

    /// <summary>Dynamic shared memory that a launch may ask for.</summary>
    public int MaxDynamicSharedBytes { get; set; } = (48 << 10) - kernel.StaticSharedBytes;
}

/// <summary>A loaded PTX text.</summary>
/// <param name="kernels">By name.</param>
internal sealed class DriverModule(IReadOnlyDictionary<string, Kernel> kernels)
{
    /// <summary>By name.</summary>
    public IReadOnlyDictionary<string, Kernel> Kernels { get; } = kernels;
}
