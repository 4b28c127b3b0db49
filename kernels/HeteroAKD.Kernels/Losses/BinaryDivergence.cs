using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;

namespace HeteroAKD.Kernels.Losses;

/// <summary>
/// KL(Bernoulli(σ(x)) ‖ Bernoulli(σ(y))) of two logits. With log σ(z) = -max(-z, 0) - l(z) and log(1 - σ(z)) = -max(z, 0) - l(z), l(z) = log(1 + e^-|z|), it is
/// q·(max(-y, 0) - max(-x, 0)) + (1 - q)·(max(y, 0) - max(x, 0)) + l(y) - l(x): no logarithm of a rounded probability, no difference of large numbers.
/// </summary>
internal readonly struct BinaryDivergence<TLane>
    where TLane : unmanaged, ILane<TLane>
{
    /// <summary>The divergence.</summary>
    public readonly TLane Value;

    /// <summary>q = σ(x).</summary>
    public readonly TLane Target;

    /// <summary>1 - q, to all digits.</summary>
    public readonly TLane Rest;

    /// <summary>p = σ(y).</summary>
    public readonly TLane Student;

    /// <summary>From the logits <paramref name="x"/> of the target and <paramref name="y"/> of the student.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public BinaryDivergence(TLane x, TLane y)
    {
        TLane zero = TLane.Splat(0f);
        TLane one = TLane.Splat(1f);
        TLane ex = TLane.ExpNonpositive(-TLane.Abs(x));
        TLane ey = TLane.ExpNonpositive(-TLane.Abs(y));
        Target = TLane.DivideNormal(TLane.SelectGreater(x, zero, one, ex), one + ex);
        Rest = TLane.DivideNormal(TLane.SelectGreater(x, zero, ex, one), one + ex);
        Student = TLane.DivideNormal(TLane.SelectGreater(y, zero, one, ey), one + ey);
        TLane below = TLane.Larger(-y, zero) - TLane.Larger(-x, zero);
        TLane above = TLane.Larger(y, zero) - TLane.Larger(x, zero);
        Value = (Target * below) + (Rest * above) + (TLane.Log1p(ey) - TLane.Log1p(ex));
    }
}
