using System.Numerics;

namespace HeteroAKD.Tensors.Tests.Checks;

/// <summary>
/// The loops that anyone would write, over float or double: one accumulator, no fused multiply-add, the platform's functions. What float32 loses in them is the
/// measure of <see cref="FloatTolerance"/>. Inputs and results are doubles that floats hold.
/// </summary>
internal static class PlainLoops
{
    public const int Classes = 5;
    public const int HeadSize = 16;

    /// <summary>x / 0.7 + r, pairs.</summary>
    public static double[] ScaleAndAdd<T>(double[] pairs)
        where T : IFloatingPointIeee754<T>
    {
        T kept = T.One - From<T>(0.3f);
        return [.. Enumerable.Range(0, pairs.Length / 2).Select(i => To((From<T>(pairs[2 * i]) / kept) + From<T>(pairs[(2 * i) + 1])))];
    }

    /// <summary>x / (1 + e^-x).</summary>
    public static double[] Silu<T>(double[] x)
        where T : IFloatingPointIeee754<T> => [.. x.Select(v => To(From<T>(v) * (T.One / (T.One + T.Exp(-From<T>(v))))))];

    /// <summary>Dot products of two halves, rows of <paramref name="n"/>.</summary>
    public static double[] Dot<T>(double[] x, int n)
        where T : IFloatingPointIeee754<T>
    {
        double[] result = new double[x.Length / (2 * n)];
        for (int row = 0; row < result.Length; row++)
        {
            T sum = T.Zero;
            for (int i = 0; i < n; i++)
            {
                sum += From<T>(x[(row * n) + i]) * From<T>(x[(x.Length / 2) + (row * n) + i]);
            }

            result[row] = To(sum);
        }

        return result;
    }

    /// <summary>The gradient of layer normalisation over rows of <paramref name="n"/>: input in the first half, upstream gradient in the second.</summary>
    public static double[] LayerNormGradient<T>(double[] x, int n)
        where T : IFloatingPointIeee754<T>
    {
        double[] result = new double[x.Length / 2];
        T count = T.CreateChecked(n);
        for (int row = 0; row < result.Length; row += n)
        {
            T[] values = [.. x[row..(row + n)].Select(From<T>)];
            T[] upstream = [.. x[(result.Length + row)..(result.Length + row + n)].Select(From<T>)];
            T mean = Sum(values) / count;
            T rstd = T.One / T.Sqrt((Sum(values.Select(v => (v - mean) * (v - mean))) / count) + From<T>(1e-5f));
            T[] normal = [.. values.Select(v => (v - mean) * rstd)];
            T a = Sum(upstream) / count;
            T b = Sum(upstream.Zip(normal, (g, v) => g * v)) / count;
            for (int i = 0; i < n; i++)
            {
                result[row + i] = To(rstd * (upstream[i] - a - (normal[i] * b)));
            }
        }

        return result;
    }

    /// <summary>The gradient of softmax, laid out as for <see cref="LayerNormGradient"/>.</summary>
    public static double[] SoftmaxGradient<T>(double[] x, int n)
        where T : IFloatingPointIeee754<T>
    {
        double[] result = new double[x.Length / 2];
        for (int row = 0; row < result.Length; row += n)
        {
            T[] y = Softmax([.. x[row..(row + n)].Select(From<T>)]);
            T[] upstream = [.. x[(result.Length + row)..(result.Length + row + n)].Select(From<T>)];
            T dot = Sum(y.Zip(upstream, (p, g) => p * g));
            for (int i = 0; i < n; i++)
            {
                result[row + i] = To(y[i] * (upstream[i] - dot));
            }
        }

        return result;
    }

    /// <summary>One query after another against <paramref name="keys"/> keys and values, which come first.</summary>
    public static double[] Attention<T>(double[] x, int keys)
        where T : IFloatingPointIeee754<T>
    {
        T[] all = [.. x.Select(From<T>)];
        int start = 2 * keys * HeadSize;
        T scale = T.One / T.Sqrt(T.CreateChecked(HeadSize));
        List<double> result = [];
        for (int q = start; q < x.Length; q += HeadSize)
        {
            T[] weights = Softmax(
                [.. Enumerable.Range(0, keys).Select(j => scale * Sum(Enumerable.Range(0, HeadSize).Select(c => all[q + c] * all[(j * HeadSize) + c])))]);
            result.AddRange(
                Enumerable.Range(0, HeadSize).Select(c => To(Sum(Enumerable.Range(0, keys).Select(j => weights[j] * all[((keys + j) * HeadSize) + c])))));
        }

        return [.. result];
    }

    /// <summary>Mean KL(q ‖ p) over pixels of <see cref="Classes"/> logits: student in the first half, teacher in the second.</summary>
    public static double[] Divergence<T>(double[] x)
        where T : IFloatingPointIeee754<T>
    {
        T total = T.Zero;
        EachPixel<T>(x, (p, q) =>
        {
            for (int c = 0; c < Classes; c++)
            {
                total += T.Exp(q[c]) * (q[c] - p[c]);
            }
        });
        return [To(total / T.CreateChecked(x.Length / 2 / Classes))];
    }

    /// <summary>The gradient of <see cref="Divergence"/> for the student.</summary>
    public static double[] DivergenceGradient<T>(double[] x)
        where T : IFloatingPointIeee754<T>
    {
        List<double> result = [];
        T pixels = T.CreateChecked(x.Length / 2 / Classes);
        EachPixel<T>(x, (p, q) => result.AddRange(p.Zip(q, (a, b) => To((T.Exp(a) - T.Exp(b)) / pixels))));
        return [.. result];
    }

    private static void EachPixel<T>(double[] x, Action<T[], T[]> visit)
        where T : IFloatingPointIeee754<T>
    {
        for (int i = 0; i < x.Length / 2; i += Classes)
        {
            visit(LogSoftmax<T>(x.AsSpan(i, Classes)), LogSoftmax<T>(x.AsSpan((x.Length / 2) + i, Classes)));
        }
    }

    private static T[] LogSoftmax<T>(ReadOnlySpan<double> x)
        where T : IFloatingPointIeee754<T>
    {
        T[] values = [.. x.ToArray().Select(From<T>)];
        T max = values.Max()!;
        T log = T.Log(Sum(values.Select(v => T.Exp(v - max))));
        return [.. values.Select(v => v - max - log)];
    }

    private static T[] Softmax<T>(T[] x)
        where T : IFloatingPointIeee754<T>
    {
        T max = x.Max()!;
        T[] powers = [.. x.Select(v => T.Exp(v - max))];
        T sum = Sum(powers);
        return [.. powers.Select(v => v / sum)];
    }

    private static T Sum<T>(IEnumerable<T> values)
        where T : IFloatingPointIeee754<T> => values.Aggregate(T.Zero, (a, b) => a + b);

    private static T From<T>(double value)
        where T : IFloatingPointIeee754<T> => T.CreateChecked(value);

    private static double To<T>(T value)
        where T : IFloatingPointIeee754<T> => double.CreateChecked(value);
}
