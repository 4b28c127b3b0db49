namespace HeteroAKD.Kernels.Optim;

/// <summary>
/// Where the numbers that change from step to step lie in the small buffer that the optimizer kernels read. They are memory and not kernel fields so that
/// a recorded step can be launched again after only this buffer was rewritten.
/// </summary>
public static class OptimizerScalars
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
}
