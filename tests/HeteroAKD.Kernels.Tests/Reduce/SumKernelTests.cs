using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Reduce;
using HeteroAKD.Kernels.Tests.Support;

namespace HeteroAKD.Kernels.Tests.Reduce;

public sealed class SumKernelTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 3)]
    [InlineData(5, 67)]
    [InlineData(130, 16)]
    public void RowsColumnsAndTotal(int rows, int columns)
    {
        double[] x = KernelCheck.Numbers(rows * columns, rows);
        double[] rowMeans = new double[rows];
        double[] columnSums = new double[columns];
        RowSumKernel<ElementTerm>.Reference(x, rowMeans, columns, columns);
        ColumnSumKernel<ElementTerm>.Reference(x, columnSums);
        double squares = TotalKernel<SquareTerm>.Reference([.. x.Select(v => v * v)], 1);
        KernelCheck.Matches(2e-6, [rowMeans, columnSums, [squares, 0, 0, 0, 0, 0, 0, 0]], host =>
        {
            Mem input = host.Input(x);
            Mem means = host.Output(rows);
            host.Launcher.Rows(new RowSumKernel<ElementTerm>(new(input, columns), means, columns, columns), rows, KernelCheck.SmallTiles, host.Precision);
            const int TileRows = 4;
            int tiles = ColumnSumKernel<ElementTerm>.Tiles(rows, TileRows);
            Mem partials = host.Output(tiles * columns);
            host.Launcher.Pixel(
                new ColumnSumKernel<ElementTerm>(
                    new(input, columns), partials, rows, columns, TileRows), tiles, columns, KernelCheck.SmallTiles, host.Precision);
            Mem sums = host.Output(columns);
            host.Launcher.Pixel(new CombineKernel(partials, sums, tiles, columns), 1, columns, KernelCheck.SmallTiles, host.Precision);
            Mem total = host.Output(Sums<F64>.Count);
            host.Launcher.PixelSums(new TotalKernel<SquareTerm>(new(input, columns), 1), rows, columns, KernelCheck.SmallTiles, total, host.Precision);
            return [means, sums, total];
        });
    }
}
