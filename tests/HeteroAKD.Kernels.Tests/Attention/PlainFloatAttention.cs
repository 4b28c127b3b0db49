using HeteroAKD.Kernels.Attention;

namespace HeteroAKD.Kernels.Tests.Attention;

/// <summary>Attention in float as one would write it down, with the whole score matrix: its error is what the kernels' error is measured by.</summary>
internal static class PlainFloatAttention
{
    /// <summary>o, dq and dkv of a single head.</summary>
    public static double[][] Run(double[] q, double[] kv, double[] dO, AttentionShape shape)
    {
        int d = shape.HeadSize;
        float scale = 1 / MathF.Sqrt(d);
        float[] o = new float[q.Length];
        float[] dq = new float[q.Length];
        float[] dkv = new float[kv.Length];
        float[] p = new float[shape.Keys];
        for (int i = 0; i < shape.Queries; i++)
        {
            Probabilities(q, kv, i, scale, p, d);
            float total = 0;
            float[] dp = new float[p.Length];
            for (int j = 0; j < p.Length; j++)
            {
                for (int c = 0; c < d; c++)
                {
                    o[(i * d) + c] += p[j] * (float)kv[(j * 2 * d) + d + c];
                    dp[j] += (float)dO[(i * d) + c] * (float)kv[(j * 2 * d) + d + c];
                }

                total += p[j] * dp[j];
            }

            for (int j = 0; j < p.Length; j++)
            {
                float ds = p[j] * (dp[j] - total) * scale;
                for (int c = 0; c < d; c++)
                {
                    dq[(i * d) + c] += ds * (float)kv[(j * 2 * d) + c];
                    dkv[(j * 2 * d) + c] += ds * (float)q[(i * d) + c];
                    dkv[(j * 2 * d) + d + c] += p[j] * (float)dO[(i * d) + c];
                }
            }
        }

        return [[.. o.Select(v => (double)v)], [.. dq.Select(v => (double)v)], [.. dkv.Select(v => (double)v)]];
    }

    private static void Probabilities(double[] q, double[] kv, int query, float scale, float[] p, int d)
    {
        Array.Clear(p);
        for (int j = 0; j < p.Length; j++)
        {
            for (int c = 0; c < d; c++)
            {
                p[j] += (float)q[(query * d) + c] * (float)kv[(j * 2 * d) + c];
            }

            p[j] *= scale;
        }

        float max = p.Max();
        float sum = 0;
        for (int j = 0; j < p.Length; j++)
        {
            p[j] = MathF.Exp(p[j] - max);
            sum += p[j];
        }

        for (int j = 0; j < p.Length; j++)
        {
            p[j] /= sum;
        }
    }
}
