namespace HeteroAKD.Tensors.Checks;

/// <summary>A case whose result is not what it must be.</summary>
public sealed class CaseFailure(string message)
    : Exception(message);
