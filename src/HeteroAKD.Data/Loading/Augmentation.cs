using System.Numerics;

namespace HeteroAKD.Data;

/// <summary>What stands outside a scaled image that is smaller than its window. Its labels are ignored either way.</summary>
public enum PadMode
{
    /// <summary>The nearest pixel of the image.</summary>
    Edge,

    /// <summary>The mean colour, which is 0 after normalisation.</summary>
    Mean,
}

/// <summary>
/// How a sample becomes a normalised training window: scale, window, flip (one draw for image and labels), then brightness, contrast, saturation, then
/// normalisation.
/// </summary>
/// <remarks>
/// Images are sampled bilinearly (PyTorch's <c>interpolate(align_corners=False)</c>, no antialiasing), labels at the nearest pixel of the same half-pixel grid.
/// On pixels v in [0, 1] the photometric chain is v ← v·exp(U(-gain, gain)) + U(-offset, offset); v ← 0.5 + (v - 0.5)·exp(U(-contrast, contrast));
/// v ← grey + (v - grey)·exp(U(-saturation, saturation)); v ← (v - mean) / std. Nothing is clamped in between, so the chain is one affine map a pixel.
/// </remarks>
public sealed record Augmentation
{
    /// <summary>Rows of the window; 0 takes the image's own height.</summary>
    public int Height { get; init; }

    /// <summary>Columns of the window; 0 takes the image's own width.</summary>
    public int Width { get; init; }

    /// <summary>Where the window takes the image's size, it is rounded up to a multiple of this and padded.</summary>
    public int SizeDivisor { get; init; } = 1;

    /// <summary>Smallest scale; the scale is uniform between the two.</summary>
    public float ScaleMin { get; init; } = 0.5f;

    /// <summary>Largest scale.</summary>
    public float ScaleMax { get; init; } = 2f;

    /// <summary>
    /// Places the window at random, also around an image that is smaller. Otherwise a larger image is cut at its centre and a smaller one stands top left.
    /// </summary>
    public bool RandomCrop { get; init; } = true;

    /// <summary>Probability of a horizontal mirror image.</summary>
    public float FlipProbability { get; init; } = 0.5f;

    /// <summary>What stands outside the image.</summary>
    public PadMode Pad { get; init; } = PadMode.Edge;

    /// <summary>Half width of the logarithm of the brightness gain.</summary>
    public float BrightnessGain { get; init; }

    /// <summary>Half width of the brightness offset, in units of the full range.</summary>
    public float BrightnessOffset { get; init; }

    /// <summary>Half width of the logarithm of the contrast about mid-grey.</summary>
    public float Contrast { get; init; }

    /// <summary>Half width of the logarithm of the saturation.</summary>
    public float Saturation { get; init; }

    /// <summary>RGB mean that normalisation takes away, on [0, 1]; ImageNet's by default.</summary>
    public Vector3 Mean { get; init; } = new(0.485f, 0.456f, 0.406f);

    /// <summary>RGB standard deviation that normalisation divides by, on [0, 1]; ImageNet's by default.</summary>
    public Vector3 Std { get; init; } = new(0.229f, 0.224f, 0.225f);

    /// <summary>Normalisation alone: what evaluation uses.</summary>
    public static Augmentation None { get; } = new() { ScaleMin = 1, ScaleMax = 1, FlipProbability = 0, RandomCrop = false };

    /// <summary>These options without anything random: the same normalisation, padding and size divisor, on whole images.</summary>
    public Augmentation ForEvaluation() => None with { Mean = Mean, Std = Std, Pad = Pad, SizeDivisor = SizeDivisor };

    /// <summary>Refuses what makes no sense.</summary>
    /// <exception cref="DatasetException">An option is out of its range; the text names it.</exception>
    public void Validate()
    {
        Require(Height >= 0 && Width >= 0 && (Height == 0) == (Width == 0), $"window {Width}x{Height}", "give both sides, or 0 for both");
        Require(SizeDivisor >= 1, $"SizeDivisor {SizeDivisor}", "it is at least 1");
        Require(ScaleMin > 0 && ScaleMax >= ScaleMin && ScaleMax <= 64, $"scale {ScaleMin} to {ScaleMax}", "0 < ScaleMin <= ScaleMax <= 64");
        Require(FlipProbability is >= 0 and <= 1, $"FlipProbability {FlipProbability}", "it is 0 to 1");
        Require(
            BrightnessGain >= 0 && BrightnessOffset >= 0 && Contrast >= 0 && Saturation >= 0,
            $"jitter gain {BrightnessGain}, offset {BrightnessOffset}, contrast {Contrast}, saturation {Saturation}",
            "none is negative");
        Require(Std.X > 0 && Std.Y > 0 && Std.Z > 0, $"Std {Std}", "each is above 0");
    }

    private static void Require(bool condition, FormattableString value, string rule)
    {
        if (!condition)
        {
            throw new DatasetException(null, "Augmentation: " + FormattableString.Invariant(value), "Change it: " + rule);
        }
    }
}
