namespace HeteroAKD.CudaEmulator.Driver;

/// <summary>A call fails with a result code.</summary>
internal sealed class DriverException(CudaResult result, string problem)
    : Exception(problem)
{
    /// <summary>What the call returns.</summary>
    public CudaResult Result { get; } = result;
}
