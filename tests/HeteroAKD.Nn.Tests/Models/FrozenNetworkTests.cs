using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Devices;

namespace HeteroAKD.Nn.Tests.Models;

/// <summary>A frozen network computes what the network computes, in less memory, and the same bits on any number of threads.</summary>
public sealed class FrozenNetworkTests
{
    // Largest difference of a map's elements to those of the unfolded pass, as a share of the map's largest element.
    private const double Bound = 5e-5;

    /// <summary>Every encoder and every head, and of those that differ in depth alone the shallowest and the deepest.</summary>
    public static TheoryData<string> Networks =>
    [
        "tiny-cnn-student", "tiny-cnn-teacher", "tiny-mit-student", "tiny-mit-teacher", "segformer-b0", "segformer-b1", "segformer-b2", "segformer-b5",
        "deeplabv3-resnet18", "deeplabv3-resnet18b", "deeplabv3-resnet50", "deeplabv3-resnet101", "deeplabv3-mobilenetv2", "deeplabv3-mit-b0",
        "pspnet-resnet18b", "pspnet-resnet50b", "pspnet-mobilenetv2", "pspnet-mit-b0",
    ];

    [Theory]
    [MemberData(nameof(Networks))]
    public void Every_network_says_the_same_frozen_and_not(string name) => Compare(name, 1, 32, 64);

    // Large enough for 3x3 convolutions by tiles in most layers.
    [Theory]
    [InlineData("tiny-cnn-teacher")]
    [InlineData("deeplabv3-resnet18")]
    [InlineData("pspnet-mobilenetv2")]
    public void So_do_wide_convolutions(string name) => Compare(name, 2, 96, 128);

    private static void Compare(string name, int count, int height, int width)
    {
        using Device device = Device.Open("cpu", 1);
        using SegmentationModel model = Filled(name, device);
        using FrozenNetwork frozen = model.Freeze();
        using StepScope scope = device.BeginStep();
        using NoGrad none = new();
        Tensor images = Images(device, count, height, width);
        AssertNear(model.Forward(images, Pass.Evaluation), frozen.Forward(images));
    }

    [Theory]
    [InlineData("tiny-cnn-teacher")]
    [InlineData("tiny-mit-student")]
    [InlineData("deeplabv3-mobilenetv2")]
    [InlineData("segformer-b0")]
    public void Bits_do_not_depend_on_the_threads_nor_on_what_is_asked_for(string name)
    {
        float[][] one = MapsOn(name, threads: 1);
        Assert.Equal(one, MapsOn(name, threads: 2));
        Assert.Equal(one, MapsOn(name, threads: 3));
        Assert.Equal(one[0], one[^1]); // logits alone, replayed
    }

    [Theory]
    [InlineData("tiny-cnn-teacher")]
    [InlineData("tiny-mit-student")]
    public void A_size_that_comes_again_is_replayed(string name)
    {
        using Device device = Device.Open("cpu", 2);
        using SegmentationModel model = Filled(name, device);
        using FrozenNetwork frozen = model.Freeze();
        (float[] first, long plain) = Logits(frozen, seed: 1);
        Logits(frozen, seed: 1);
        (float[] again, long replayed) = Logits(frozen, seed: 1);
        (float[] other, _) = Logits(frozen, seed: 2);
        Assert.Equal(first, again);
        Assert.NotEqual(first, other);
        Assert.True(plain > 20, $"{plain} allocations");
        Assert.Equal(2, replayed); // images and logits
        using FrozenNetwork fresh = model.Freeze();
        Assert.Equal(other, Logits(fresh, seed: 2).Values);
    }

    // Results of a replay outlive the next one.
    [Fact]
    public void Logits_of_one_call_survive_the_next()
    {
        using Device device = Device.Open("cpu", 1);
        using SegmentationModel model = Filled("tiny-cnn-student", device);
        using FrozenNetwork frozen = model.Freeze();
        using StepScope scope = device.BeginStep();
        Tensor[] logits = [.. Enumerable.Range(0, 5).Select(i => frozen.Logits(Images(device, 1, 32, 32, seed: i)))];
        for (int i = 0; i < logits.Length; i++)
        {
            using FrozenNetwork alone = model.Freeze();
            Assert.Equal(alone.Logits(Images(device, 1, 32, 32, seed: i)).ToFloats(), logits[i].ToFloats());
        }
    }

    [Fact]
    public void Sizes_come_and_go_and_all_memory_goes_back()
    {
        using Device device = Device.Open("cpu", 1);
        using SegmentationModel model = Filled("tiny-mit-student", device);
        long before = device.Allocator.InUse;
        using (FrozenNetwork frozen = model.Freeze())
        {
            Dictionary<int, float[]> first = [];
            for (int round = 0; round < 3; round++)
            {
                foreach (int width in new[] { 32, 48, 64, 80, 96, 33, 33, 33 })
                {
                    using StepScope scope = device.BeginStep();
                    float[] logits = frozen.Logits(Images(device, 1, 32, width)).ToFloats();
                    Assert.Equal(first.TryGetValue(width, out float[]? known) ? known : logits, logits);
                    first[width] = logits;
                }
            }

            Assert.True(device.Allocator.InUse > before);
        }

        Assert.Equal(before, device.Allocator.InUse);
    }

    [Fact]
    public void Nothing_wants_a_gradient_though_the_network_does()
    {
        using Device device = Device.Open("cpu", 1);
        using SegmentationModel model = Filled("tiny-cnn-student", device);
        using FrozenNetwork frozen = model.Freeze();
        using StepScope scope = device.BeginStep();
        SegmentationOutput output = frozen.Forward(Images(device, 2, 32, 32));
        Assert.All(Maps(output), map => Assert.False(map.RequiresGrad));
        Assert.Equal(0, device.Tape.Count);
        Assert.Null(output.AuxLogits);
        Assert.All(model.Parameters(), p => Assert.True(p.RequiresGrad));
    }

    [Fact]
    public void Images_of_another_form_are_refused()
    {
        using Device device = Device.Open("cpu", 1);
        using SegmentationModel model = Filled("tiny-cnn-student", device);
        using FrozenNetwork frozen = model.Freeze();
        using StepScope scope = device.BeginStep();
        ShapeMismatchException e = Assert.Throws<ShapeMismatchException>(() => frozen.Forward(Tensor.Zeros(device, new Shape(2, 1, 32, 32))));
        Assert.Contains("[2, 1, 32, 32], expected [N, 3, H, W]", e.Message);
        Assert.Equal(new Shape(1, 5, 4, 4), frozen.Logits(Images(device, 1, 32, 32)).Shape); // the trace that failed has ended
    }

    // Of the tensors beside the weights. Where the shortcut of the widest block is its input, three maps of it become two.
    [Theory]
    [InlineData("tiny-cnn-teacher", 0.8)]
    [InlineData("tiny-mit-student", 0.9)]
    [InlineData("segformer-b0", 0.9)]
    [InlineData("deeplabv3-resnet18", 0.8)]
    [InlineData("deeplabv3-resnet101", 0.8)]
    [InlineData("deeplabv3-mobilenetv2", 0.8)]
    [InlineData("pspnet-mit-b2", 0.9)]
    public void A_frozen_pass_needs_less_memory(string name, double share)
    {
        using MetaDevice device = new();
        using SegmentationModel model = ModelZoo.Create(name, 19, device, seed: null);
        using FrozenNetwork frozen = model.Freeze();
        long plain = PeakOf(device, images => model.Forward(images, Pass.Evaluation));
        PeakOf(device, images => frozen.Forward(images)); // makes it ready
        long ready = PeakOf(device, images => frozen.Forward(images));
        PeakOf(device, images => frozen.Logits(images));
        long logits = PeakOf(device, images => frozen.Logits(images));
        Assert.True(ready < share * plain, $"{ready} of {plain} bytes, {logits} for logits alone");
        Assert.True(logits <= ready, $"{logits} of {ready} bytes");
    }

    private static long PeakOf(Device device, Action<Tensor> pass)
    {
        using NoGrad none = new();
        using StepScope step = device.BeginStep();
        Tensor images = Tensor.Empty(device, new Shape(2, 3, 256, 256));
        long before = device.Allocator.InUse;
        device.Allocator.ResetPeak();
        pass(images);
        return device.Allocator.Peak - before;
    }

    private static float[][] MapsOn(string name, int threads)
    {
        using Device device = Device.Open("cpu", threads);
        using SegmentationModel model = Filled(name, device);
        using FrozenNetwork frozen = model.Freeze();
        using StepScope scope = device.BeginStep();
        Tensor images = Images(device, 2, 64, 96);
        float[][] maps = [.. Maps(frozen.Forward(images)).Select(m => m.ToFloats())];
        frozen.Logits(images);
        frozen.Logits(images);
        return [.. maps, frozen.Logits(images).ToFloats()];
    }

    private static (float[] Values, long Allocations) Logits(FrozenNetwork network, int seed)
    {
        using StepScope scope = network.Device.BeginStep();
        long before = network.Device.Allocator.Allocations;
        Tensor logits = network.Logits(Images(network.Device, 2, 32, 48, seed));
        long allocations = network.Device.Allocator.Allocations - before;
        return (logits.ToFloats(), allocations);
    }

    private static void AssertNear(in SegmentationOutput expected, in SegmentationOutput actual)
    {
        foreach ((Tensor plain, Tensor frozen) in Maps(expected).Zip(Maps(actual)))
        {
            Assert.Equal(plain.Shape, frozen.Shape);
            float[] x = plain.ToFloats(), y = frozen.ToFloats();
            double largest = x.Max(Math.Abs);
            double difference = x.Zip(y, (a, b) => Math.Abs((double)a - b)).Max();
            Assert.True(largest > 0.01 && difference <= Bound * largest, $"{plain.Shape}: {difference:G3} of {largest:G3} ({difference / largest:G3})");
        }
    }

    private static Tensor[] Maps(SegmentationOutput output) =>
        [output.Logits, output.HeadFeature, .. Enumerable.Range(0, output.Features.Count).Select(s => output.Features[s])];

    private static Tensor Images(Device device, int count, int height, int width, int seed = 0)
    {
        Random random = new(seed);
        Shape shape = new(count, 3, height, width);
        return Tensor.From(device, shape, [.. Enumerable.Range(0, shape.Count).Select(_ => (random.NextSingle() * 4) - 2)]);
    }

    // A network as training leaves one: statistics, scales and shifts that fold to something.
    private static SegmentationModel Filled(string name, Device device)
    {
        SegmentationModel model = ModelZoo.Create(name, 5, device, seed: null);
        uint state = 1;
        foreach (StateEntry entry in model.State())
        {
            bool isScale = entry.Name.EndsWith("weight", StringComparison.Ordinal) || entry.Name.EndsWith("var", StringComparison.Ordinal);
            int fanIn = entry.Tensor.Shape.Rank > 1 ? entry.Tensor.Shape.CountFrom(1) : 0;
            (float center, float radius) = fanIn > 0 ? (0, MathF.Sqrt(6f / fanIn)) : isScale ? (1, 0.5f) : (0, 0.3f);
            float[] values = new float[entry.Tensor.Shape.Count];
            for (int i = 0; i < values.Length; i++)
            {
                state = (state * 1664525) + 1013904223;
                values[i] = center + (radius * (((state >> 8) / 8388608f) - 1));
            }

            entry.Tensor.CopyFrom(values);
        }

        return model;
    }
}
