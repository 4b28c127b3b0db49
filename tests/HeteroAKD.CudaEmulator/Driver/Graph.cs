namespace HeteroAKD.CudaEmulator.Driver;

/// <summary>Work in the order in which it was captured.</summary>
internal sealed class Graph
{
    /// <summary>In order.</summary>
    public List<Work> Work { get; } = [];
}

/// <summary>A graph that can be launched: what it held when it was made.</summary>
/// <param name="work">In order.</param>
internal sealed class ExecutableGraph(IReadOnlyList<Work> work)
{
    /// <summary>In order.</summary>
    public IReadOnlyList<Work> Work { get; } = work;
}
