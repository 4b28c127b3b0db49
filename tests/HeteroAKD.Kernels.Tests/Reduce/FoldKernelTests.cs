using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Reduce;
using HeteroAKD.Kernels.Tests.Support;

namespace HeteroAKD.Kernels.Tests.Reduce;

/// <summary>Both stages of a fold against the plain loop, with rows and axes shorter than a piece, of a piece, and longer.</summary>
public sealed class FoldKernelTests
{
    private const int Piece = 16;

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 16)]
    [InlineData(5, 67)]
    [InlineData(2, 240)]
    public void Rows(int outer, int length)
    {
        RowsOf<SumFold>(outer, length, 3);
        RowsOf<MaxFold>(outer, length, 1);
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(2, 16, 5)]
    [InlineData(3, 37, 4)]
    [InlineData(1, 200, 19)]
    public void Axes(int outer, int length, int inner)
    {
        AxesOf<SumFold>(outer, length, inner, 7);
        AxesOf<MaxFold>(outer, length, inner, 1);
    }

    private static int Pieces(int length) => (length + Piece - 1) / Piece;

    private static void RowsOf<TFold>(int outer, int length, int divisor)
        where TFold : struct, IFold
    {
        double[] x = KernelCheck.Numbers(outer * length, length);
        double[] y = new double[outer];
        RowFoldKernel<TFold>.Reference(x, y, length, divisor);
        KernelCheck.Matches(2e-6, [y], host =>
        {
            int pieces = Pieces(length);
            Mem partials = host.Output(outer * pieces);
            host.Launcher.Rows(
                new RowFoldKernel<TFold>(host.Input(x), partials, length, Piece, pieces, 1), outer * pieces, KernelCheck.SmallTiles, host.Precision);
            Mem result = host.Output(outer);
            host.Launcher.Rows(new RowFoldKernel<TFold>(partials, result, pieces, Piece, 1, divisor), outer, KernelCheck.SmallTiles, host.Precision);
            return [result];
        });
    }

    private static void AxesOf<TFold>(int outer, int length, int inner, int divisor)
        where TFold : struct, IFold
    {
        double[] x = KernelCheck.Numbers(outer * length * inner, length);
        double[] y = new double[outer * inner];
        AxisFoldKernel<TFold>.Reference(x, y, length, inner, divisor);
        KernelCheck.Matches(2e-6, [y], host =>
        {
            int pieces = Pieces(length);
            Mem partials = host.Output(outer * pieces * inner);
            host.Launcher.Pixel(
                new AxisFoldKernel<TFold>(
                    host.Input(x), partials, length, inner, Piece, pieces, 1), outer * pieces, inner, KernelCheck.SmallTiles, host.Precision);
            Mem result = host.Output(outer * inner);
            host.Launcher.Pixel(
                new AxisFoldKernel<TFold>(partials, result, pieces, inner, Piece, 1, divisor), outer, inner, KernelCheck.SmallTiles, host.Precision);
            return [result];
        });
    }
}
