namespace HeteroAKD.CudaEmulator.Ptx;

/// <summary>The functions of a PTX text.</summary>
/// <param name="Functions">By name.</param>
internal sealed record PtxModule(IReadOnlyDictionary<string, PtxFunction> Functions);
