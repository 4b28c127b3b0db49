namespace HeteroAKD.Kernels.Losses;

/// <summary>Which pixels plain distillation takes.</summary>
public enum DistilledPixels
{
    /// <summary>All of them; with labels, those that have one (<see cref="UnlabelledPixels"/>).</summary>
    All,

    /// <summary>Those where the teacher's largest logit is the label's.</summary>
    TeacherRight,

    /// <summary>Labelled ones with a teacher that is right at half or more of the labelled pixels around (<see cref="NearbyAgreementKernel"/>).</summary>
    TeacherRightNearby,
}

/// <summary>What a pixel weighs in plain distillation, besides its class weight.</summary>
public enum PixelWeighting
{
    /// <summary>One.</summary>
    None,

    /// <summary>The teacher's largest probability, at temperature 1.</summary>
    Confidence,
}

/// <summary>Which logits plain distillation leads the student to. They count as constants in the gradient.</summary>
public enum TargetLogits
{
    /// <summary>The teacher's.</summary>
    Teacher,

    /// <summary>
    /// S·z_t + (1 - S)·z_s with S = H_s/(H_t + H_s), ½ where both underflow; H is the cross-entropy of a network's own logits against the label. This is KMM
    /// (paper Eq. 5-7) without projectors, with one share for all classes of a pixel.
    /// </summary>
    Mixed,

    /// <summary>The teacher's; where its largest logit is not the label's, these two are exchanged.</summary>
    Corrected,
}

/// <summary>What becomes of pixels without a label where labels are given.</summary>
public enum UnlabelledPixels
{
    /// <summary>They leave the loss and its denominator.</summary>
    Skip,

    /// <summary>They stay, with the teacher's own logits as their target.</summary>
    Keep,
}

/// <summary>What <see cref="TargetedKlLoss"/> computes.</summary>
/// <param name="Tau">Temperature τ of both softmaxes; above 0.</param>
/// <param name="PixelWeight">What a pixel weighs.</param>
/// <param name="TargetLogits">The target.</param>
/// <param name="Unlabelled">What becomes of pixels without a label.</param>
public readonly record struct KdOptions(float Tau, PixelWeighting PixelWeight, TargetLogits TargetLogits, UnlabelledPixels Unlabelled);
