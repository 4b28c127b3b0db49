using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Pixelwise;
using HeteroAKD.Kernels.Tests.Support;

namespace HeteroAKD.Kernels.Tests.Pixelwise;

/// <summary>Every way in which two operands can be spread over a grid of four sizes: each has any of the sizes, or none.</summary>
public sealed class BroadcastKernelTests
{
    private static readonly int[] s_sizes = [2, 3, 4, 5];

    [Fact]
    public void Every_pair_of_operands_that_together_have_all_sizes()
    {
        for (int has = 0; has < 16; has++)
        {
            for (int other = 15 & ~has; other < 16; other++)
            {
                if ((has | other) == 15)
                {
                    Check<Divide>(Strides(has), Strides(other));
                }
            }
        }
    }

    [Fact]
    public void Equal_is_one_or_zero()
    {
        double[] y = new double[3];
        BroadcastKernel<Equal>.Reference([1, 2, double.NaN], [2], y, [3], [1], [0]);
        Assert.Equal([0, 1, 0], y);
        Check<Equal>(Strides(15), Strides(5));
    }

    private static void Check<TOperator>(int[] left, int[] right)
        where TOperator : struct, IBinaryOperator
    {
        int count = s_sizes.Aggregate((a, b) => a * b);
        int rows = count / s_sizes[3];
        double[] a = KernelCheck.Between(0.5, 2, Length(left), 1);
        double[] b = KernelCheck.Between(0.5, 2, Length(right), 2);
        b[0] = a[0];
        double[] dy = KernelCheck.Numbers(count, 3);
        double[] y = new double[count];
        double[] terms = new double[count];
        double[] spread = new double[count];
        BroadcastKernel<TOperator>.Reference(a, b, y, s_sizes, left, right);
        BroadcastGradientKernel<TOperator>.Reference(a, b, dy, terms, s_sizes, left, right);
        SpreadKernel.Reference(a, spread, s_sizes, left, 3);
        BroadcastGrid grid = new(s_sizes[1], s_sizes[2], s_sizes[3]);
        KernelCheck.Matches(1e-6, [y, terms, spread], host =>
        {
            BroadcastOperand first = new(host.Input(a), left[0], left[1], left[2], left[3]);
            BroadcastOperand second = new(host.Input(b), right[0], right[1], right[2], right[3]);
            Mem output = host.Output(count);
            host.Launcher.Pixel(new BroadcastKernel<TOperator>(first, second, output, grid), rows, s_sizes[3], KernelCheck.SmallTiles, host.Precision);
            Mem gradient = host.Output(count);
            host.Launcher.Pixel(
                new BroadcastGradientKernel<TOperator>(
                    first, second, host.Input(dy), gradient, grid), rows, s_sizes[3], KernelCheck.SmallTiles, host.Precision);
            Mem copy = host.Output(count);
            host.Launcher.Pixel(new SpreadKernel(first, copy, grid, 3), rows, s_sizes[3], KernelCheck.SmallTiles, host.Precision);
            return [output, gradient, copy];
        });
    }

    // Of an operand that has the sizes whose bits are set; bit 0 is the last size.
    private static int[] Strides(int has)
    {
        int[] strides = new int[4];
        int stride = 1;
        for (int d = 3; d >= 0; d--)
        {
            bool present = (has & (1 << (3 - d))) != 0;
            strides[d] = present ? stride : 0;
            stride *= present ? s_sizes[d] : 1;
        }

        return strides;
    }

    private static int Length(int[] strides) => 1 + s_sizes.Zip(strides, (size, stride) => (size - 1) * stride).Sum();
}
