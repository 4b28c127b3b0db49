using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Pixelwise;
using HeteroAKD.Kernels.Reduce;
using HeteroAKD.Kernels.Tests.Support;

namespace HeteroAKD.Kernels.Tests.Pixelwise;

public sealed class BinaryKernelTests
{
    private const int TileRows = 3;

    // [N, C, columns]; the rows of the launch are N·C.
    private static readonly (int Images, int Channels, int Columns)[] s_shapes = [(1, 1, 1), (2, 3, 5), (3, 5, 67), (1, 4, 16), (4, 1, 129)];

    [Fact]
    public void SameShapes() => AllOperators<SameShape>((n, c, k) => n * c * k);

    [Fact]
    public void ChannelVector() => AllOperators<PerChannel>((n, c, k) => c);

    [Fact]
    public void ColumnVector() => AllOperators<PerColumn>((n, c, k) => k);

    [Fact]
    public void ScalarInMemory() => AllOperators<Scalar>((n, c, k) => 1);

    [Fact]
    public void BroadcastDividendIsSwapped() => Check<Swapped<Divide>, PerChannel>((n, c, k) => c);

    private static void AllOperators<TBroadcast>(Func<int, int, int, int> length)
        where TBroadcast : struct, IBroadcast
    {
        Check<Add, TBroadcast>(length);
        Check<Subtract, TBroadcast>(length);
        Check<Multiply, TBroadcast>(length);
        Check<Divide, TBroadcast>(length);
    }

    private static void Check<TOperator, TBroadcast>(Func<int, int, int, int> length)
        where TOperator : struct, IBinaryOperator
        where TBroadcast : struct, IBroadcast
    {
        foreach ((int images, int channels, int columns) in s_shapes)
        {
            int rows = images * channels;
            double[] a = KernelCheck.Between(0.5, 2, rows * columns, 1);
            double[] b = KernelCheck.Between(0.5, 2, length(images, channels, columns), 2);
            double[] dy = KernelCheck.Numbers(rows * columns, 3);
            double[] y = new double[a.Length];
            double[] da = new double[a.Length];
            double[] db = new double[b.Length];
            BinaryKernel<TOperator, TBroadcast>.Reference(a, b, y, columns, channels);
            BinaryGradientAKernel<TOperator, TBroadcast>.Reference(a, b, dy, da, columns, channels);
            BinaryGradientBTerm<TOperator, TBroadcast>.Reference(a, b, dy, db, columns, channels);
            KernelCheck.Matches(5e-6, [y, da, db], host =>
            {
                Mem left = host.Input(a);
                Mem right = host.Input(b);
                Mem upstream = host.Input(dy);
                Mem output = host.Output(a.Length);
                Mem leftGradient = host.Output(a.Length);
                BinaryKernel<TOperator, TBroadcast> forward = new(left, right, output, columns, channels);
                host.Launcher.Pixel(forward, rows, columns, KernelCheck.SmallTiles, host.Precision);
                BinaryGradientAKernel<TOperator, TBroadcast> gradient = new(left, right, upstream, leftGradient, columns, channels);
                host.Launcher.Pixel(gradient, rows, columns, KernelCheck.SmallTiles, host.Precision);
                BinaryGradientBTerm<TOperator, TBroadcast> term = new(left, right, upstream, columns, channels);
                return [output, leftGradient, GradientB<TBroadcast, BinaryGradientBTerm<TOperator, TBroadcast>>(host, term, images, channels, columns)];
            });
        }
    }

    private static Mem GradientB<TBroadcast, TTerm>(HostRun host, TTerm term, int images, int channels, int columns)
        where TTerm : struct, ITerm
    {
        int rows = images * channels;
        if (typeof(TBroadcast) == typeof(SameShape))
        {
            Mem terms = host.Output(rows * columns);
            host.Launcher.Pixel(new TermKernel<TTerm>(term, terms, columns), rows, columns, KernelCheck.SmallTiles, host.Precision);
            return terms;
        }

        if (typeof(TBroadcast) == typeof(Scalar))
        {
            Mem eight = host.Output(Sums<F64>.Count);
            host.Launcher.PixelSums(new TotalKernel<TTerm>(term, 1), rows, columns, KernelCheck.SmallTiles, eight, host.Precision);
            return host.Input(host.Read(eight).AsSpan(0, 1));
        }

        bool perChannel = typeof(TBroadcast) == typeof(PerChannel);
        int parts = perChannel ? images : ColumnSumKernel<TTerm>.Tiles(rows, TileRows);
        int width = perChannel ? channels : columns;
        Mem partials = host.Output(parts * width);
        if (perChannel)
        {
            host.Launcher.Rows(new RowSumKernel<TTerm>(term, partials, columns, 1), rows, KernelCheck.SmallTiles, host.Precision);
        }
        else
        {
            host.Launcher.Pixel(new ColumnSumKernel<TTerm>(term, partials, rows, columns, TileRows), parts, columns, KernelCheck.SmallTiles, host.Precision);
        }

        Mem sums = host.Output(width);
        host.Launcher.Pixel(new CombineKernel(partials, sums, parts, width), 1, width, KernelCheck.SmallTiles, host.Precision);
        return sums;
    }
}
