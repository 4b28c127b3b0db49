using System.Runtime.Intrinsics;
using HeteroAKD.Kernels.Lanes;

namespace HeteroAKD.Kernels.Tests.Lanes;

/// <summary>Every member but the elementary functions, on every width, against plain arithmetic on the same elements.</summary>
public sealed unsafe class LaneMemberTests
{
    // Two infinities, a NaN, both zeros, ties and signs; more than the widest lane holds.
    private static readonly float[] s_a =
        [1, -2.5f, 0, -0f, float.NaN, float.PositiveInfinity, 3.75f, -1e-40f, 7, 7, 1e30f, -1, 0.1f, 2, float.NegativeInfinity, 5, 0.3f, -4.2f];

    private static readonly float[] s_b =
        [2, -2.5f, -0f, 0, 1, 2, float.NaN, 1, -7, 8, 1e30f, -1, 3, 0.5f, 1, 5, 0.7f, 4.2f];

    private interface ILaneTest
    {
        void Run<T>()
            where T : unmanaged, ILane<T>;
    }

    [Fact]
    public void Arithmetic() => OnEveryLane(default(ArithmeticTest));

    [Fact]
    public void Divisions() => OnEveryLane(default(DivisionTest));

    [Fact]
    public void Memory() => OnEveryLane(default(MemoryTest));

    [Fact]
    public void Indices() => OnEveryLane(default(IndexTest));

    [Fact]
    public void Reductions() => OnEveryLane(default(ReductionTest));

    [Fact]
    public void UniformIsOneStreamOnAllLanes() => OnEveryLane(default(UniformTest));

    [Fact]
    public void UniformLooksUniform()
    {
        const int Count = 1 << 16;
        int[] bins = new int[64];
        double sum = 0;
        double product = 0;
        double last = 0.5;
        for (int i = 0; i < Count; i++)
        {
            double u = F32.Uniform(99, i).Value;
            Assert.InRange(u, 0, 1 - (1.0 / (1 << 24)));
            bins[(int)(u * 64)]++;
            sum += u;
            product += (u - 0.5) * (last - 0.5);
            last = u;
        }

        // Five standard deviations each: the mean's is 1/sqrt(12 n), the neighbours' covariance 1/(12 sqrt n); χ² of 63 degrees has deviation sqrt(126).
        Assert.InRange(sum / Count, 0.5 - (5 / Math.Sqrt(12.0 * Count)), 0.5 + (5 / Math.Sqrt(12.0 * Count)));
        Assert.InRange(product / Count, -5 / (12 * Math.Sqrt(Count)), 5 / (12 * Math.Sqrt(Count)));
        double expected = Count / 64.0;
        Assert.InRange(bins.Sum(b => (b - expected) * (b - expected) / expected), 63 - (5 * Math.Sqrt(126)), 63 + (5 * Math.Sqrt(126)));
    }

    private static void OnEveryLane<TTest>(TTest test)
        where TTest : struct, ILaneTest
    {
        test.Run<F32>();
        test.Run<F32x4>();
        if (Vector256.IsHardwareAccelerated)
        {
            test.Run<F32x8>();
        }

        if (Vector512.IsHardwareAccelerated)
        {
            test.Run<F32x16>();
        }
    }

    private static T At<T>(float[] values, int index)
        where T : unmanaged, ILane<T>
    {
        fixed (float* p = values)
        {
            return T.Load(new Mem(p), index);
        }
    }

    private static float[] Elements<T>(T lane)
        where T : unmanaged, ILane<T>
    {
        float[] elements = new float[T.Width];
        fixed (float* p = elements)
        {
            T.Store(new Mem(p), 0, lane);
        }

        return elements;
    }

    private readonly struct ArithmeticTest : ILaneTest
    {
        public void Run<T>()
            where T : unmanaged, ILane<T>
        {
            Each<T>("+", (a, b) => a + b, (a, b) => a + b);
            Each<T>("-", (a, b) => a - b, (a, b) => a - b);
            Each<T>("*", (a, b) => a * b, (a, b) => a * b);
            Each<T>("/", (a, b) => a / b, (a, b) => a / b);
            Each<T>("negate", (a, b) => -a, (a, b) => -a);
            Each<T>("fma", (a, b) => T.Fma(a, b, a), (a, b) => MathF.FusedMultiplyAdd(a, b, a));
            Each<T>("negated fma", (a, b) => T.NegatedFma(a, b, a), (a, b) => MathF.FusedMultiplyAdd(-a, b, a));
            Each<T>("max", T.Max, (a, b) => float.IsNaN(a) || float.IsNaN(b) ? float.NaN : a > b ? a : b);
            Each<T>("min", T.Min, (a, b) => float.IsNaN(a) || float.IsNaN(b) ? float.NaN : a < b ? a : b);
            Each<T>("larger", T.Larger, (a, b) => a > b ? a : b);
            Each<T>("abs", (a, b) => T.Abs(a), (a, b) => MathF.Abs(a));
            Each<T>("floor", (a, b) => T.Floor(a), (a, b) => MathF.Floor(a));
            Each<T>("select greater", (a, b) => T.SelectGreater(a, b, T.Splat(1f), T.Splat(2f)), (a, b) => a > b ? 1 : 2);
            Each<T>("select equal", (a, b) => T.SelectEqual(a, b, T.Splat(1f), T.Splat(2f)), (a, b) => a == b ? 1 : 2);
            Each<T>("splat", (a, b) => T.Splat(-3), (a, b) => -3);
        }

        private static void Each<T>(string name, Func<T, T, T> lane, Func<float, float, float> plain)
            where T : unmanaged, ILane<T>
        {
            for (int start = 0; start + T.Width <= s_a.Length; start++)
            {
                float[] result = Elements(lane(At<T>(s_a, start), At<T>(s_b, start)));
                for (int i = 0; i < T.Width; i++)
                {
                    float expected = plain(s_a[start + i], s_b[start + i]);

                    // Which zero the larger of two zeros is, is left open.
                    bool same = expected.Equals(result[i]) || (expected == 0 && result[i] == 0);
                    Assert.True(same, $"{typeof(T).Name} {name} of {s_a[start + i]} and {s_b[start + i]}: expected {expected}, got {result[i]}");
                }
            }
        }
    }

    private readonly struct DivisionTest : ILaneTest
    {
        // Prime steps through the mantissas, at several distances of the exponents.
        private const int NumeratorStep = 104_729;
        private const int DenominatorStep = 7_919;

        public void Run<T>()
            where T : unmanaged, ILane<T>
        {
            float[] b = [.. Enumerable.Range(0, (1 << 23) / DenominatorStep).Select(i => BitConverter.Int32BitsToSingle(0x3f800000 + (i * DenominatorStep)))];
            float[] powers = [1, -1, 1.1529215e18f, 8.6736174e-19f];
            for (int mantissa = 0; mantissa < 1 << 23; mantissa += NumeratorStep)
            {
                float a = BitConverter.Int32BitsToSingle(0x3f800000 + mantissa) * powers[mantissa % powers.Length];
                for (int start = 0; start + T.Width <= b.Length; start += T.Width)
                {
                    float[] quotients = Elements(T.DivideNormal(T.Splat(a), At<T>(b, start)));
                    for (int i = 0; i < T.Width; i++)
                    {
                        Assert.True(
                            quotients[i] == a / b[start + i], $"{typeof(T).Name}: {a:R} / {b[start + i]:R} is {a / b[start + i]:R}, got {quotients[i]:R}");
                    }
                }
            }

            Assert.All(Elements(T.DivideNormal(T.Splat(0f), T.Splat(3f))), q => Assert.Equal(0f, q));
            Assert.All(Elements(T.DivideNormal(T.Splat(float.NaN), T.Splat(3f))), q => Assert.Equal(float.NaN, q));
            Assert.All(Elements(T.DivideNormal(T.Splat(3f), T.Splat(float.NaN))), q => Assert.Equal(float.NaN, q));
        }
    }

    private readonly struct MemoryTest : ILaneTest
    {
        public void Run<T>()
            where T : unmanaged, ILane<T>
        {
            float[] source = [.. Enumerable.Range(0, 64).Select(i => i + 0.5f)];
            fixed (float* p = source)
            {
                Mem memory = new(p);
                Assert.Equal(source[7..(7 + T.Width)], Elements(T.Load(memory, 7)));
                Assert.All(Elements(T.LoadSplat(memory, 9)), v => Assert.Equal(9.5f, v));
                Assert.Equal(Enumerable.Range(0, T.Width).Select(i => 2 + (3f * i) + 0.5f), Elements(T.Gather(memory, 2, T.Iota(0) * T.Splat(3f))));
                Assert.Equal(Enumerable.Range(5, T.Width).Select(i => (float)i), Elements(T.Iota(5)));
            }

            for (int count = 1; count <= T.Width + 1; count++)
            {
                Part<T>(source, count);
            }
        }

        // Only the first count elements may be read or written, whatever lies behind them.
        private static void Part<T>(float[] source, int count)
            where T : unmanaged, ILane<T>
        {
            int real = Math.Min(count, T.Width);
            float[] target = new float[T.Width + 2];
            Array.Fill(target, -1f);
            fixed (float* p = source, q = target)
            {
                float[] loaded = Elements(T.LoadPart(new Mem(p), 3, count, T.Splat(-9f)));
                Assert.Equal(Enumerable.Range(0, T.Width).Select(i => i < real ? source[3 + i] : -9f), loaded);
                T.StorePart(new Mem(q), 1, count, T.Load(new Mem(p), 3));
            }

            Assert.Equal(Enumerable.Range(-1, T.Width + 2).Select(i => i >= 0 && i < real ? source[3 + i] : -1f), target);
        }
    }

    private readonly struct IndexTest : ILaneTest
    {
        public void Run<T>()
            where T : unmanaged, ILane<T>
        {
            int[] labels = [.. Enumerable.Range(0, 64).Select(i => (i * 37 % 101) - 1)];
            labels[5] = (1 << 24) - 1;
            int[] written = new int[T.Width + 2];
            fixed (int* p = labels, q = written)
            {
                IndexMem memory = new(p);
                Assert.Equal(labels[4..(4 + T.Width)].Select(v => (float)v), Elements(T.LoadIndex(memory, 4)));
                Assert.Equal(Enumerable.Range(0, T.Width).Select(i => (float)labels[1 + (2 * i)]), Elements(T.GatherIndex(memory, 1, T.Iota(0) * T.Splat(2f))));
                T.StoreIndex(new IndexMem(q), 1, T.LoadIndex(memory, 4));
            }

            Assert.Equal([0, .. labels[4..(4 + T.Width)], 0], written);
        }
    }

    private readonly struct ReductionTest : ILaneTest
    {
        public void Run<T>()
            where T : unmanaged, ILane<T>
        {
            float[] values = [.. Enumerable.Range(0, T.Width).Select(i => (i * 7 % 16) - 5f)];
            Assert.Equal(values.Sum(), T.SumAcross(At<T>(values, 0)));
            Assert.Equal(values.Max(), T.MaxAcross(At<T>(values, 0)));
            Assert.All(Elements(T.SplatReduced(0.75)), v => Assert.Equal(0.75f, v));
            for (int i = 0; i < T.Width; i++)
            {
                float[] broken = [.. values];
                broken[i] = float.NaN;
                Assert.True(double.IsNaN(T.MaxAcross(At<T>(broken, 0))), $"{typeof(T).Name}: NaN at {i} was lost");
            }
        }
    }

    private readonly struct UniformTest : ILaneTest
    {
        public void Run<T>()
            where T : unmanaged, ILane<T>
        {
            foreach (int key in new[] { 0, 1, -1, int.MinValue, 123456789 })
            {
                foreach (int index in new[] { 0, 1, 1000, int.MaxValue - 20 })
                {
                    float[] drawn = Elements(T.Uniform(key, index));
                    for (int i = 0; i < T.Width; i++)
                    {
                        Assert.Equal(F64.Uniform(key, index + i).Value, drawn[i]);
                    }
                }
            }
        }
    }
}
