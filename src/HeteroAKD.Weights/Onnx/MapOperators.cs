using System.Globalization;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Weights.Onnx;

/// <summary>Operations that change the resolution of maps [N, C, H, W].</summary>
internal static class MapOperators
{
    /// <summary>Resize. Open sizes are read from the input when the graph runs: sizes are exact, where factors would round.</summary>
    public static string Interpolate(Translation t, TracedOperation o)
    {
        InterpolateAttributes a = (InterpolateAttributes)o.Attributes;
        string input = t.Name(o, 0);
        string sizes = t.Options.DynamicBatch || t.HasOpenSizes
            ? t.Graph.Add(
                "Concat",
                [t.Graph.Add("Shape", [input], OnnxAttribute.Int("start", 0), OnnxAttribute.Int("end", 2)), t.MapSize(o, a.Height, a.Width)],
                OnnxAttribute.Int("axis", 0))
            : t.Graph.Ints(o.Output.Shape[0], o.Output.Shape[1], a.Height, a.Width);
        return a.Mode == InterpolateMode.Bilinear
            ? t.Graph.Add(
                "Resize",
                [input, "", "", sizes],
                OnnxAttribute.Text("mode", "linear"),
                OnnxAttribute.Text("coordinate_transformation_mode", a.AlignCorners ? "align_corners" : "half_pixel"))
            : t.Graph.Add(
                "Resize",
                [input, "", "", sizes],
                OnnxAttribute.Text("mode", "nearest"),
                OnnxAttribute.Text("coordinate_transformation_mode", a.Mode == InterpolateMode.Nearest ? "asymmetric" : "half_pixel"),
                OnnxAttribute.Text("nearest_mode", a.Mode == InterpolateMode.Nearest ? "floor" : "round_prefer_ceil"));
    }

    /// <summary>Max pooling.</summary>
    public static string MaxPool(Translation t, TracedOperation o)
    {
        MaxPoolAttributes a = (MaxPoolAttributes)o.Attributes;
        return t.Graph.Add("MaxPool", [t.Name(o, 0)], Window(a.KernelSize, a.Stride, a.Padding));
    }

    /// <summary>Average pooling.</summary>
    public static string AveragePool(Translation t, TracedOperation o)
    {
        AvgPoolAttributes a = (AvgPoolAttributes)o.Attributes;
        return t.Graph.Add(
            "AveragePool", [t.Name(o, 0)], [.. Window(a.KernelSize, a.Stride, a.Padding), OnnxAttribute.Int("count_include_pad", a.CountIncludePad ? 1 : 0)]);
    }

    /// <summary>
    /// Average pooling into bins: one bin, bins of equal size, or, where bins do not divide the map, a product with the bins' shares on either side, as a mean
    /// over a rectangle is a mean over rows of means over columns.
    /// </summary>
    public static string AdaptiveAveragePool(Translation t, TracedOperation o)
    {
        AdaptivePoolAttributes a = (AdaptivePoolAttributes)o.Attributes;
        (int height, int width) = (o.Inputs[0]!.Shape[2], o.Inputs[0]!.Shape[3]);
        string input = t.Name(o, 0);
        if (a is { Height: 1, Width: 1 })
        {
            return t.Graph.Add("GlobalAveragePool", [input]);
        }

        if (t.HasOpenSizes)
        {
            throw new ExportException(
                $"operation 'adaptive_avg_pool2d' makes {a.Height} x {a.Width} bins, whose extent depends on the size of the images; export without "
                    + "--dynamic-size.");
        }

        if (height % a.Height == 0 && width % a.Width == 0)
        {
            OnnxAttribute kernel = OnnxAttribute.Ints("kernel_shape", height / a.Height, width / a.Width);
            return t.Graph.Add("AveragePool", [input], kernel, OnnxAttribute.Ints("strides", height / a.Height, width / a.Width));
        }

        string down = t.Graph.Initializer(BinsName(height, a.Height), [a.Height, height], () => Bins(height, a.Height));
        string across = t.Graph.Add(
            "Transpose", [t.Graph.Initializer(BinsName(width, a.Width), [a.Width, width], () => Bins(width, a.Width))], OnnxAttribute.Ints("perm", 1, 0));
        return t.Graph.Add("MatMul", [t.Graph.Add("MatMul", [down, input]), across]);
    }

    private static OnnxAttribute[] Window(int kernelSize, int stride, int padding)
    {
        int step = stride > 0 ? stride : kernelSize;
        return
        [
            OnnxAttribute.Ints("kernel_shape", kernelSize, kernelSize),
            OnnxAttribute.Ints("strides", step, step),
            OnnxAttribute.Ints("pads", padding, padding, padding, padding),
        ];
    }

    private static string BinsName(int size, int bins) => string.Create(CultureInfo.InvariantCulture, $"bins_{size}_{bins}");

    // [bins, size]: bin i is the mean of elements ⌊i·size/bins⌋ to ⌈(i+1)·size/bins⌉ - 1.
    private static float[] Bins(int size, int bins)
    {
        float[] shares = new float[bins * size];
        for (int i = 0; i < bins; i++)
        {
            int begin = i * size / bins;
            int end = (((i + 1) * size) + bins - 1) / bins;
            shares.AsSpan((i * size) + begin, end - begin).Fill(1f / (end - begin));
        }

        return shares;
    }
}
