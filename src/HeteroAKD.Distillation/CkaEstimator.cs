using MathNet.Numerics.Statistics;

namespace HeteroAKD.Distillation;

/// <summary>How alike two examples are for <see cref="CkaEstimator"/>.</summary>
public enum CkaKernel
{
    /// <summary>The inner product of their features.</summary>
    Linear,

    /// <summary>exp(-d² / (2 σ²)) with σ = 0.4 of the median distance of the batch's examples, one of the values of Kornblith et al., ICML 2019.</summary>
    Rbf,
}

/// <summary>
/// Centred kernel alignment between the maps of two networks, from batches: CKA = Σ HSIC₁(K, L) / √(Σ HSIC₁(K, K) · Σ HSIC₁(L, L)) with the unbiased HSIC₁ of a
/// batch (Nguyen, Raghu and Kornblith, ICLR 2021, Eq. 3). It does not depend on widths, sizes, rotation or scale of the maps. An example is an image with all
/// features of its map.
/// </summary>
internal sealed class CkaEstimator
{
    /// <summary>Fewest images of a batch: HSIC₁ divides by n - 3.</summary>
    public const int LeastImages = 4;

    private const double SigmaOfMedian = 0.4;
    private const int Block = 4096; // features that are centred at once

    private readonly CkaKernel _kernel;
    private readonly double[,] _cross; // Σ HSIC₁ of each pair
    private readonly double[] _first; // Σ HSIC₁ of each map of the first network with itself
    private readonly double[] _second;

    /// <summary>An estimator for two lists of maps.</summary>
    public CkaEstimator(int first, int second, CkaKernel kernel)
    {
        _kernel = kernel;
        _cross = new double[first, second];
        _first = new double[first];
        _second = new double[second];
    }

    /// <summary>
    /// CKA of a map of the first network and one of the second: 1 for equal up to rotation and scale, about 0 for independent ones, NaN before a batch or where
    /// a map is constant.
    /// </summary>
    public double this[int first, int second] => _cross[first, second] / Math.Sqrt(_first[first] * _second[second]);

    /// <summary>All values, [first, second].</summary>
    public double[,] Values()
    {
        double[,] values = new double[_first.Length, _second.Length];
        for (int i = 0; i < values.Length; i++)
        {
            (int first, int second) = (i / _second.Length, i % _second.Length);
            values[first, second] = this[first, second];
        }

        return values;
    }

    /// <summary>Inner products [images, images] of the features of a map, centred: what <see cref="Add"/> takes for either kernel.</summary>
    /// <param name="map">Features [images, …], row-major.</param>
    /// <param name="images">n.</param>
    public static double[] Products(ReadOnlySpan<float> map, int images)
    {
        int width = map.Length / images;
        double[] products = new double[images * images];
        double[] centred = new double[images * Math.Min(Block, width)]; // [images, block]
        for (int start = 0; start < width; start += Block)
        {
            int block = Math.Min(Block, width - start);
            Centre(map, centred, images, width, start, block);
            for (int i = 0; i < images; i++)
            {
                for (int j = 0; j <= i; j++)
                {
                    products[(i * images) + j] += Dot(centred.AsSpan(i * block, block), centred.AsSpan(j * block, block));
                }
            }
        }

        for (int i = 0; i < images * images; i++)
        {
            products[i] = i / images < i % images ? products[(i % images * images) + (i / images)] : products[i];
        }

        return products;
    }

    /// <summary>Takes a batch in.</summary>
    /// <param name="first">For each map of the first network its <see cref="Products"/>.</param>
    /// <param name="second">The second network's, of the same images.</param>
    /// <param name="images">At least <see cref="LeastImages"/>.</param>
    public void Add(IReadOnlyList<double[]> first, IReadOnlyList<double[]> second, int images)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(images, LeastImages);
        double[][] k = [.. first.Select(products => Similarities(products, images))];
        double[][] l = [.. second.Select(products => Similarities(products, images))];
        for (int i = 0; i < k.Length; i++)
        {
            _first[i] += Hsic(k[i], k[i], images);
            for (int j = 0; j < l.Length; j++)
            {
                _cross[i, j] += Hsic(k[i], l[j], images);
            }
        }

        for (int j = 0; j < l.Length; j++)
        {
            _second[j] += Hsic(l[j], l[j], images);
        }
    }

    /// <summary>
    /// HSIC₁ of two similarity matrices [n, n], whose diagonals are taken as zero: 1/(n(n-3)) · [tr(KL) + 1ᵀK1·1ᵀL1 / ((n-1)(n-2)) - 2/(n-2) · 1ᵀKL1].
    /// </summary>
    internal static double Hsic(double[] k, double[] l, int n)
    {
        double trace = 0;
        double[] rowsOfK = new double[n];
        double[] rowsOfL = new double[n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
            {
                if (i != j)
                {
                    trace += k[(i * n) + j] * l[(j * n) + i];
                    rowsOfK[i] += k[(i * n) + j];
                    rowsOfL[i] += l[(i * n) + j];
                }
            }
        }

        double product = rowsOfK.Zip(rowsOfL, (a, b) => a * b).Sum(); // both are symmetric
        return (trace + (rowsOfK.Sum() * rowsOfL.Sum() / ((n - 1.0) * (n - 2))) - (2 * product / (n - 2))) / (n * (n - 3.0));
    }

    // Centring changes no distance and no HSIC, but keeps a large mean from drowning the rest in rounding.
    private static void Centre(ReadOnlySpan<float> map, double[] centred, int images, int width, int start, int block)
    {
        for (int d = 0; d < block; d++)
        {
            double mean = 0;
            for (int i = 0; i < images; i++)
            {
                mean += map[(i * width) + start + d] / (double)images;
            }

            for (int i = 0; i < images; i++)
            {
                centred[(i * block) + d] = map[(i * width) + start + d] - mean;
            }
        }
    }

    private static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        double sum = 0;
        for (int d = 0; d < a.Length; d++)
        {
            sum += a[d] * b[d];
        }

        return sum;
    }

    private double[] Similarities(double[] products, int images) => _kernel == CkaKernel.Linear ? products : Gaussian(products, images);

    private static double[] Gaussian(double[] products, int n)
    {
        double[] squares = new double[n * n];
        for (int i = 0; i < n * n; i++)
        {
            (int a, int b) = (i / n, i % n);
            squares[i] = Math.Max(0, products[(a * n) + a] + products[(b * n) + b] - (2 * products[i]));
        }

        double median = Enumerable.Range(0, n * n).Where(i => i / n < i % n).Select(i => Math.Sqrt(squares[i])).Median();
        double sigma = SigmaOfMedian * median;
        return Array.ConvertAll(squares, d => sigma > 0 ? Math.Exp(-d / (2 * sigma * sigma)) : 1);
    }
}
