using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Training.Tests.Evaluation;

/// <summary>Evaluation in plain loops on the host, sums in double: what the product's is held against. Maps are [C, H, W].</summary>
internal static class PlainInference
{
    /// <summary>Normal numbers as an image [3, H, W].</summary>
    public static float[] Image(int seed, int height, int width)
    {
        Random random = new(seed);
        float[] image = new float[3 * height * width];
        for (int i = 0; i < image.Length; i++)
        {
            // Blocks of 8 x 8 of one colour and some noise: a network then says different things in different places.
            int block = ((i / width % height / 8) * 31) + (i % width / 8);
            image[i] = (float)(Math.Sin(block * (1 + (i / (height * width)))) + (0.2 * random.NextDouble()));
        }

        return image;
    }

    /// <summary>A network with random weights whose classes are equally likely on average, so that it says different things in different places.</summary>
    public static SegmentationModel Model(Device device, string name, int classes, int seed)
    {
        const int Side = 64;
        SegmentationModel model = ModelZoo.Create(name, classes, device, seed);
        float[] logits = Logits(model, Image(0, Side, Side), Side, Side);
        Tensor bias = model.Parameters().Single(p => p.Shape == new Shape(classes));
        float[] means = [.. logits.Chunk(Side * Side).Select(plane => plane.Average())];
        bias.CopyFrom(bias.ToFloats().Zip(means, (b, mean) => b - mean).ToArray());
        return model;
    }

    /// <summary>A part of an image, or what lies nearest to it inside.</summary>
    public static float[] Cut(float[] image, int height, int width, int top, int left, int rows, int columns) =>
        [.. Enumerable.Range(0, 3 * rows * columns).Select(i =>
        {
            int y = Math.Min(height - 1, top + (i / columns % rows));
            int x = Math.Min(width - 1, left + (i % columns));
            return image[(((i / (rows * columns) * height) + y) * width) + x];
        })];

    /// <summary>Each row backwards.</summary>
    public static T[] Mirror<T>(T[] map, int width) => [.. map.Chunk(width).SelectMany(row => row.Reverse())];

    /// <summary>The logits of an image, resized to its size.</summary>
    public static float[] Logits(SegmentationModel model, float[] image, int height, int width)
    {
        using NoGrad none = new();
        using StepScope scope = model.Device.BeginStep();
        using FrozenNetwork network = model.Freeze();
        Tensor logits = network.Logits(Tensor.From(model.Device, new Shape(1, 3, height, width), image));
        return Functional.Interpolate(logits, height, width).ToFloats();
    }

    /// <summary>Planes at another size.</summary>
    public static float[] Resize(Device device, float[] planes, int height, int width, int newHeight, int newWidth)
    {
        using StepScope scope = device.BeginStep();
        Tensor map = Tensor.From(device, new Shape(1, planes.Length / (height * width), height, width), planes);
        return Functional.Interpolate(map, newHeight, newWidth).ToFloats();
    }

    /// <summary>Windows on a grid, the last ones moved back, summed and divided by their number at each pixel; the image is no smaller than a window.</summary>
    public static double[] Slide(SegmentationModel model, float[] image, int height, int width, (int Height, int Width) crop, (int Height, int Width) stride)
    {
        double[] sum = new double[model.Classes * height * width];
        int[] count = new int[height * width];
        for (int gridY = 0; gridY == 0 || ((gridY - 1) * stride.Height) + crop.Height < height; gridY++)
        {
            for (int gridX = 0; gridX == 0 || ((gridX - 1) * stride.Width) + crop.Width < width; gridX++)
            {
                int top = Math.Min(gridY * stride.Height, height - crop.Height);
                int left = Math.Min(gridX * stride.Width, width - crop.Width);
                float[] logits = Logits(model, Cut(image, height, width, top, left, crop.Height, crop.Width), crop.Height, crop.Width);
                for (int i = 0; i < crop.Height * crop.Width; i++)
                {
                    int pixel = ((top + (i / crop.Width)) * width) + left + (i % crop.Width);
                    count[pixel]++;
                    for (int c = 0; c < model.Classes; c++)
                    {
                        sum[(c * height * width) + pixel] += logits[(c * crop.Height * crop.Width) + i];
                    }
                }
            }
        }

        return [.. sum.Select((value, i) => value / count[i % count.Length])];
    }

    /// <summary>Softmax over the classes.</summary>
    public static double[] Softmax(double[] logits, int classes)
    {
        int pixels = logits.Length / classes;
        double[] total = new double[pixels];
        for (int i = 0; i < logits.Length; i++)
        {
            total[i % pixels] += Math.Exp(logits[i]);
        }

        return [.. logits.Select((value, i) => Math.Exp(value) / total[i % pixels])];
    }

    /// <summary>Fails where a class is not the largest by more than rounding explains.</summary>
    public static void AssertLargest(double[] map, int classes, int[] predicted)
    {
        int pixels = predicted.Length;
        double scale = map.Max(Math.Abs);
        for (int p = 0; p < pixels; p++)
        {
            double best = Enumerable.Range(0, classes).Max(c => map[(c * pixels) + p]);
            Assert.True(
                map[(predicted[p] * pixels) + p] >= best - (1e-5 * scale),
                $"pixel {p} is class {predicted[p]}, {best - map[(predicted[p] * pixels) + p]:0.0e0} below the largest of {scale:0.0e0}");
        }

        Assert.True(predicted.Distinct().Count() > 1, "the network must tell classes apart for this test");
    }
}
