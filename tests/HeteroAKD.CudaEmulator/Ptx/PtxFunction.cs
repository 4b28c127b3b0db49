namespace HeteroAKD.CudaEmulator.Ptx;

/// <summary>A function of a module.</summary>
/// <param name="name">Its name.</param>
/// <param name="isEntry">Whether it can be launched.</param>
internal sealed class PtxFunction(string name, bool isEntry)
{
    /// <summary>Its name.</summary>
    public string Name { get; } = name;

    /// <summary>Whether it can be launched.</summary>
    public bool IsEntry { get; } = isEntry;

    /// <summary>In order, with the offsets in the parameter buffer.</summary>
    public List<PtxVariable> Parameters { get; } = [];

    /// <summary>What it declares in shared and local memory.</summary>
    public List<PtxVariable> Variables { get; } = [];

    /// <summary>All registers.</summary>
    public List<PtxRegister> Registers { get; } = [];

    /// <summary>In order.</summary>
    public List<PtxInstruction> Instructions { get; } = [];

    /// <summary>Index of the instruction that follows each label.</summary>
    public Dictionary<string, int> Labels { get; } = [];

    /// <summary>The largest block that it may be launched with; 0 without <c>.maxntid</c>.</summary>
    public int MaxThreads { get; set; }

    /// <summary>Size of the parameter buffer in bytes.</summary>
    public int ParameterBytes => Parameters.Count == 0 ? 0 : Parameters[^1].Offset + Parameters[^1].Bytes;
}
