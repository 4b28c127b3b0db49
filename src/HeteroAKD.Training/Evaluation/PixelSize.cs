using HeteroAKD.Tensors;

namespace HeteroAKD.Training.Evaluation;

/// <summary>A size in pixels.</summary>
public sealed record PixelSize
{
    /// <summary>Columns.</summary>
    [InRange("[16, 16384]")]
    public int Width { get; init; } = 128;

    /// <summary>Rows.</summary>
    [InRange("[16, 16384]")]
    public int Height { get; init; } = 96;
}
