using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Layout;
using HeteroAKD.Kernels.Tests.Support;

namespace HeteroAKD.Kernels.Tests.Layout;

/// <summary>The host's own ways to move elements, beside the kernels that devices run.</summary>
public sealed class HostMoveTests
{
    [Theory]
    [InlineData("2,3,5,7", "0,2,1,3")]   // rows stay whole
    [InlineData("3,40,4,33", "2,0,1,3")]
    [InlineData("2,3,5,7", "3,1,0,2")]   // no row stays whole
    [InlineData("16,3,33,48", "3,1,0,2")]
    [InlineData("5,32,2,19", "1,3,2,0")]
    [InlineData("4,70,1,18", "3,0,2,1")]
    [InlineData("1,1,1,6", "0,1,2,3")]
    [InlineData("2,3,9000,2", "1,0,2,3")]
    public void Permutation(string shape, string order)
    {
        int[] from = Numbers(shape);
        int[] dims = Numbers(order);
        int[] sizes = [.. dims.Select(d => from[d])];
        int[] strides = [.. dims.Select(d => from[(d + 1)..].Aggregate(1, (a, b) => a * b))];
        double[] x = KernelCheck.Numbers(sizes.Aggregate(1, (a, b) => a * b), 1);
        double[] y = new double[x.Length];
        PermuteKernel.Reference(x, y, sizes, strides);
        PermutedAxes axes = new(sizes[1], sizes[2], sizes[3], strides[0], strides[1], strides[2], strides[3]);
        KernelCheck.Matches(0, [y, y], host =>
        {
            (Mem input, Mem portable, Mem own) = (host.Input(x), host.Output(x.Length), host.Output(x.Length));
            host.Launcher.Pixel(new PermuteKernel(input, portable, axes), x.Length / sizes[3], sizes[3], KernelCheck.SmallTiles, host.Precision);
            HostPermute.Run(host.Launcher.Pool, input, own, sizes, strides, host.Precision);
            return [portable, own];
        });
    }

    [Theory]
    [InlineData(1, 5, 5, 0, 1, 1)]            // all of it
    [InlineData(3, 64, 70, -3, 1, 1)]         // padded
    [InlineData(3, 64, 50, 9, 1, 1)]          // cut
    [InlineData(2, 8, 30000, -9000, 1, 1)]    // pieces without a source before and behind
    [InlineData(2, 30000, 20000, 500, 1, 1)]  // a row in pieces
    [InlineData(2, 9, 5, -20, 1, 1)]          // nothing has a source
    [InlineData(2, 5, 4, 7, 1, 1)]
    [InlineData(4, 67, 33, 1, 2, 1)]          // a slice with a step
    [InlineData(1, 60000, 20000, 0, 3, 1)]
    [InlineData(4, 33, 67, -1, 1, 2)]         // its gradient
    [InlineData(1, 10000, 30000, -2, 1, 3)]
    [InlineData(1, 10000, 30000, 2, 1, 3)]
    public void SliceAndPad(int planes, int source, int target, int start, int step, int spacing)
    {
        const float Fill = 0.5f;
        AxisMap columns = new(source, target, start, step, spacing);
        foreach (AxisMap rows in (ReadOnlySpan<AxisMap>)[AxisMap.Whole(1), new(3, 5, -1), new(5, 2, 1, 2), new(2, 5, -1, 1, 2)])
        {
            double[] x = KernelCheck.Numbers(planes * rows.Source * source, 1);
            double[] y = new double[planes * rows.Target * target];
            AxisCopyKernel.Reference(x, y, rows, columns, Fill);
            KernelCheck.Matches(0, [y, y], host =>
            {
                (Mem input, Mem portable, Mem own) = (host.Input(x), host.Output(y.Length), host.Output(y.Length));
                AxisCopyKernel kernel = new(input, portable, rows, columns, Fill);
                host.Launcher.Pixel(kernel, planes * rows.Target, target, KernelCheck.SmallTiles, host.Precision);
                HostAxisCopy.Run(host.Launcher.Pool, input, own, planes, rows, columns, Fill, host.Precision);
                return [portable, own];
            });
        }
    }

    private static int[] Numbers(string text) => [.. text.Split(',').Select(int.Parse)];
}
