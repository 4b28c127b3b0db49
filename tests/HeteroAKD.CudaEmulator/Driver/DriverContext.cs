namespace HeteroAKD.CudaEmulator.Driver;

/// <summary>A context: everything of the device belongs to all of them.</summary>
internal sealed class DriverContext;
