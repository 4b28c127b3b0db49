namespace HeteroAKD.CudaEmulator.Ptx;

/// <summary>A declared register.</summary>
/// <param name="name">With its percent sign.</param>
/// <param name="type">From its declaration.</param>
internal sealed class PtxRegister(string name, PtxType type)
{
    /// <summary>With its percent sign.</summary>
    public string Name { get; } = name;

    /// <summary>From its declaration.</summary>
    public PtxType Type { get; } = type;
}
