namespace HeteroAKD.CudaEmulator.Ptx;

/// <summary>PTX text that cannot be loaded: what is wrong and in which line.</summary>
internal sealed class PtxException(int line, string problem)
    : Exception($"PTX line {line}: {problem}")
{
    /// <summary>Line of the text, counted from 1.</summary>
    public int Line { get; } = line;
}
