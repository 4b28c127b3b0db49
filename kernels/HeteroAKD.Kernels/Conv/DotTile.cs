using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;

namespace HeteroAKD.Kernels.Conv;

/// <summary>The positions over which a weight gradient is summed: images x runs of whole lanes; strides in bytes.</summary>
internal struct DotRuns
{
    /// <summary>Images.</summary>
    public int Images;

    /// <summary>Runs of an image: one, or one a row.</summary>
    public int RunsPerImage;

    /// <summary>Bytes of a run.</summary>
    public nint RunBytes;

    /// <summary>From a run to the next in the padded planes.</summary>
    public nint PlaneRunStride;

    /// <summary>From an image to the next in the padded planes.</summary>
    public nint PlaneImageStride;

    /// <summary>From an output channel to the next in the copied gradient, whose runs follow each other.</summary>
    public nint GradientStride;
}

/// <summary>
/// The innermost loop of weight gradients: dot products of rows of ∂L/∂y with shifted rows of x, every pair of <see cref="Rows"/> of the one and
/// <see cref="Taps"/> of the other in an accumulator of a lane.
/// </summary>
internal static unsafe class DotTile<TLane>
    where TLane : unmanaged, ILane<TLane>
{
    /// <summary>Shifted rows of x in a tile.</summary>
    public const int Taps = 6;

    /// <summary>Rows of ∂L/∂y in a tile: 24 accumulators on 512-bit lanes, 12 on the others.</summary>
    public static int Rows
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => sizeof(TLane) == 64 ? 4 : 2;
    }

    /// <summary>sums[Rows, Taps] of products; rows at or after <paramref name="rows"/> repeat the last one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Multiply(byte* gradient, int rows, byte* planes, nint* taps, in DotRuns runs, TLane* sums)
    {
        byte* g0 = gradient;
        byte* g1 = gradient + (Math.Min(1, rows - 1) * runs.GradientStride);
        byte* g2 = gradient + (Math.Min(2, rows - 1) * runs.GradientStride);
        byte* g3 = gradient + (Math.Min(3, rows - 1) * runs.GradientStride);
        RegisterPair<TLane> p00 = default, p01 = default, p02 = default, p10 = default, p11 = default, p12 = default;
        nint at = 0;
        for (int image = 0; image < runs.Images; image++)
        {
            byte* plane = planes + (image * runs.PlaneImageStride);
            for (int run = 0; run < runs.RunsPerImage; run++)
            {
                byte* x0 = plane + taps[0] - at, x1 = plane + taps[1] - at, x2 = plane + taps[2] - at;
                byte* x3 = plane + taps[3] - at, x4 = plane + taps[4] - at, x5 = plane + taps[5] - at;
                for (nint end = at + runs.RunBytes; at < end; at += sizeof(TLane))
                {
                    TLane a0 = *(TLane*)(g0 + at), a1 = *(TLane*)(g1 + at);
                    TLane b0 = *(TLane*)(x0 + at), b1 = *(TLane*)(x1 + at);
                    TLane b2 = *(TLane*)(x2 + at), b3 = *(TLane*)(x3 + at);
                    TLane b4 = *(TLane*)(x4 + at), b5 = *(TLane*)(x5 + at);
                    p00.Add<Counts.Two>(a0, a1, b0, b1);
                    p01.Add<Counts.Two>(a0, a1, b2, b3);
                    p02.Add<Counts.Two>(a0, a1, b4, b5);
                    if (sizeof(TLane) == 64)
                    {
                        TLane a2 = *(TLane*)(g2 + at), a3 = *(TLane*)(g3 + at);
                        p10.Add<Counts.Two>(a2, a3, b0, b1);
                        p11.Add<Counts.Two>(a2, a3, b2, b3);
                        p12.Add<Counts.Two>(a2, a3, b4, b5);
                    }
                }

                plane += runs.PlaneRunStride;
            }
        }

        p00.Save<Counts.Two>(sums, Taps);
        p01.Save<Counts.Two>(sums + 2, Taps);
        p02.Save<Counts.Two>(sums + 4, Taps);
        if (sizeof(TLane) == 64)
        {
            p10.Save<Counts.Two>(sums + (2 * Taps), Taps);
            p11.Save<Counts.Two>(sums + (2 * Taps) + 2, Taps);
            p12.Save<Counts.Two>(sums + (2 * Taps) + 4, Taps);
        }
    }

    /// <summary>As <see cref="Multiply"/> for a single row: sums[Taps] (depth-wise convolutions).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void MultiplyOne(byte* gradient, byte* planes, nint* taps, in DotRuns runs, TLane* sums)
    {
        TLane s0 = TLane.Splat(0f), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0;
        for (int image = 0; image < runs.Images; image++)
        {
            byte* plane = planes + (image * runs.PlaneImageStride);
            for (int run = 0; run < runs.RunsPerImage; run++)
            {
                for (nint at = 0; at < runs.RunBytes; at += sizeof(TLane))
                {
                    TLane a = *(TLane*)(gradient + at);
                    byte* x = plane + at;
                    s0 = TLane.Fma(a, *(TLane*)(x + taps[0]), s0);
                    s1 = TLane.Fma(a, *(TLane*)(x + taps[1]), s1);
                    s2 = TLane.Fma(a, *(TLane*)(x + taps[2]), s2);
                    s3 = TLane.Fma(a, *(TLane*)(x + taps[3]), s3);
                    s4 = TLane.Fma(a, *(TLane*)(x + taps[4]), s4);
                    s5 = TLane.Fma(a, *(TLane*)(x + taps[5]), s5);
                }

                plane += runs.PlaneRunStride;
                gradient += runs.RunBytes;
            }
        }

        sums[0] = s0;
        sums[1] = s1;
        sums[2] = s2;
        sums[3] = s3;
        sums[4] = s4;
        sums[5] = s5;
    }
}
