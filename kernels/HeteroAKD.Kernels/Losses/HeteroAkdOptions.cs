namespace HeteroAKD.Kernels.Losses;

/// <summary>What the softmax of Eq. 9 runs over.</summary>
public enum WeightAxis
{
    /// <summary>The classes of each pixel.</summary>
    Class,

    /// <summary>The valid pixels of each image, class by class.</summary>
    Spatial,
}

/// <summary>Which divergence Eq. 10 weighs.</summary>
public enum DistillationForm
{
    /// <summary>-Σ_c W·q·log p.</summary>
    Ce,

    /// <summary>Σ_c W·q·(log q - log p).</summary>
    Kl,

    /// <summary>Σ_c W·KL(Bernoulli(σ(Ẑ/τ)) ‖ Bernoulli(σ(z_s/τ))): each class by itself against the rest.</summary>
    Binary,
}

/// <summary>How Eq. 5 measures the reliability H of logits against the label.</summary>
public enum Reliability
{
    /// <summary>Binary cross-entropy of each class against the rest.</summary>
    Bce,

    /// <summary>Cross-entropy of the softmax: one number a pixel, the same for each of its classes.</summary>
    SoftmaxCe,
}

/// <summary>Supervision of both projectors' logits by the labels.</summary>
public enum ProjectorSupervision
{
    /// <summary>None.</summary>
    None,

    /// <summary>Mean binary cross-entropy over valid pixels and classes.</summary>
    Bce,

    /// <summary>Mean cross-entropy over valid pixels.</summary>
    Ce,
}

/// <summary>What L_hakd is a mean over.</summary>
public enum LossUnit
{
    /// <summary>Valid pixels; the classes of a pixel are added up.</summary>
    Pixel,

    /// <summary>Valid pixels times classes, as PyTorch's <c>mean</c>.</summary>
    Element,
}

/// <summary>What W adds up to over its axis.</summary>
public enum WeightScale
{
    /// <summary>One, as a softmax does.</summary>
    One,

    /// <summary>The members of the axis, for a mean of one: C over the classes; the valid pixels of the image over space.</summary>
    Classes,
}

/// <summary>The readings of Eq. 5-11 that change numbers. The default of the struct is not usable; start from a preset.</summary>
public readonly record struct HeteroAkdOptions
{
    /// <summary>Nothing chosen but that both mechanisms are on.</summary>
    public HeteroAkdOptions()
    {
    }

    /// <summary>Axis of the softmax that makes W.</summary>
    public WeightAxis Axis { get; init; }

    /// <summary>The divergence.</summary>
    public DistillationForm Form { get; init; }

    /// <summary>Temperature τ of q and p; above 0.</summary>
    public float Tau { get; init; }

    /// <summary>Whether the loss is multiplied by τ².</summary>
    public bool ScaleTauSquared { get; init; }

    /// <summary>The reliability H.</summary>
    public Reliability Reliability { get; init; }

    /// <summary>Whether Ẑ, S, W and H count as constants in the gradient.</summary>
    public bool Detach { get; init; }

    /// <summary>Supervision of the projectors.</summary>
    public ProjectorSupervision Supervision { get; init; }

    /// <summary>λ2, what L_hakd weighs in the result and its gradients.</summary>
    public float Weight { get; init; }

    /// <summary>What L_hakd is a mean over; the supervision has its own (<see cref="ProjectorSupervision"/>).</summary>
    public LossUnit Unit { get; init; }

    /// <summary>What the supervision of the teacher's and of the student's projector weigh each.</summary>
    public float SupervisionWeight { get; init; }

    /// <summary>Whether the target is the mixture of Eq. 7 (KMM). Without it Ẑ = z_t, and ΔH = max(0, H_s - H_t).</summary>
    public bool Mixing { get; init; } = true;

    /// <summary>Whether W is the softmax of Eq. 9 (KEM). Without it every member of the axis weighs the same.</summary>
    public bool Weighting { get; init; } = true;

    /// <summary>What W adds up to.</summary>
    public WeightScale WeightScale { get; init; }

    /// <summary>Whether <see cref="FixedParts"/> can compute it, if there are no class weights.</summary>
    public bool HasFixedParts => Mixing && Weighting && WeightScale == WeightScale.One && Form != DistillationForm.Binary;

    /// <summary>The equations to the letter: nothing detached, no supervision. (Projectors with ReLU and the label grid go with it, elsewhere.)</summary>
    public static HeteroAkdOptions Paper => new() { Tau = 1, Weight = 1, SupervisionWeight = 0 };

    /// <summary>What both known re-implementations do: constants detached, projectors supervised by the labels.</summary>
    public static HeteroAkdOptions Practical =>
        new() { Tau = 1, Detach = true, Supervision = ProjectorSupervision.Bce, Weight = 1, SupervisionWeight = 1 };
}
