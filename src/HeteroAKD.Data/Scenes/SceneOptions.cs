namespace HeteroAKD.Data;

/// <summary>Disjoint ranges of scene numbers.</summary>
public enum SceneSplit : uint
{
    /// <summary>Scenes for training.</summary>
    Train = 0,

    /// <summary>Scenes for choosing.</summary>
    Validation = 1,

    /// <summary>Scenes for reporting.</summary>
    Test = 2,
}

/// <summary>What the scenes of a <see cref="SceneDataset"/> look like.</summary>
public sealed record SceneOptions
{
    /// <summary>Columns, a multiple of 32.</summary>
    public int Width { get; init; } = 128;

    /// <summary>Rows, a multiple of 32.</summary>
    public int Height { get; init; } = 96;

    /// <summary>Another seed is another world of scenes.</summary>
    public ulong Seed { get; init; }

    /// <summary>
    /// How careless the annotator is, 0 to 1: outlines wander by up to three pixels (of 96 rows) and regions are given a similar class with probability 0.35,
    /// both times this value. The pictures stay the same. 0 is the truth, which is what a score should be taken against.
    /// </summary>
    public float AnnotationNoise { get; init; }
}
