namespace HeteroAKD.CudaEmulator.Ptx;

/// <summary>Names that are declared between two braces, and around them.</summary>
/// <param name="outer">The names around, if any.</param>
internal sealed class PtxScope(PtxScope? outer)
{
    private readonly Dictionary<string, object> _names = [];

    /// <summary>The names around.</summary>
    public PtxScope? Outer { get; } = outer;

    /// <summary>Adds a name.</summary>
    /// <exception cref="PtxException">It is declared twice.</exception>
    public void Declare(string name, object meaning, int line)
    {
        if (!_names.TryAdd(name, meaning))
        {
            throw new PtxException(line, $"{name} is declared twice");
        }
    }

    /// <summary>What a name means here: a <see cref="PtxRegister"/>, a <see cref="PtxVariable"/> or null.</summary>
    public object? Find(string name) => _names.TryGetValue(name, out object? meaning) ? meaning : Outer?.Find(name);
}
