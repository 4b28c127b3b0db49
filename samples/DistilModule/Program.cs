// Distils one network of one's own from another with a loss of one's own.   dotnet run -c Release --project samples/DistilModule -- [device] [steps]
using HeteroAKD.Nn;
using HeteroAKD.Nn.Initialization;
using HeteroAKD.Nn.Layers;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Optimization;

const int Batch = 8, Side = 16, Classes = 3;
int steps = args.Length > 1 ? int.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture) : 60;
using Device device = Device.Open(args.Length > 0 ? args[0] : "cpu");
using Net teacher = new(new Site(device, new Generator(seed: 1)), width: 24);
using Net student = new(new Site(device, new Generator(seed: 2)), width: 6);
Random random = new(1);
Train(teacher, null);
teacher.RequireGrad(false);
Train(student, teacher);

// The student learns labels, the teacher's probabilities and, by a loss that is written here, where the teacher's logits are strong.
void Train(Net net, Net? from)
{
    OptimizerOptions options = new() { Lr = 1e-2 };
    using FlatParameters parameters = new(device, [.. ParameterGroup.Of(net, "net", lrMultiplier: 1, options.WeightDecay, spareNormsAndBiases: true)]);
    using Optimizer optimizer = new(parameters, options);
    LearningRateSchedule schedule = new(new ScheduleOptions(), options.Lr, steps);
    for (int step = 0; step < steps; step++)
    {
        (float[] images, int[] labels) = Blocks(random);
        optimizer.ZeroGrad();
        using (device.BeginStep())
        {
            Tensor input = Tensor.From(device, new Shape(Batch, 3, Side, Side), images);
            Tensor target = Tensor.From(device, new Shape(Batch, Side, Side), labels);
            Tensor logits = net.Forward(input, Pass.Train(step));
            Tensor loss = Functional.CrossEntropy(logits, target);
            if (from is not null)
            {
                Tensor taught = from.Forward(input, Pass.Evaluation); // nothing is recorded: its parameters want no gradient
                loss += Functional.KdLoss(logits, taught) + (Attention(logits, taught) * 10);
            }

            loss.Backward();
            if (step % 20 == 0 || step == steps - 1)
            {
                Console.WriteLine($"{(from is null ? "teacher" : "student")} step {step}: loss {loss.Item():F3}");
            }
        }

        optimizer.Step(schedule.At(step));
    }
}

// Squared difference of where both maps are strong, each as a direction.
static Tensor Attention(Tensor student, Tensor teacher) => Functional.MseLoss(Strong(student), Strong(teacher));

static Tensor Strong(Tensor map) => Functional.Normalize(Functional.Reshape(Functional.Mean(Functional.Square(map), 1), new Shape(map.Shape[0], map.Shape[2] * map.Shape[3])), 1);

static (float[] Images, int[] Labels) Blocks(Random random)
{
    int[] labels = [.. Enumerable.Range(0, Batch * Side * Side).Select(i => ((i / Side / 4) + (i % Side / 4) + (i / (Side * Side))) % Classes)];
    return ([.. Enumerable.Range(0, Batch * 3 * Side * Side).Select(i => labels[(i / (3 * Side * Side) * Side * Side) + (i % (Side * Side))] + (2 * (float)random.NextDouble()))], labels);
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
