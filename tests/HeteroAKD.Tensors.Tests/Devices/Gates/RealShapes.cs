using HeteroAKD.Kernels.Losses;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Tensors.Tests.Devices.Gates;

/// <summary>
/// Launches in sizes of real networks, forward and backward, on a device that executes nothing: large tiles, pieces of long sums and four elements a thread,
/// which the small sizes of the operations' cases do not reach.
/// </summary>
internal static class RealShapes
{
    private static readonly (string Network, int Height, int Width)[] s_networks =
    [
        ("tiny-cnn-student", 96, 128), ("tiny-mit-student", 96, 128), ("segformer-b0", 512, 1024), ("deeplabv3-resnet18", 512, 1024),
        ("deeplabv3-mobilenetv2", 512, 1024),
    ];

    /// <summary>Launches all of them in the precision of the device.</summary>
    public static void Launch(Device device)
    {
        Products(device);
        AttentionStages(device);
        Norms(device);
        LossFunctions(device);
        foreach ((string network, int height, int width) in s_networks)
        {
            Train(device, network, height, width);
        }
    }

    private static void Products(Device device)
    {
        Step(device, x => Functional.Conv2d(x[0], x[1], padding: 1), new(8, 256, 64, 128), new(256, 256, 3, 3));
        Step(device, x => Functional.Conv2d(x[0], x[1], x[2], stride: 4, padding: 3), new(8, 3, 512, 1024), new(32, 3, 7, 7), new(32));
        Step(device, x => Functional.Conv2d(x[0], x[1], x[2]), new(8, 256, 64, 128), new(1024, 256, 1, 1), new(1024));
        Step(device, x => Functional.Conv2d(x[0], x[1], padding: 1, groups: 256), new(8, 256, 64, 128), new(256, 1, 3, 3));
        Step(device, x => Functional.Linear(x[0], x[1], x[2]), new(8192, 256), new(1024, 256), new(1024));
        Step(device, x => Functional.Linear(x[0], x[1]), new(128, 2048), new(256, 2048));
        Step(device, x => MatMul.Row.Apply(default, x[0], x[1]), new(2048, 2048), new(2048, 2048));
        if (device.MatrixPrecision == MatrixPrecision.Bf16)
        {
            Step(
                device,
                x => MatMul.Row.Apply(default, Functional.To(x[0], DType.BFloat16), Functional.To(x[1], DType.BFloat16)),
                new(2048, 2048),
                new(2048, 2048));
        }
    }

    // SegFormer-B0 and B2 at 512 x 1024: heads of 32 and 64 columns, as many keys in every stage; and a head too wide for the tiles.
    private static void AttentionStages(Device device)
    {
        (int Tokens, int Heads)[] stages = [(128 * 256, 1), (64 * 128, 2), (32 * 64, 5), (16 * 32, 8)];
        foreach ((int tokens, int heads) in stages)
        {
            foreach (int columns in new[] { 32, 64 })
            {
                Step(device, x => Functional.Attention(x[0], x[1], heads), new(2, tokens, heads * columns), new(2, 16 * 32, 2 * heads * columns));
            }
        }

        Step(device, x => Functional.Attention(x[0], x[1], 1), new(2, 512, 96), new(2, 512, 192));
    }

    private static void Norms(Device device)
    {
        foreach (int channels in new[] { 32, 256, 2048, 2049 })
        {
            Step(device, x => Functional.LayerNorm(x[0], x[1], x[2]), new(2, 512, channels), new(channels), new(channels));
            Step(device, x => Softmax.Row.Apply(new SoftmaxAttributes(), x[0]), new Shape(2, 512, channels));
        }

        foreach (bool training in new[] { true, false })
        {
            Step(
                device,
                x => Functional.BatchNorm(x[0], x[1], x[2], Zeros(device, 64), Zeros(device, 64), null, training, relu: true),
                new(8, 64, 128, 256),
                new(64),
                new(64));
        }
    }

    private static void LossFunctions(Device device)
    {
        // 19 classes fit shared memory as scratch, 150 do not.
        foreach (int classes in new[] { 19, 150 })
        {
            Tensor target = Tensor.Empty(device, new Shape(2, 512, 1024), DType.Int32);
            Shape logits = new(2, classes, 128, 256);
            Step(device, x => Losses.CrossEntropy.Apply(new CrossEntropyAttributes(), x[0], target), logits);
            Step(device, x => Losses.Kd.Apply(new KdAttributes(), x[0], x[1]), logits, logits);
            KdAttributes mixed = new(Where: DistilledPixels.TeacherRightNearby, PixelWeight: PixelWeighting.Confidence, TargetLogits: TargetLogits.Mixed);
            Step(device, x => Losses.Kd.Apply(mixed, x[0], x[1], target), logits, logits);
            Step(device, x => Losses.Kd.Apply(mixed, x[0], x[1], target), logits, new Shape(2, classes, 64, 128));
            foreach (bool detach in new[] { true, false })
            {
                Step(device, x => HeteroAkd.Row.Apply(new HeteroAkdAttributes(Detach: detach), x[0], x[1], target), logits, logits);
                Step(device, x => HeteroAkd.Row.Apply(new HeteroAkdAttributes(Detach: detach, Grid: WorkingGrid.Label), x[0], x[1], target), logits, logits);
            }

            target.Dispose();
        }
    }

    private static void Train(Device device, string network, int height, int width)
    {
        using SegmentationModel model = ModelZoo.Create(network, 19, device, seed: null);
        using StepScope step = device.BeginStep();
        SegmentationOutput output = model.Forward(Tensor.Empty(device, new Shape(2, 3, height, width)), Pass.Train(1));
        Tensor target = Tensor.Empty(device, new Shape(2, height, width), DType.Int32);
        Losses.CrossEntropy.Apply(new CrossEntropyAttributes(), output.Logits, target).Backward();
    }

    private static void Step(Device device, Func<Tensor[], Tensor> operation, params Shape[] shapes)
    {
        using StepScope step = device.BeginStep();
        Tensor[] inputs = [.. shapes.Select(shape => Tensor.Empty(device, shape))];
        foreach (Tensor input in inputs)
        {
            input.RequiresGrad = true;
        }

        Tensor output = operation(inputs);
        device.Tape.Backward(output, Tensor.Empty(device, output.Shape, output.DType));
    }

    private static Tensor Zeros(Device device, int count) => Tensor.Zeros(device, new Shape(count));
}
