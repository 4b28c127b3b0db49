using System.Runtime.Intrinsics;
using HeteroAKD.Kernels.Lanes;

namespace HeteroAKD.Kernels.Tests.Lanes;

/// <summary>The bounds stated in <see cref="ILane{T}"/>, over the whole range of floats, and equal bits from every width.</summary>
public sealed class LaneAccuracyTests
{
    // Prime, so that the low bits run through everything: 4.3 million of the 2^32 patterns, denormals, infinities and NaNs among them.
    private const uint Step = 1009;

    // Where a formula changes from one branch to another, or a result starts to be denormal, infinite or 1.
    private static readonly float[] s_breaks =
    [
        0, 1, 2, 4, 0.5f, 0.625f, 0.927734375f, 0.414213562f, 0.70710678f, 1.41421356f, 9.01f, 88.72284f, 89, 87.33655f, 103.97208f, 104, 16.6355f, 3.92f,
        5.54f, 5.94f,
        1.17549435e-38f, float.MaxValue, float.Epsilon, float.PositiveInfinity, float.NaN,
    ];

    private static readonly float[] s_inputs = Inputs();

    [Fact]
    public void Exp() => Check<ExpFunction>(1.0);

    [Fact]
    public void ExpNonpositive() => Check<ExpNonpositiveFunction>(1.0, x => !(x > 0));

    [Fact]
    public void Log() => Check<LogFunction>(2.0);

    [Fact]
    public void Log1p() => Check<Log1pFunction>(2.0, x => x is >= 0 and <= 1);

    [Fact]
    public void Log1pExp() => Check<Log1pExpFunction>(3.0);

    [Fact]
    public void Tanh() => Check<TanhFunction>(3.0);

    [Fact]
    public void NormalTail() => Check<NormalTailFunction>(12.0, x => x is >= 0 and <= 4);

    [Fact]
    public void CenteredGeluSlope() => Check<CenteredGeluSlopeFunction>(4.0, x => x != 0); // the sign of a zero is not kept

    [Fact]
    public void CorrectlyRoundedFunctions()
    {
        Check<SqrtFunction>(0.5);
        Check<ReciprocalFunction>(0.5);
    }

    [Fact]
    public void Rsqrt() => Check<RsqrtFunction>(1.5);

    private static void Check<TFunction>(double bound, Predicate<float>? domain = null)
        where TFunction : ILaneFunction
    {
        float[] x = domain is null ? s_inputs : Array.FindAll(s_inputs, domain);
        float[] y = Run<TFunction, F32>(x);
        SameBits(x, y, Run<TFunction, F32x4>(x), 4);
        if (Vector256.IsHardwareAccelerated)
        {
            SameBits(x, y, Run<TFunction, F32x8>(x), 8);
        }

        if (Vector512.IsHardwareAccelerated)
        {
            SameBits(x, y, Run<TFunction, F32x16>(x), 16);
        }

        double worst = 0;
        float at = 0;
        for (int i = 0; i < x.Length; i++)
        {
            double error = Ulps(y[i], TFunction.Truth(x[i]));
            if (error > worst)
            {
                worst = error;
                at = x[i];
            }
        }

        Assert.True(worst <= bound, $"{typeof(TFunction).Name}: {worst:F3} ULP at {at:R}, allowed {bound}");
    }

    private static unsafe float[] Run<TFunction, T>(float[] x)
        where TFunction : ILaneFunction
        where T : unmanaged, ILane<T>
    {
        // Whole lanes; what is left over at the end goes through once more.
        float[] y = new float[x.Length];
        fixed (float* from = x, to = y)
        {
            for (int i = 0; i < x.Length; i += T.Width)
            {
                int start = Math.Min(i, x.Length - T.Width);
                T.Store(new Mem(to), start, TFunction.Run(T.Load(new Mem(from), start)));
            }
        }

        return y;
    }

    private static void SameBits(float[] x, float[] expected, float[] actual, int width)
    {
        for (int i = 0; i < x.Length; i++)
        {
            bool same = BitConverter.SingleToInt32Bits(expected[i]) == BitConverter.SingleToInt32Bits(actual[i])
                || (float.IsNaN(expected[i]) && float.IsNaN(actual[i]));
            if (!same)
            {
                Assert.Fail($"f({x[i]:R}) is {expected[i]:R} on one float and {actual[i]:R} on {width}");
            }
        }
    }

    // The distance to the truth in units of the spacing of floats there; an infinite result stands at 2^128, where the next float would be.
    private static double Ulps(float value, double truth)
    {
        if (double.IsNaN(truth) || float.IsNaN(value))
        {
            return double.IsNaN(truth) == float.IsNaN(value) ? 0 : double.PositiveInfinity;
        }

        double limit = Math.Pow(2, 128);
        double result = Math.Clamp((double)value, -limit, limit);
        double target = Math.Clamp(truth, -limit, limit);
        int exponent = target == 0 ? -126 : Math.Clamp(Math.ILogB(target), -126, 127);
        return Math.Abs(result - target) / Math.ScaleB(1, exponent - 23);
    }

    private static float[] Inputs()
    {
        List<float> inputs = [];
        for (ulong bits = 0; bits <= uint.MaxValue; bits += Step)
        {
            inputs.Add(BitConverter.UInt32BitsToSingle((uint)bits));
        }

        foreach (float point in s_breaks)
        {
            uint centre = BitConverter.SingleToUInt32Bits(point);
            for (int offset = -500; offset <= 500; offset++)
            {
                uint bits = (uint)(centre + offset);
                inputs.Add(BitConverter.UInt32BitsToSingle(bits));
                inputs.Add(-BitConverter.UInt32BitsToSingle(bits));
            }
        }

        return [.. inputs];
    }
}
