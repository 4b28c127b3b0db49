using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Reduce;
using HeteroAKD.Kernels.Tests.Support;

namespace HeteroAKD.Kernels.Tests.Reduce;

public sealed class LayerNormKernelTests
{
    private const float Epsilon = 1e-6f;
    private const int TileRows = 4;

    [Theory]
    [InlineData(1, 2)]
    [InlineData(9, 32)]
    [InlineData(5, 67)]
    [InlineData(3, 160)]
    [InlineData(4, 1)]
    public void ForwardAndGradients(int rows, int columns)
    {
        double[] x = KernelCheck.Between(1, 5, rows * columns, 1);
        double[] dy = KernelCheck.Numbers(x.Length, 2);
        double[] weight = KernelCheck.Between(0.5, 2, columns, 3);
        double[] bias = KernelCheck.Numbers(columns, 4);
        double[] y = new double[x.Length];
        double[] mean = new double[rows];
        double[] rstd = new double[rows];
        double[] dx = new double[x.Length];
        double[] dweight = new double[columns];
        double[] dbias = new double[columns];
        LayerNormKernel.Reference(x, weight, bias, y, mean, rstd, Epsilon);
        LayerNormGradientKernel.Reference(x, dy, weight, mean, rstd, dx, dweight, dbias);
        KernelCheck.Matches(3e-6, [y, mean, rstd, dx, dweight, dbias], host =>
        {
            Mem input = host.Input(x);
            Mem upstream = host.Input(dy);
            Mem w = host.Input(weight);
            Mem output = host.Output(x.Length);
            Mem m = host.Output(rows);
            Mem r = host.Output(rows);
            Mem gradient = host.Output(x.Length);
            LayerNormKernel forward = new(input, w, host.Input(bias), output, m, r, columns, Epsilon);
            host.Launcher.Rows(forward, rows, KernelCheck.SmallTiles, host.Precision);
            LayerNormGradientKernel backward = new(input, upstream, w, m, r, gradient, columns);
            host.Launcher.Rows(backward, rows, KernelCheck.SmallTiles, host.Precision);
            Mem weightGradient = ColumnSums(host, new LayerNormWeightTerm(input, upstream, m, r, columns), rows, columns);
            Mem biasGradient = ColumnSums(host, new ElementTerm(upstream, columns), rows, columns);
            return [output, m, r, gradient, weightGradient, biasGradient];
        });
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(5, 67)]
    [InlineData(300, 160)]
    [InlineData(4, 1)]
    [InlineData(130, 300)]
    public void AllGradientsInOneWalk(int rows, int columns)
    {
        double[] x = KernelCheck.Between(1, 5, rows * columns, 1);
        double[] dy = KernelCheck.Numbers(x.Length, 2);
        double[] weight = KernelCheck.Between(0.5, 2, columns, 3);
        double[] mean = new double[rows];
        double[] rstd = new double[rows];
        double[] dx = new double[x.Length];
        double[] dweight = new double[columns];
        double[] dbias = new double[columns];
        LayerNormKernel.Reference(x, weight, new double[columns], new double[x.Length], mean, rstd, Epsilon);
        LayerNormGradientKernel.Reference(x, dy, weight, mean, rstd, dx, dweight, dbias);
        KernelCheck.Matches(1e-5, [dx, dweight, dbias], host =>
        {
            // dx takes dy's place.
            Mem gradient = host.Input(dy);
            Mem weightGradient = host.Output(columns);
            Mem biasGradient = host.Output(columns);
            LayerNormBackward backward = new(
                host.Input(x), gradient, host.Input(weight), host.Input(mean), host.Input(rstd), gradient, weightGradient, biasGradient, rows, columns);
            HostLayerNormGradient.Run(host.Launcher.Pool, backward, host.Precision);
            return [gradient, weightGradient, biasGradient];
        });
    }

    private static Mem ColumnSums<TTerm>(HostRun host, TTerm term, int rows, int columns)
        where TTerm : struct, ITerm
    {
        int tiles = ColumnSumKernel<TTerm>.Tiles(rows, TileRows);
        Mem partials = host.Output(tiles * columns);
        Mem sums = host.Output(columns);
        host.Launcher.Pixel(new ColumnSumKernel<TTerm>(term, partials, rows, columns, TileRows), tiles, columns, KernelCheck.SmallTiles, host.Precision);
        host.Launcher.Pixel(new CombineKernel(partials, sums, tiles, columns), 1, columns, KernelCheck.SmallTiles, host.Precision);
        return sums;
    }
}
