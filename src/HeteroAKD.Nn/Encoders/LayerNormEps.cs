namespace HeteroAKD.Nn.Encoders;

/// <summary>
/// What the layer norms of a Mix Transformer add to the variance. Published weights were trained with different values, and the results differ visibly where
/// a token varies little; so they belong to the weights, and a checkpoint keeps them.
/// </summary>
/// <param name="Blocks">Of the norms in blocks and at the end of a stage.</param>
/// <param name="Convolutions">Of the norms behind a convolution: patch embedding and the reduction of keys and values.</param>
public readonly record struct LayerNormEps(float Blocks, float Convolutions)
{
    /// <summary>1e-6 everywhere, as in mmsegmentation; networks that are trained here have it.</summary>
    public static LayerNormEps Default => new(1e-6f, 1e-6f);

    /// <summary>Whether a number can be one of them: above 0 and at most 1. Files are held to it, since another one gives wrong results and no error.</summary>
    public static bool Allows(float eps) => eps is > 0 and <= 1;
}
