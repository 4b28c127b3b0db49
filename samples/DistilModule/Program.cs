// Distils one network of one's own from another with a loss of one's own.   dotnet run -c Release --project samples/DistilModule -- [device] [steps]
using HeteroAKD.Nn;
using HeteroAKD.Nn.Initialization;
using HeteroAKD.Nn.Layers;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Loop;
using HeteroAKD.Training.Optimization;

const int Batch = 8, Side = 16, Classes = 3;
int steps = args.Length > 1 ? int.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture) : 60;
using Device device = Device.Open(args.Length > 0 ? args[0] : "cpu");
using Net teacher = new(new Site(device, new Generator(seed: 1)), width: 24);
using Net student = new(new Site(device, new Generator(seed: 2)), width: 6);
Train("teacher", teacher, (logits, target, _) => Functional.CrossEntropy(logits, target));
teacher.RequireGrad(false);

// The student learns labels, the teacher's probabilities and, by a loss that is written here, where the teacher's logits are strong.
Train("student", student, (logits, target, input) =>
{
    Tensor taught = teacher.Forward(input, Pass.Evaluation); // nothing is recorded: its parameters want no gradient
    return Functional.CrossEntropy(logits, target) + Functional.KdLoss(logits, taught) + (Attention(logits, taught) * 10);
});

void Train(string name, Net net, Func<Tensor, Tensor, Tensor, Tensor> loss)
{
    ModuleTrainingOptions options = new() { Steps = steps, LogEvery = Math.Max(1, steps / 4), Optimizer = new OptimizerOptions { Lr = 1e-2 } };
    using ModuleTrainer trainer = new(net, options);
    trainer.Run(
        (batch, pass) =>
        {
            (float[] images, int[] labels) = Blocks(new Random(batch));
            Tensor input = Tensor.From(device, new Shape(Batch, 3, Side, Side), images);
            return loss(net.Forward(input, pass), Tensor.From(device, new Shape(Batch, Side, Side), labels), input);
        },
        (step, value) => Console.WriteLine($"{name} step {step}: loss {value:F3}"));
}

// Squared difference of where both maps are strong, each as a direction.
static Tensor Attention(Tensor student, Tensor teacher) => Functional.MseLoss(Strong(student), Strong(teacher));

static Tensor Strong(Tensor map) =>
    Functional.Normalize(Functional.Reshape(Functional.Mean(Functional.Square(map), 1), new Shape(map.Shape[0], map.Shape[2] * map.Shape[3])), 1);

static (float[] Images, int[] Labels) Blocks(Random random)
{
    int[] labels = [.. Enumerable.Range(0, Batch * Side * Side).Select(i => ((i / Side / 4) + (i % Side / 4) + (i / (Side * Side))) % Classes)];
    return (
        [
            .. Enumerable.Range(0, Batch * 3 * Side * Side).Select(
                i => labels[(i / (3 * Side * Side) * Side * Side) + (i % (Side * Side))] + (2 * (float)random.NextDouble()))
        ],
        labels);
}

internal sealed class Net : Layer
{
    private readonly ConvBn _features;
    private readonly Conv2d _classifier;

    public Net(in Site site, int width)
        : base(site)
    {
        _features = Add(new ConvBn(site.At("features"), 3, width, kernelSize: 3));
        _classifier = Add(new Conv2d(site.At("classifier"), width, 3, kernelSize: 1));
    }

    public override Tensor Forward(Tensor input, in Pass pass) => _classifier.Forward(_features.Forward(input, pass), pass);
}
