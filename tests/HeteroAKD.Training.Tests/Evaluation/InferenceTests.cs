using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Devices;
using HeteroAKD.Tensors.Ops;
using HeteroAKD.Training.Evaluation;

namespace HeteroAKD.Training.Tests.Evaluation;

public sealed class InferenceTests : IDisposable
{
    private const int Classes = 5;

    private readonly Device _device = Device.Open("cpu", 1);
    private readonly SegmentationModel _model;

    public InferenceTests() => _model = PlainInference.Model(_device, "tiny-cnn-student", Classes, seed: 3);

    public void Dispose()
    {
        _model.Dispose();
        _device.Dispose();
    }

    /// <summary>The batch's logits, resized, the first of the largest.</summary>
    [Fact]
    public void Whole_images_at_scale_1_are_the_largest_logits_of_the_batch()
    {
        const int Height = 48, Width = 80, Count = 3;
        float[] images = [.. Enumerable.Range(0, Count).SelectMany(i => PlainInference.Image(i, Height, Width))];
        float[] logits;
        using (new NoGrad())
        using (_device.BeginStep())
        {
            Tensor batch = Tensor.From(_device, new Shape(Count, 3, Height, Width), images);
            using FrozenNetwork network = _model.Freeze();
            logits = Functional.Interpolate(network.Logits(batch), Height, Width).ToFloats();
        }

        const int Pixels = Height * Width;
        int[] expected = new int[Count * Pixels];
        for (int i = 0; i < expected.Length; i++)
        {
            int start = (i / Pixels * Classes * Pixels) + (i % Pixels);
            for (int c = 1; c < Classes; c++)
            {
                expected[i] = logits[start + (c * Pixels)] > logits[start + (expected[i] * Pixels)] ? c : expected[i];
            }
        }

        Assert.Equal(expected, Predict(new EvaluationOptions(), images, Count, Height, Width));
        Assert.True(expected.Distinct().Count() > 1);
    }

    [Theory]
    [InlineData(80, 112)]
    [InlineData(77, 101)]
    [InlineData(48, 64)]
    public void Sliding_windows_are_averaged_as_in_a_plain_loop(int height, int width)
    {
        float[] image = PlainInference.Image(1, height, width);
        double[] expected = PlainInference.Slide(_model, image, height, width, (48, 64), (32, 40));
        EvaluationOptions config = Slide((48, 64), (32, 40));
        float[] actual = Logits(config, image, height, width);
        double tolerance = 1e-5 * expected.Max(Math.Abs);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, tolerance));
        PlainInference.AssertLargest(expected, Classes, Predict(config, image, 1, height, width));
    }

    [Fact]
    public void Windows_side_by_side_are_the_networks_own_logits_bit_for_bit()
    {
        const int Height = 96, Width = 128;
        float[] image = PlainInference.Image(2, Height, Width);
        double[] expected = PlainInference.Slide(_model, image, Height, Width, (48, 64), (48, 64));
        Assert.Equal(expected.Select(v => (float)v), Logits(Slide((48, 64), (48, 64)), image, Height, Width));
    }

    [Fact]
    public void An_image_smaller_than_the_window_is_padded_and_cut_off_again()
    {
        const int Height = 40, Width = 50, Crop = 64;
        float[] image = PlainInference.Image(3, Height, Width);
        float[] padded = PlainInference.Cut(image, Height, Width, 0, 0, Crop, Crop);
        float[] logits = PlainInference.Logits(_model, padded, Crop, Crop);
        float[] expected =
        [
            .. Enumerable.Range(0, Classes * Height * Width).Select(i => logits[(((i / (Height * Width) * Crop) + (i / Width % Height)) * Crop) + (i % Width)])
        ];
        Assert.Equal(expected, Logits(Slide((Crop, Crop), (Crop, Crop)), image, Height, Width));
    }

    [Theory]
    [InlineData("tiny-cnn-student", 20, 45)]
    [InlineData("tiny-mit-student", 7, 33)]
    public void A_whole_image_below_32_pixels_is_padded(string name, int height, int width)
    {
        using SegmentationModel model = PlainInference.Model(_device, name, Classes, seed: 4);
        float[] image = PlainInference.Image(4, height, width);
        const int Rows = 32;
        float[] logits = PlainInference.Logits(model, PlainInference.Cut(image, height, width, 0, 0, Rows, width), Rows, width);
        double[] cut =
        [
            .. Enumerable.Range(0, Classes * height * width).Select(i => (double)logits[(i / (height * width) * Rows * width) + (i % (height * width))])
        ];
        int[] predicted = new int[height * width];
        using FrozenNetwork network = model.Freeze();
        new Inference(network, new EvaluationOptions(), Outside.Edge).Predict(image, 1, height, width, predicted);
        PlainInference.AssertLargest(cut, Classes, predicted);
    }

    [Theory]
    [InlineData(float.NaN, 1)]
    [InlineData(float.PositiveInfinity, 1)]
    [InlineData(float.NegativeInfinity, 2)]
    public void Logits_that_are_no_numbers_are_an_error(float bias, int scales)
    {
        const int Side = 64;
        Tensor classifier = _model.Parameters().Single(p => p.Shape == new Shape(Classes));
        classifier.CopyFrom([bias, 0, 0, 0, 0]);
        using FrozenNetwork network = _model.Freeze();
        Inference inference = new(network, new EvaluationOptions { Scales = [.. Enumerable.Repeat(1.0, scales)] }, Outside.Edge);
        Assert.Throws<NonFiniteLogitsException>(() => inference.Predict(PlainInference.Image(1, Side, Side), 1, Side, Side, new int[Side * Side]));
    }

    [Theory]
    [InlineData(EvaluationAverage.Logits)]
    [InlineData(EvaluationAverage.Probabilities)]
    public void Scales_and_mirror_images_are_summed_as_separate_passes(EvaluationAverage average)
    {
        const int Height = 48, Width = 80;
        double[] scales = [0.75, 1, 1.3];
        float[] image = PlainInference.Image(5, Height, Width);
        double[] expected = new double[Classes * Height * Width];
        foreach (double scale in scales)
        {
            (int h, int w) = ((int)Math.Round(Height * scale), (int)Math.Round(Width * scale));
            float[] scaled = PlainInference.Resize(_device, image, Height, Width, h, w);
            Add(PlainInference.Logits(_model, scaled, h, w), h, w, mirrored: false);
            Add(PlainInference.Logits(_model, PlainInference.Mirror(scaled, w), h, w), h, w, mirrored: true);
        }

        EvaluationOptions config = new() { Scales = scales, Flip = true, Average = average };
        PlainInference.AssertLargest(expected, Classes, Predict(config, image, 1, Height, Width));

        void Add(float[] logits, int h, int w, bool mirrored)
        {
            double[] map = [.. PlainInference.Resize(_device, logits, h, w, Height, Width)];
            map = average == EvaluationAverage.Probabilities ? PlainInference.Softmax(map, Classes) : map;
            map = mirrored ? PlainInference.Mirror(map, Width) : map;
            expected = [.. expected.Zip(map, (a, b) => a + b)];
        }
    }

    [Fact]
    public void Windows_are_taken_from_the_mirror_image_of_the_scaled_image()
    {
        const int Height = 60, Width = 90;
        float[] image = PlainInference.Image(6, Height, Width);
        (int h, int w) = (90, 135);
        float[] scaled = PlainInference.Resize(_device, image, Height, Width, h, w);
        double[] expected = new double[Classes * Height * Width];
        foreach (bool mirrored in new[] { false, true })
        {
            double[] map = PlainInference.Slide(_model, mirrored ? PlainInference.Mirror(scaled, w) : scaled, h, w, (64, 64), (40, 40));
            double[] resized = [.. PlainInference.Resize(_device, [.. map.Select(v => (float)v)], h, w, Height, Width)];
            resized = mirrored ? PlainInference.Mirror(resized, Width) : resized;
            expected = [.. expected.Zip(resized, (a, b) => a + b)];
        }

        EvaluationOptions config = Slide((64, 64), (40, 40)) with { Scales = [1.5], Flip = true };
        PlainInference.AssertLargest(expected, Classes, Predict(config, image, 1, Height, Width));
    }

    [Fact]
    public void Corners_are_aligned_where_that_is_asked_for()
    {
        const int Height = 48, Width = 64;
        float[] image = PlainInference.Image(7, Height, Width);
        using NoGrad none = new();
        using StepScope scope = _device.BeginStep();
        using FrozenNetwork network = _model.Freeze();
        Tensor logits = network.Logits(Tensor.From(_device, new Shape(1, 3, Height, Width), image));
        int[] expected = Functional.Argmax(Functional.Interpolate(logits, Height, Width, alignCorners: true)).ToInts();
        Assert.Equal(expected, Predict(new EvaluationOptions { AlignCorners = true }, image, 1, Height, Width));
        Assert.NotEqual(expected, Predict(new EvaluationOptions(), image, 1, Height, Width));
    }

    // Everything included, parameters and the network's own maps too; the last allow what a pass at scale 1.25 takes beside the map that it is added to.
    [Theory]
    [InlineData("segformer-b0", false, 1.5)]
    [InlineData("segformer-b0", true, 3)]
    [InlineData("deeplabv3-mobilenetv2", false, 1.5)]
    [InlineData("deeplabv3-mobilenetv2", true, 3)]
    public void A_network_beside_its_map_is_small(string name, bool several, double most)
    {
        const int Height = 512, Width = 683, Classes = 150;
        using MetaDevice meta = new();
        using SegmentationModel model = ModelZoo.Create(name, Classes, meta, seed: null);
        EvaluationOptions config = new() { Scales = several ? [0.75, 1, 1.25] : [1], Flip = several };
        using FrozenNetwork network = model.Freeze();
        new Inference(network, config, Outside.Edge).Predict(new float[3 * Height * Width], 1, Height, Width, new int[Height * Width]);
        double maps = meta.Allocator.Peak / ((double)Classes * Height * Width * sizeof(float));
        Assert.True(maps > 1 && maps <= most, $"{maps:F2} maps of full size");
    }

    /// <summary>Every network takes images whose sides are no multiples of 32, so none has to be padded to them.</summary>
    [Theory]
    [MemberData(nameof(Networks))]
    public void Every_network_takes_any_size(string name)
    {
        using MetaDevice meta = new();
        using SegmentationModel model = ModelZoo.Create(name, Classes, meta, seed: null);
        int blocks = meta.Allocator.LiveBlocks;
        using (FrozenNetwork network = model.Freeze())
        {
            new Inference(network, new EvaluationOptions { Scales = [1, 1.37] }, Outside.Edge).Predict(new float[3 * 33 * 45], 1, 33, 45, new int[33 * 45]);
        }

        Assert.Equal(blocks, meta.Allocator.LiveBlocks);  // nothing of the passes is left
    }

    public static TheoryData<string> Networks => new(ModelZoo.Names);

    /// <summary>ADE20K: 150 classes, an image of its usual size. The meta device hands out the memory that any device would.</summary>
    [Theory]
    [InlineData(EvaluationMode.Whole, EvaluationAverage.Logits, false)]
    [InlineData(EvaluationMode.Whole, EvaluationAverage.Logits, true)]
    [InlineData(EvaluationMode.Slide, EvaluationAverage.Logits, true)]
    [InlineData(EvaluationMode.Slide, EvaluationAverage.Probabilities, true)]
    public void Memory_is_that_of_two_logit_maps_at_most(EvaluationMode mode, EvaluationAverage average, bool several)
    {
        const int Height = 512, Width = 683, Classes = 150;
        const double MapBytes = (double)Classes * Height * Width * sizeof(float);
        using MetaDevice meta = new();
        using SegmentationModel model = ModelZoo.Create("tiny-cnn-student", Classes, meta, seed: null);
        EvaluationOptions config = new() { Mode = mode, Average = average, Scales = several ? [0.75, 1, 1.25] : [1], Flip = several };
        using FrozenNetwork network = model.Freeze();
        new Inference(network, config, Outside.Edge).Predict(new float[3 * Height * Width], 1, Height, Width, new int[Height * Width]);
        double maps = meta.Allocator.Peak / MapBytes;

        // With probabilities two maps have full size; beside them lie logits of the windows at the network's resolution, a few classes of them enlarged, and
        // one band of rows.
        double most = average == EvaluationAverage.Probabilities ? 2.25 : 2;
        Assert.True(maps > 1 && maps <= most, $"{maps:F2} maps of full size");
    }

    private static EvaluationOptions Slide((int Height, int Width) crop, (int Height, int Width) stride) => new()
    {
        Mode = EvaluationMode.Slide,
        Crop = new PixelSize { Height = crop.Height, Width = crop.Width },
        Stride = new PixelSize { Height = stride.Height, Width = stride.Width },
    };

    private int[] Predict(EvaluationOptions config, float[] images, int count, int height, int width)
    {
        int[] classes = new int[count * height * width];
        using FrozenNetwork network = _model.Freeze();
        new Inference(network, config, Outside.Edge).Predict(images, count, height, width, classes);
        return classes;
    }

    // What the windows add to an empty map.
    private float[] Logits(EvaluationOptions config, float[] image, int height, int width)
    {
        using NoGrad none = new();
        using StepScope scope = _device.BeginStep();
        Tensor source = Tensor.From(_device, new Shape(1, 3, height, width), image);
        Tensor total = Tensor.Zeros(_device, new Shape(1, Classes, height, width));
        using FrozenNetwork network = _model.Freeze();
        using LogitPass pass = new(network, source, WindowGrid.Of(height, width, config), mirror: false, Outside.Edge, config.AlignCorners);
        pass.AddTo(total);
        return total.ToFloats();
    }
}
