using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Resize;
using HeteroAKD.Kernels.Tests.Support;

namespace HeteroAKD.Kernels.Tests.Resize;

public sealed class BilinearKernelTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void EverySmallSizeToEveryOther(bool alignCorners)
    {
        int[] sizes = [1, 2, 3, 5, 8, 17, 33];
        foreach (int source in sizes)
        {
            foreach (int target in sizes)
            {
                // Another pair of sizes on the other axis, so that mixed-up axes are seen.
                Check(1, source, target, 3, 7, alignCorners);
                Check(1, 3, 7, source, target, alignCorners);
            }
        }
    }

    [Theory]
    [InlineData(2, 16, 64, 12, 48)]
    [InlineData(3, 9, 72, 10, 80)]
    [InlineData(1, 64, 16, 67, 33)]
    [InlineData(5, 4, 8, 130, 260)]
    public void ImagesOfUse(int planes, int height, int newHeight, int width, int newWidth)
    {
        Check(planes, height, newHeight, width, newWidth, false);
        Check(planes, height, newHeight, width, newWidth, true);
    }

    [Fact]
    public void TorchValues()
    {
        // torch 2: F.interpolate(torch.tensor([[[[1., 2., 4.]]]]), (1, 5), mode="bilinear", align_corners=…)
        double[] half = new double[5];
        double[] corners = new double[5];
        BilinearVerticalKernel.Reference([1, 2, 4], half, 1, 3, 1, 5, false);
        BilinearVerticalKernel.Reference([1, 2, 4], corners, 1, 3, 1, 5, true);
        KernelCheck.Close([1, 1.4, 2, 3.2, 4], half, 1e-12, "half-pixel centres");
        KernelCheck.Close([1, 1.5, 2, 3, 4], corners, 1e-12, "aligned corners");
    }

    [Theory]
    [InlineData(1, 1, 1, 1)]
    [InlineData(7, 13, 5, 67)]
    [InlineData(4, 8, 33, 11)]
    public void NearestLabels(int height, int newHeight, int width, int newWidth)
    {
        int[] labels = [.. Enumerable.Range(0, 2 * height * width).Select(i => (i * 37 % 256) - 1)];
        int[] expected = new int[2 * newHeight * newWidth];
        NearestKernel.Reference(labels, expected, height, width, newHeight, newWidth);
        foreach (HostPrecision precision in Enum.GetValues<HostPrecision>())
        {
            using HostRun host = new(precision, 2);
            IndexMem output = host.IndexOutput(expected.Length);
            NearestKernel kernel = new(host.Indices(labels), output, height, width, newHeight, newWidth);
            host.Launcher.Pixel(kernel, 2 * newHeight, newWidth, KernelCheck.SmallTiles, precision);
            Assert.Equal(expected, host.Read(output));
        }
    }

    private static void Check(int planes, int height, int newHeight, int width, int newWidth, bool alignCorners)
    {
        double[] x = KernelCheck.Numbers(planes * height * width, 1);
        double[] dy = KernelCheck.Numbers(planes * newHeight * newWidth, 2);
        double[] y = new double[dy.Length];
        double[] dx = new double[x.Length];
        BilinearVerticalKernel.Reference(x, y, height, width, newHeight, newWidth, alignCorners);
        BilinearVerticalKernel.ReferenceGradient(dy, dx, height, width, newHeight, newWidth, alignCorners);
        BilinearAxis vertical = new(height, newHeight, alignCorners);
        BilinearAxis horizontal = new(width, newWidth, alignCorners);

        // A gradient sums as many terms as the image grows by; their roundings add up like a random walk.
        double growth = (double)newHeight * newWidth / (height * width);
        KernelCheck.Matches(1e-6 * Math.Max(1, Math.Sqrt(growth) / 2), [y, dx], host =>
        {
            Mem tall = host.Output(planes * newHeight * width);
            Mem output = host.Output(y.Length);
            host.Launcher.Rows(new BilinearVerticalKernel(host.Input(x), tall, vertical, width), planes * newHeight, KernelCheck.SmallTiles, host.Precision);
            BilinearHorizontalKernel across = new(tall, output, horizontal);
            host.Launcher.Pixel(across, planes * newHeight, newWidth, KernelCheck.SmallTiles, host.Precision);
            Mem flat = host.Output(planes * height * newWidth);
            Mem gradient = host.Output(dx.Length);
            BilinearVerticalGradientKernel back = new(host.Input(dy), flat, vertical, newWidth);
            host.Launcher.Rows(back, planes * height, KernelCheck.SmallTiles, host.Precision);
            BilinearHorizontalGradientKernel backAcross = new(flat, gradient, horizontal);
            host.Launcher.Pixel(backAcross, planes * height, width, KernelCheck.SmallTiles, host.Precision);
            return [output, gradient];
        });
    }
}
