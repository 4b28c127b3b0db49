namespace HeteroAKD.Kernels.Tests.Losses;

/// <summary>Bilinear resizing of [planes, h, w] as PyTorch defines it, spelled out in double, and its transpose.</summary>
public static class BilinearTruth
{
    public static double[] Forward(double[] source, int planes, int height, int width, int toHeight, int toWidth, bool alignCorners)
    {
        double[] target = new double[planes * toHeight * toWidth];
        Each(planes, height, width, toHeight, toWidth, alignCorners, (from, to, weight) => target[to] += weight * source[from]);
        return target;
    }

    public static double[] Transpose(double[] gradient, int planes, int height, int width, int toHeight, int toWidth, bool alignCorners)
    {
        double[] source = new double[planes * height * width];
        Each(planes, height, width, toHeight, toWidth, alignCorners, (from, to, weight) => source[from] += weight * gradient[to]);
        return source;
    }

    private static void Each(int planes, int height, int width, int toHeight, int toWidth, bool alignCorners, Action<int, int, double> visit)
    {
        for (int i = 0; i < planes * toHeight * toWidth; i++)
        {
            int plane = i / (toHeight * toWidth);
            double y = Position(i / toWidth % toHeight, height, toHeight, alignCorners);
            double x = Position(i % toWidth, width, toWidth, alignCorners);
            int y0 = (int)y;
            int x0 = (int)x;
            int y1 = Math.Min(y0 + 1, height - 1);
            int x1 = Math.Min(x0 + 1, width - 1);
            visit((((plane * height) + y0) * width) + x0, i, (1 - (y - y0)) * (1 - (x - x0)));
            visit((((plane * height) + y0) * width) + x1, i, (1 - (y - y0)) * (x - x0));
            visit((((plane * height) + y1) * width) + x0, i, (y - y0) * (1 - (x - x0)));
            visit((((plane * height) + y1) * width) + x1, i, (y - y0) * (x - x0));
        }
    }

    private static double Position(int target, int size, int targets, bool alignCorners) => alignCorners
        ? target * (targets > 1 ? (size - 1.0) / (targets - 1) : 0)
        : Math.Max(0, ((target + 0.5) * size / targets) - 0.5);
}
