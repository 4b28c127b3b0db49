using HeteroAKD.Tensors;

namespace HeteroAKD.Bench.Cases;

/// <summary>Shapes in names of cases.</summary>
internal static class Text
{
    /// <summary>4x19x128x128.</summary>
    public static string Of(Shape shape) => string.Join('x', shape.ToArray());
}
