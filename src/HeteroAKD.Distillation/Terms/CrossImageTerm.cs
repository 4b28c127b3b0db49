using HeteroAKD.Tensors;

namespace HeteroAKD.Distillation.Terms;

/// <summary>Options of mini-batch pixel-to-pixel distillation.</summary>
public sealed record CrossImageTermOptions : TermOptions
{
    /// <summary>Temperature of the similarities.</summary>
    [InRange("(0, 1000]")]
    public double Tau { get; init; } = 0.1;

    /// <summary>
    /// Side of the windows that the maps are averaged over first; 1 leaves them as they are. A similarity is kept for each pair of pixels of a batch, so memory
    /// falls with its fourth power.
    /// </summary>
    [InRange("[1, 64]")]
    public int Pool { get; init; } = 1;
}

/// <summary>
/// Mini-batch pixel-to-pixel distillation of CIRKD (Yang et al., CVPR 2022; <c>CriterionMiniBatchCrossImagePair</c>): for each pair of images of a batch the
/// cosines of the classifier's inputs of all pairs of pixels, a softmax over the second image's pixels, KL(teacher ‖ student), the mean over pixels and pairs.
/// Channels may differ.
/// </summary>
public sealed class CrossImageTerm(CrossImageTermOptions options, TermSetup setup) : DistillationTerm(setup)
{
    /// <inheritdoc/>
    public override TermReads Reads => TermReads.ClassifierInput;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ValueNames { get; } = ["cross_image"];

    /// <inheritdoc/>
    public override Tensor Loss(in TermInputs inputs, List<LossTerm> values)
    {
        (Tensor student, Tensor teacher) = inputs.HeadFeatures();
        Tensor loss = Functional.Mean(Functional.SoftmaxKl(Similarity(student), Similarity(teacher), (float)options.Tau));
        values.Add(new LossTerm("cross_image", loss, 0));
        return loss;
    }

    // [N, C, h, w] → [N·P·N, P]: cosines with the pixels of a second image, for each pixel of the batch and each second image.
    private Tensor Similarity(Tensor map)
    {
        Tensor pooled = options.Pool == 1 ? map : Functional.AvgPool2d(map, options.Pool, options.Pool);
        (int images, int channels, int pixels) = (pooled.Shape[0], pooled.Shape[1], pooled.Shape[2] * pooled.Shape[3]);
        if ((long)images * pixels * images * pixels > int.MaxValue)
        {
            throw new HeteroAkdException(
                $"crossImage: {images} images of {pooled.Shape[2]}x{pooled.Shape[3]} pixels have too many pairs of pixels; raise "
                    + $"distillation.terms.crossImage.pool from {options.Pool}, or take smaller batches");
        }

        Tensor directions = Functional.Reshape(Functional.ToTokens(Functional.Normalize(pooled, 1)), new Shape(images * pixels, channels));
        return Functional.Reshape(Functional.Linear(directions, directions), new Shape(images * pixels * images, pixels));
    }
}
