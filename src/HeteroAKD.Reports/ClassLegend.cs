using HeteroAKD.Tensors;

namespace HeteroAKD.Reports;

/// <summary>The classes of a picture.</summary>
/// <param name="Names">[C] names.</param>
/// <param name="Colors">[C] colours.</param>
/// <param name="IgnoreIndex">The label that counts nowhere.</param>
public sealed record ClassLegend(IReadOnlyList<string> Names, IReadOnlyList<(byte R, byte G, byte B)> Colors, int IgnoreIndex)
{
    /// <summary>[C] names as <see cref="VisibleText.Name"/> shows them.</summary>
    public IReadOnlyList<string> Names { get; } = [.. Names.Select(VisibleText.Name)];

    /// <summary>C.</summary>
    public int Count => Names.Count;
}
