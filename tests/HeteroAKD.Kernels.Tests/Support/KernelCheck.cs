using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Tests.Support;

/// <summary>Holds kernels against their references: double lanes closely, float lanes within a stated error, the same bits on any number of threads.</summary>
public static class KernelCheck
{
    private const double DoubleTolerance = 2e-12;

    /// <summary>So large a work per element that every tile is as small as tiles get: many tiles even on small shapes.</summary>
    public const int SmallTiles = 1 << 15;

    /// <summary>
    /// Runs <paramref name="run"/>, which returns the buffers to compare, in both precisions on 1, 2 and 3 threads. <paramref name="floatTolerance"/> is the
    /// error allowed to float lanes, absolute below 1 and relative above.
    /// </summary>
    public static void Matches(double floatTolerance, double[][] expected, Func<HostRun, Mem[]> run)
    {
        foreach (HostPrecision precision in Enum.GetValues<HostPrecision>())
        {
            double tolerance = precision == HostPrecision.Float64 ? DoubleTolerance : floatTolerance;
            double[][] single = Outputs(precision, 1, run);
            Assert.Equal(expected.Length, single.Length);
            for (int k = 0; k < expected.Length; k++)
            {
                Close(expected[k], single[k], tolerance, $"output {k}, {precision}");
            }

            for (int threads = 2; threads <= 3; threads++)
            {
                double[][] several = Outputs(precision, threads, run);
                for (int k = 0; k < expected.Length; k++)
                {
                    Assert.Equal(single[k].Select(BitConverter.DoubleToInt64Bits), several[k].Select(BitConverter.DoubleToInt64Bits));
                }
            }
        }
    }

    /// <summary>Numbers in [-range, range] that floats hold exactly, so that both precisions see the same input.</summary>
    public static double[] Numbers(int length, int seed, double range = 2)
    {
        Random random = new(seed);
        double[] values = new double[length];
        for (int i = 0; i < length; i++)
        {
            values[i] = (float)(((random.NextDouble() * 2) - 1) * range);
        }

        return values;
    }

    /// <summary>Numbers in [low, high] that floats hold exactly.</summary>
    public static double[] Between(double low, double high, int length, int seed) =>
        [.. Numbers(length, seed, 1).Select(v => (double)(float)(low + ((v + 1) / 2 * (high - low))))];

    /// <summary>Fails at the first number that is off by more than the tolerance; NaN equals NaN only.</summary>
    public static void Close(double[] expected, double[] actual, double tolerance, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            bool same = expected[i].Equals(actual[i]) || Math.Abs(expected[i] - actual[i]) <= tolerance * Math.Max(1, Math.Abs(expected[i]));
            Assert.True(same, $"{what}[{i}]: expected {expected[i]:R}, got {actual[i]:R}");
        }
    }

    private static double[][] Outputs(HostPrecision precision, int threads, Func<HostRun, Mem[]> run)
    {
        using HostRun host = new(precision, threads);
        return [.. run(host).Select(host.Read)];
    }
}
