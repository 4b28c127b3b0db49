using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Bench.Machine;

/// <summary>The arithmetic ceiling: multiply-adds that depend on nothing but themselves, enough of them at once to hide their latency.</summary>
internal sealed class FmaPeak : HostJob
{
    private const int Chains = 12;
    private const int Iterations = 1 << 17;
    private const int TilesPerThread = 8;
    private const int Repetitions = 12;

    private readonly float[] _results;

    private FmaPeak(int tiles) => _results = new float[tiles];

    /// <summary>Flops per second of all threads together: the best of several runs, since a ceiling is what is possible.</summary>
    public static double Measure(HostPool pool)
    {
        int tiles = pool.ThreadCount * TilesPerThread;
        FmaPeak job = new(tiles);
        pool.Run(job, tiles);
        double best = double.PositiveInfinity;
        for (int i = 0; i < Repetitions; i++)
        {
            long start = Stopwatch.GetTimestamp();
            pool.Run(job, tiles);
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return 2.0 * Chains * HostLauncher.LaneWidth * Iterations * tiles / best;
    }

    /// <inheritdoc/>
    public override void Tile(int tile, int worker) => _results[tile] =
        Vector512.IsHardwareAccelerated ? Run512(tile) : Vector256.IsHardwareAccelerated ? Run256(tile) : Run128(tile);

    // Three times the same loop: the accumulators must be locals of the vector type itself to stay in registers.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Run512(float seed)
    {
        Vector512<float> x = Vector512.Create(0.999f), y = Vector512.Create(1e-3f), a = Vector512.Create(seed);
        Vector512<float> b = a, c = a, d = a, e = a, f = a, g = a, h = a, i = a, j = a, k = a, l = a;
        for (int n = 0; n < Iterations; n++)
        {
            a = Vector512.FusedMultiplyAdd(a, x, y);
            b = Vector512.FusedMultiplyAdd(b, x, y);
            c = Vector512.FusedMultiplyAdd(c, x, y);
            d = Vector512.FusedMultiplyAdd(d, x, y);
            e = Vector512.FusedMultiplyAdd(e, x, y);
            f = Vector512.FusedMultiplyAdd(f, x, y);
            g = Vector512.FusedMultiplyAdd(g, x, y);
            h = Vector512.FusedMultiplyAdd(h, x, y);
            i = Vector512.FusedMultiplyAdd(i, x, y);
            j = Vector512.FusedMultiplyAdd(j, x, y);
            k = Vector512.FusedMultiplyAdd(k, x, y);
            l = Vector512.FusedMultiplyAdd(l, x, y);
        }

        return Vector512.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Run256(float seed)
    {
        Vector256<float> x = Vector256.Create(0.999f), y = Vector256.Create(1e-3f), a = Vector256.Create(seed);
        Vector256<float> b = a, c = a, d = a, e = a, f = a, g = a, h = a, i = a, j = a, k = a, l = a;
        for (int n = 0; n < Iterations; n++)
        {
            a = Vector256.FusedMultiplyAdd(a, x, y);
            b = Vector256.FusedMultiplyAdd(b, x, y);
            c = Vector256.FusedMultiplyAdd(c, x, y);
            d = Vector256.FusedMultiplyAdd(d, x, y);
            e = Vector256.FusedMultiplyAdd(e, x, y);
            f = Vector256.FusedMultiplyAdd(f, x, y);
            g = Vector256.FusedMultiplyAdd(g, x, y);
            h = Vector256.FusedMultiplyAdd(h, x, y);
            i = Vector256.FusedMultiplyAdd(i, x, y);
            j = Vector256.FusedMultiplyAdd(j, x, y);
            k = Vector256.FusedMultiplyAdd(k, x, y);
            l = Vector256.FusedMultiplyAdd(l, x, y);
        }

        return Vector256.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Run128(float seed)
    {
        Vector128<float> x = Vector128.Create(0.999f), y = Vector128.Create(1e-3f), a = Vector128.Create(seed);
        Vector128<float> b = a, c = a, d = a, e = a, f = a, g = a, h = a, i = a, j = a, k = a, l = a;
        for (int n = 0; n < Iterations; n++)
        {
            a = Vector128.FusedMultiplyAdd(a, x, y);
            b = Vector128.FusedMultiplyAdd(b, x, y);
            c = Vector128.FusedMultiplyAdd(c, x, y);
            d = Vector128.FusedMultiplyAdd(d, x, y);
            e = Vector128.FusedMultiplyAdd(e, x, y);
            f = Vector128.FusedMultiplyAdd(f, x, y);
            g = Vector128.FusedMultiplyAdd(g, x, y);
            h = Vector128.FusedMultiplyAdd(h, x, y);
            i = Vector128.FusedMultiplyAdd(i, x, y);
            j = Vector128.FusedMultiplyAdd(j, x, y);
            k = Vector128.FusedMultiplyAdd(k, x, y);
            l = Vector128.FusedMultiplyAdd(l, x, y);
        }

        return Vector128.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }
}
