namespace HeteroAKD.Kernels.Optim;

/// <summary>
/// Where the numbers that change from step to step lie in the small buffer that the optimizer kernels read. They are memory and not kernel fields so that
/// a recorded step can be launched again after only this buffer was rewritten.
/// </summary>
internal static class OptimizerScalars
{
    /// <summary>Learning rate.</summary>
    public const int Rate = 0;

    /// <summary>Factor of every gradient: 1, or what <see cref="ClipScaleKernel"/> wrote.</summary>
    public const int ClipScale = 1;

    /// <summary>1 - beta1^t with t = 1 at the first step; AdamW only.</summary>
    public const int Correction1 = 2;

    /// <summary>sqrt(1 - beta2^t); AdamW only. To be computed in double: for small t the difference has few digits left in float.</summary>
    public const int RootCorrection2 = 3;

    /// <summary>Length of the buffer.</summary>
    public const int Count = 4;

    /// <summary>Fills the buffer for step <paramref name="step"/>, 1 at the first, without clipping.</summary>
    /// <param name="scalars">[<see cref="Count"/>].</param>
    /// <param name="rate">Learning rate.</param>
    /// <param name="beta1">Decay of AdamW's mean of g.</param>
    /// <param name="beta2">Decay of AdamW's mean of g².</param>
    /// <param name="step">t.</param>
    public static void Fill(Span<double> scalars, double rate, double beta1, double beta2, int step)
    {
        scalars[Rate] = rate;
        scalars[ClipScale] = 1;
        scalars[Correction1] = 1 - Math.Pow(beta1, step);
        scalars[RootCorrection2] = Math.Sqrt(1 - Math.Pow(beta2, step));
    }
}
