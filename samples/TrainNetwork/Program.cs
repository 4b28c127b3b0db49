// Defines a small CNN, trains it on images made here, and saves it. dotnet run -c Release --project samples/TrainNetwork -- [cpu | cuda | opencl | ilgpu-cpu]
// [steps]
using HeteroAKD.Nn;
using HeteroAKD.Nn.Initialization;
using HeteroAKD.Nn.Layers;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Loop;
using HeteroAKD.Training.Optimization;
using HeteroAKD.Weights.Formats;

const int Batch = 16, Side = 12;
int steps = args.Length > 1 ? int.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture) : 60;
using Device device = Device.Open(args.Length > 0 ? args[0] : "cpu");
using StripeNetwork network = new(new Site(device, new Generator(seed: 1)));
ModuleTrainingOptions options = new() { Steps = steps, LogEvery = Math.Max(1, steps / 4), Optimizer = new OptimizerOptions { Lr = 1e-2 } };
using ModuleTrainer trainer = new(network, options);
trainer.Run(
    (batch, pass) =>
    {
        (float[] images, int[] labels) = Stripes(new Random(batch));
        Tensor logits = network.Forward(Tensor.From(device, new Shape(Batch, 1, Side, Side), images), pass);
        return Functional.CrossEntropy(logits, Tensor.From(device, new Shape(Batch, 1, 1), labels));
    },
    (step, loss) => Console.WriteLine($"step {step}: loss {loss:F3}"));

using FileStream file = File.Create("stripes.safetensors");
SafeTensors.Write(file, [.. network.State().Select(entry => HostTensor.Of(entry.Name, entry.Tensor))], new Dictionary<string, string>());
Console.WriteLine($"{network.CountParameters()} parameters saved as {file.Name}");

// Noise with stripes that lie (class 0) or stand (class 1).
static (float[] Images, int[] Labels) Stripes(Random random)
{
    int[] labels = [.. Enumerable.Range(0, Batch).Select(_ => random.Next(2))];
    float[] images = new float[Batch * Side * Side];
    for (int i = 0; i < images.Length; i++)
    {
        int place = labels[i / (Side * Side)] == 0 ? i / Side % Side : i % Side;
        images[i] = (place / 2 % 2) + (float)random.NextDouble();
    }

    return (images, labels);
}

/// <summary>Two convolutions and a classifier. [N, 1, H, W] → [N, 2, 1, 1].</summary>
internal sealed class StripeNetwork : Layer
{
    private readonly ConvBn _first;
    private readonly ConvBn _second;
    private readonly Conv2d _classifier;

    public StripeNetwork(in Site site)
        : base(site)
    {
        _first = Add(new ConvBn(site.At("first"), 1, 8, kernelSize: 3));
        _second = Add(new ConvBn(site.At("second"), 8, 16, kernelSize: 3, stride: 2));
        _classifier = Add(new Conv2d(site.At("classifier"), 16, 2, kernelSize: 1));
    }

    public override Tensor Forward(Tensor input, in Pass pass) =>
        _classifier.Forward(Functional.AdaptiveAvgPool2d(_second.Forward(_first.Forward(input, pass), pass), 1, 1), pass);
}
