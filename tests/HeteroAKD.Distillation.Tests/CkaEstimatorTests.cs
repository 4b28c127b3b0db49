namespace HeteroAKD.Distillation.Tests;

/// <summary>Centred kernel alignment from batches.</summary>
public sealed class CkaEstimatorTests
{
    private const int Images = 8;

    [Theory]
    [InlineData(CkaKernel.Linear)]
    [InlineData(CkaKernel.Rbf)]
    public void Same_maps_up_to_rotation_and_scale_give_one(CkaKernel kernel)
    {
        CkaEstimator cka = new(1, 2, kernel);
        Random random = new(3);
        for (int batch = 0; batch < 3; batch++)
        {
            float[] map = Normal(random, Images * 2);
            float[] turned = new float[map.Length];
            for (int i = 0; i < Images; i++)
            {
                turned[2 * i] = (float)(3 * ((0.6 * map[2 * i]) - (0.8 * map[(2 * i) + 1]))) + 5;
                turned[(2 * i) + 1] = (float)(3 * ((0.8 * map[2 * i]) + (0.6 * map[(2 * i) + 1]))) - 2;
            }

            cka.Add([Products(map)], [Products(map), Products(turned)], Images);
        }

        Assert.Equal(1, cka[0, 0], 1e-12);
        Assert.Equal(1, cka[0, 1], 1e-5);
    }

    /// <summary>The estimate is unbiased: independent maps come out near zero, whatever their width.</summary>
    [Theory]
    [InlineData(CkaKernel.Linear)]
    [InlineData(CkaKernel.Rbf)]
    public void Independent_maps_give_about_zero(CkaKernel kernel)
    {
        CkaEstimator cka = new(1, 1, kernel);
        Random random = new(4);
        for (int batch = 0; batch < 400; batch++)
        {
            cka.Add([Products(Normal(random, Images * 5))], [Products(Normal(random, Images * 50))], Images);
        }

        Assert.InRange(cka[0, 0], -0.05, 0.05);
    }

    /// <summary>
    /// HSIC₁ of one batch against the sum over all different quadruples that it is the closed form of (Song et al., JMLR 2012, Eq. 4): with distances instead
    /// of the formula's matrix products.
    /// </summary>
    [Fact]
    public void Hsic_is_the_mean_over_quadruples()
    {
        const int N = 6;
        Random random = new(5);
        double[] k = Symmetric(random, N);
        double[] l = Symmetric(random, N);
        double total = 0;
        int count = 0;
        for (int code = 0; code < N * N * N * N; code++)
        {
            int[] q = [code % N, code / N % N, code / (N * N) % N, code / (N * N * N)];
            if (q.Distinct().Count() == 4)
            {
                double K(int a, int b) => k[(q[a] * N) + q[b]];
                double L(int a, int b) => l[(q[a] * N) + q[b]];
                total += (K(0, 1) * L(0, 1)) + (K(0, 1) * L(2, 3)) - (2 * K(0, 1) * L(0, 2));
                count++;
            }
        }

        Assert.Equal(total / count, CkaEstimator.Hsic(k, l, N), 1e-12);
    }

    [Fact]
    public void Too_few_images_are_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new CkaEstimator(1, 1, CkaKernel.Linear).Add([new double[9]], [new double[9]], 3));

    /// <summary>Features are taken in blocks: more of them than a block holds, against plain sums of centred features.</summary>
    [Fact]
    public void Products_are_those_of_plain_sums()
    {
        const int N = 3;
        const int Width = 4096 + 5;
        float[] map = Normal(new Random(6), N * Width);
        double[] products = CkaEstimator.Products(map, N);
        for (int i = 0; i < N * N; i++)
        {
            double expected = Enumerable.Range(0, Width).Sum(d =>
            {
                double mean = Enumerable.Range(0, N).Average(k => (double)map[(k * Width) + d]);
                return (map[(i / N * Width) + d] - mean) * (map[(i % N * Width) + d] - mean);
            });
            Assert.Equal(expected, products[i], 1e-9 * Width);
        }
    }

    private static double[] Products(float[] map) => CkaEstimator.Products(map, Images);

    private static double[] Symmetric(Random random, int n)
    {
        double[] matrix = new double[n * n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                matrix[(i * n) + j] = matrix[(j * n) + i] = random.NextDouble();
            }
        }

        return matrix;
    }

    private static float[] Normal(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
}
