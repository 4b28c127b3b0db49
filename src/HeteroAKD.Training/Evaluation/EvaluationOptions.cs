using HeteroAKD.Tensors;

namespace HeteroAKD.Training.Evaluation;

/// <summary>What a class that occurs nowhere does to the mean IoU.</summary>
public enum AbsentClasses
{
    /// <summary>A class in neither truth nor prediction is left out of the mean.</summary>
    LeaveOut,

    /// <summary>It counts as 0.</summary>
    Zero,
}

/// <summary>What a network sees of an image that it is evaluated on.</summary>
public enum EvaluationMode
{
    /// <summary>The whole image.</summary>
    Whole,

    /// <summary>Windows of equal size; where they overlap, their logits are averaged.</summary>
    Slide,
}

/// <summary>What is averaged over scales and mirror images.</summary>
public enum EvaluationAverage
{
    /// <summary>Logits, as CIRKD does.</summary>
    Logits,

    /// <summary>Softmax of the logits, as mmsegmentation does.</summary>
    Probabilities,
}

/// <summary>How a network is scored; the <c>evaluation</c> section of a configuration.</summary>
public sealed record EvaluationOptions
{
    /// <summary>leaveOut or zero.</summary>
    public AbsentClasses AbsentClasses { get; init; } = AbsentClasses.LeaveOut;

    /// <summary>Tolerance of the boundary F1 as a fraction of the image diagonal, rounded to whole pixels, at least 1.</summary>
    [InRange("(0, 1]")]
    public double BoundaryTolerance { get; init; } = 0.0075;

    /// <summary>Images of one size that are evaluated at once, whole and at scale 1; otherwise it is one image at a time.</summary>
    [InRange("[1, 4096]")]
    public int BatchSize { get; init; } = 16;

    /// <summary>whole or slide.</summary>
    public EvaluationMode Mode { get; init; } = EvaluationMode.Whole;

    /// <summary>slide: size of a window in pixels of the scaled image; a smaller image is padded.</summary>
    public PixelSize Crop { get; init; } = new() { Width = 512, Height = 512 };

    /// <summary>slide: distance between windows in pixels, at most <see cref="Crop"/>.</summary>
    public PixelSize Stride { get; init; } = new() { Width = 341, Height = 341 };

    /// <summary>The image is evaluated at each of these multiples of its size.</summary>
    [InRange("[0.1, 4]")]
    public IReadOnlyList<double> Scales { get; init; } = [1];

    /// <summary>Whether each scale is evaluated mirrored, too.</summary>
    public bool Flip { get; init; }

    /// <summary>logits or probabilities, where there are several scales or mirror images.</summary>
    public EvaluationAverage Average { get; init; } = EvaluationAverage.Logits;

    /// <summary>Whether logits are resized with corner pixels on corner pixels, as CIRKD does.</summary>
    public bool AlignCorners { get; init; }
}
