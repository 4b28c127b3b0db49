using HeteroAKD.Kernels.Lanes;
using ILGPU.IR.Intrinsics;

namespace HeteroAKD.Kernels.Intrinsics;

/// <summary>
/// Functions of a multiprocessor's own, for results that are rounded to fewer bits than they get right. The bodies are what other backends run.
/// </summary>
public static class FastMath
{
    /// <summary>2^x with a relative error of some 2^-22; results below 2^-126 are zero (PTX <c>ex2.approx.ftz</c>).</summary>
    [IntrinsicImplementation]
    public static float Exp2(float x) => FloatMath.Exp(new DeviceF32(x * 0.693147181f)).Value;
}
