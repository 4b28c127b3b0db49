using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;

namespace HeteroAKD.Kernels.Attention;

/// <summary>
/// The products and the element-wise work between them, on blocks that lie with their "along" tokens in one or two vectors: scores are [across, vectors].
/// Softmax and its gradient then need no sum across a vector, and what one product writes is what the next one reads.
/// </summary>
internal static unsafe class AttentionTile<TLane>
    where TLane : unmanaged, ILane<TLane>
{
    /// <summary>scores[across, vectors] = panels · columns. Rows up to the next whole panel are written too.</summary>
    public static void Scores(byte* panels, int across, TLane* columns, int vectors, int headSize, TLane* scores)
    {
        TileColumns right = TileColumns.Even((byte*)columns, vectors * sizeof(TLane));
        for (int j = 0; j < across;)
        {
            int rows = RegisterTile<TLane>.PanelRows(across - j);
            RegisterTile<TLane>.Multiply(rows, vectors, panels, right, headSize, scores + (j * vectors));
            panels += rows * headSize * RegisterTile<TLane>.ElementSize;
            j += rows;
        }
    }

    /// <summary>
    /// sums[d, vectors] = factor · sums + Σ over across of panels · weights; the first block only writes. factors holds a lane for each vector.
    /// </summary>
    public static void AddSums(byte* panels, int headSize, TLane* weights, int across, int vectors, TLane* sums, bool first, TLane* factors, TLane* tile)
    {
        TileColumns right = TileColumns.Even((byte*)weights, vectors * sizeof(TLane));
        for (int c = 0; c < headSize;)
        {
            int rows = RegisterTile<TLane>.PanelRows(headSize - c);
            TLane* target = sums + (c * vectors);
            RegisterTile<TLane>.Multiply(rows, vectors, panels, right, across, first ? target : tile);
            if (!first)
            {
                Accumulate(tile, rows, vectors, target, factors);
            }

            panels += rows * across * RegisterTile<TLane>.ElementSize;
            c += rows;
        }
    }

    /// <summary>values[rows, vectors] ·= factors[vectors].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Scale(TLane* values, int rows, int vectors, TLane* factors)
    {
        for (int v = 0; v < vectors; v++)
        {
            TLane factor = factors[v];
            for (int i = v; i < rows * vectors; i += vectors)
            {
                values[i] *= factor;
            }
        }
    }

    /// <summary>
    /// One block of the online softmax (Milakov and Gimelshein, 2018) for one vector of queries: scores become e^(scale·s - max) with the largest scaled
    /// score so far; max and sum are brought up to date. Returns what earlier sums are worth now.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static TLane Softmax(TLane* scores, int across, int vectors, TLane scale, bool first, ref TLane max, ref TLane sum)
    {
        // Two running maxima, as each step of a single one would wait for the step before. Larger drops a NaN, but the exponential of its score is NaN again.
        TLane even = scores[0];
        TLane odd = even;
        int j = 1;
        for (; j + 1 < across; j += 2)
        {
            even = TLane.Larger(even, scores[j * vectors]);
            odd = TLane.Larger(odd, scores[(j + 1) * vectors]);
        }

        even = j < across ? TLane.Larger(even, scores[j * vectors]) : even;
        TLane top = TLane.Larger(even, odd) * scale;
        top = first ? top : TLane.Larger(max, top);
        TLane total = TLane.Splat(0f);
        for (j = 0; j < across; j++)
        {
            TLane p = TLane.ExpNonpositive(TLane.Fma(scores[j * vectors], scale, -top));
            scores[j * vectors] = p;
            total += p;
        }

        TLane factor = first ? TLane.Splat(0f) : TLane.ExpNonpositive(max - top);
        sum = first ? total : TLane.Fma(sum, factor, total);
        max = top;
        return factor;
    }

    /// <summary>For one vector of queries: scores become p = e^(scale·s - lse) and products ds = p (dp - delta).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ProbabilitiesAndGradients(TLane* scores, TLane* products, int across, int vectors, TLane scale, TLane lse, TLane delta)
    {
        for (int i = 0; i < across * vectors; i += vectors)
        {
            TLane p = TLane.ExpNonpositive(TLane.Fma(scores[i], scale, -lse));
            scores[i] = p;
            products[i] = p * (products[i] - delta);
        }
    }

    /// <summary>Σ over d of a · b, both [d, vectors], for one vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static TLane Dot(TLane* a, TLane* b, int headSize, int vectors)
    {
        TLane sum = TLane.Splat(0f);
        for (int i = 0; i < headSize * vectors; i += vectors)
        {
            sum = TLane.Fma(a[i], b[i], sum);
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Accumulate(TLane* tile, int rows, int vectors, TLane* sums, TLane* factors)
    {
        for (int v = 0; v < vectors; v++)
        {
            TLane factor = factors[v];
            for (int i = v; i < rows * vectors; i += vectors)
            {
                sums[i] = TLane.Fma(sums[i], factor, tile[i]);
            }
        }
    }
}
