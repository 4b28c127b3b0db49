using System.Globalization;
using System.Text.Json;
using HeteroAKD.Distillation;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Tests.Import;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Loop;
using HeteroAKD.Training.Optimization;
using HeteroAKD.Weights.Formats;

namespace HeteroAKD.Experiments.Tests;

/// <summary>
/// Whole training steps against PyTorch's (<c>tests/python/training_steps.py</c>): the same weights, batches, losses and update rule. Every logged value of
/// every step and all weights at the end are held against float64; what PyTorch's own float32 is off by is allowed four times, and a floor.
/// </summary>
public sealed class PyTorchTrainingTests : IDisposable
{
    private const int Classes = 4;
    private const int Ignored = 255;
    private const int Images = 3;
    private const int Height = 32;
    private const int Width = 48;
    private const double Factor = 4;
    private const string Cnn = "tiny-cnn-student";
    private const string Mit = "tiny-mit-student";
    private const string HeteroAkd = "method: heteroakd, ";

    private readonly TemporaryFolder _folder = new();
    private readonly Device _device = Device.Open("cpu", 2);

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    /// <summary>One step of plain gradient descent at rate 1: the weights move by their gradients.</summary>
    [Theory]
    [InlineData(Mit, Cnn, HeteroAkd + "preset: practical", """{"kd": {"weight": 0.1}, "heteroakd": {"weight": 1}}""")]
    [InlineData(Cnn, Mit, HeteroAkd + "preset: practical", """{"kd": {"weight": 0.1}, "heteroakd": {"weight": 1}}""")]
    [InlineData(
        Mit, Cnn, HeteroAkd + "preset: paper",
        """{"kd": {"weight": 0.1}, "heteroakd": {"weight": 1, "detach": false, "supervision": "none", "grid": "label", "projector_relu": true}}""")]
    [InlineData(Cnn, Mit, HeteroAkd + "preset: tuned, lambda1: 0.5, lambda2: 5", """{"kd": {"weight": 0.5}, "heteroakd": {"weight": 5, "features": "all"}}""")]
    [InlineData(
        Mit, Cnn, HeteroAkd + "grid: label, tau: 2, scaleTau2: true, form: kl",
        """{"kd": {"weight": 0.1}, "heteroakd": {"weight": 1, "grid": "label", "tau": 2, "scale_tau2": true, "form": "kl"}}""")]
    [InlineData(
        Cnn, Mit, HeteroAkd + "form: binary, weightAxis: spatial, weightScale: classes, supervision: ce",
        """{"kd": {"weight": 0.1}, "heteroakd": {"weight": 1, "form": "binary", "axis": "spatial", "weight_scale": "classes", "supervision": "ce"}}""")]
    [InlineData(
        Mit, Cnn, HeteroAkd + "features: classifier, detach: false, reliability: softmaxCe, weightAxis: spatial",
        """{"kd": {"weight": 0.1}, "heteroakd": {"weight": 1, "features": "classifier", "detach": false, "reliability": "softmax_ce", "axis": "spatial"}}""")]
    [InlineData(
        Cnn, Mit, HeteroAkd + "mixing: false, reduction: element",
        """{"kd": {"weight": 0.1}, "heteroakd": {"weight": 1, "mixing": false, "reduction": "element"}}""")]
    [InlineData(Mit, Cnn, HeteroAkd + "weighting: false, lambda1: 0", """{"kd": {"weight": 0}, "heteroakd": {"weight": 1, "weighting": false}}""")]
    [InlineData(Cnn, Mit, "method: kd, lambda1: 2, kdTau: 4", """{"kd": {"weight": 2, "tau": 4}}""")]
    [InlineData(
        Mit, Cnn, "method: at, terms: {at: {weight: 100}, cwdLogits: {weight: 3}}",
        """{"kd": {"weight": 1}, "at": {"weight": 100}, "cwdLogits": {"weight": 3}}""")]
    public void A_distillation_step_is_PyTorchs(string teacher, string student, string distillation, string terms) => Compare(
        teacher, student, distillation, terms, "kind: sgd, lr: 1, momentum: 0, weightDecay: 0", steps: 1, floor: 5e-6);

    /// <summary>Twenty steps, in which errors grow. Rates are such that a rounding that flips the sign in front of a ReLU stays small.</summary>
    [Theory]
    [InlineData("", Cnn, "method: none", "{}", "kind: sgd, lr: 0.05, momentum: 0.9, nesterov: true, weightDecay: 1e-3")]
    [InlineData("", Mit, "method: none", "{}", "kind: sgd, lr: 0.05, momentum: 0.9, weightDecay: 1e-3, noDecayOnNormsAndBiases: false")]
    [InlineData("", Cnn, "method: none", "{}", "kind: adamW, lr: 1e-3, eps: 1e-3, weightDecay: 0.05")]
    [InlineData("", Mit, "method: none", "{}", "kind: adamW, lr: 1e-3, eps: 1e-3, gradientClip: 0.5")]
    [InlineData(Mit, Cnn, HeteroAkd + "preset: practical", """{"kd": {"weight": 0.1}, "heteroakd": {"weight": 1}}""", "kind: sgd, lr: 0.05, momentum: 0.9, "
        + "projectorLrMultiplier: 10")]
    [InlineData(Cnn, Mit, HeteroAkd + "preset: practical", """{"kd": {"weight": 0.1}, "heteroakd": {"weight": 1}}""", "kind: adamW, lr: 1e-3, eps: 1e-3, "
        + "projectorLrMultiplier: 10")]
    [InlineData(
        Cnn, Mit, HeteroAkd + "preset: tuned, lambda1: 0.5, lambda2: 5",
        """{"kd": {"weight": 0.5}, "heteroakd": {"weight": 5, "features": "all"}}""", "kind: adamW, lr: 1e-3, eps: 1e-3, gradientClip: 1")]
    [InlineData(Mit, Cnn, "method: kd, lambda1: 2", """{"kd": {"weight": 2}}""", "kind: sgd, lr: 0.01, momentum: 0.9")]
    public void Twenty_steps_are_PyTorchs(string teacher, string student, string distillation, string terms, string optimizer) => Compare(
        teacher, student, distillation, terms, optimizer, steps: 20, floor: 1e-4);

    private void Compare(string teacher, string student, string distillation, string terms, string optimizer, int steps, double floor)
    {
        Python.Require();
        ExperimentConfig config = ConfigurationReader.ReadText($"distillation: {{{distillation}}}\noptimizer: {{{optimizer}}}", "case");
        using SegmentationModel? from = teacher.Length > 0 ? ModelZoo.Create(teacher, Classes, _device, seed: 11) : null;
        using SegmentationModel model = ModelZoo.Create(student, Classes, _device, seed: 12);
        TaskLoss task = new(_device, Classes, new TaskLossOptions(Ignored));
        using IObjective objective = from is null ? task
            : ObjectiveFactory.Distillation(from, model, task, config, config.Distillation.WeightedTerms(), Ignored);
        Made batches = new();
        TrainingJob job = new()
        {
            Role = "student",
            Model = model,
            Objective = objective,
            Optimizer = config.Optimizer,
            Schedule = new ScheduleOptions { Kind = steps == 1 ? ScheduleKind.Constant : ScheduleKind.Poly, WarmupFraction = 0.1 },
            Training = new TrainingOptions { Steps = steps, LogEvery = 1, EvalEvery = 0 },
        };
        Dictionary<string, Tensor> state = State(model, "student.").Concat(objective.Auxiliary is { } own ? State(own, "auxiliary.") : []).ToDictionary();
        Write("start.pth", state.Concat(from is null ? [] : State(from, "teacher.")).Select(s => HostTensor.Of(s.Key, s.Value)));
        Write("batches.pth", Enumerable.Range(0, steps).SelectMany(batches.Tensors));
        LearningRateSchedule rates = new(job.Schedule, job.Optimizer.Lr, steps);
        File.WriteAllText(_folder.File("case.json"), Case(teacher, student, terms, config.Optimizer, [.. Enumerable.Range(0, steps).Select(rates.At)]));
        Python.Script("training_steps.py", _folder.Path);

        Record record = new();
        new NetworkTrainer(record).Run(job, batches);
        Dictionary<string, HostTensor> expected = TorchFile.Read(_folder.File("result.pth")).Tensors.ToDictionary(t => t.Name);
        Dictionary<string, float[]> found = state.ToDictionary(s => $"end|{s.Key}", s => s.Value.ToFloats()).Concat(record.Values).ToDictionary();
        string[] problems =
        [
            .. expected.Where(
                e => !e.Key.StartsWith("allowed|", StringComparison.Ordinal)).Select(e => Problem(e.Key, e.Value, found, expected, floor)).OfType<string>()
        ];
        Assert.True(problems.Length == 0, string.Join('\n', problems.Take(30)));
    }

    private static string? Problem(string name, HostTensor expected, Dictionary<string, float[]> found, Dictionary<string, HostTensor> all, double floor)
    {
        if (!found.TryGetValue(name, out float[]? values))
        {
            return $"{name} is not there";
        }

        double[] right = [.. System.Runtime.InteropServices.MemoryMarshal.Cast<byte, double>(expected.Bytes)];
        double scale = Math.Max(1e-3, right.Max(Math.Abs));
        double error = right.Zip(values, (a, b) => double.IsNaN(a - b) ? double.PositiveInfinity : Math.Abs(a - b)).Max();
        double allowed = scale * ((Factor * System.Runtime.InteropServices.MemoryMarshal.Cast<byte, double>(all[$"allowed|{name}"].Bytes)[0]) + floor);
        return right.Length == values.Length && error <= allowed ? null
            : string.Create(CultureInfo.InvariantCulture, $"{name} is off by {error:G3} of {scale:G3}, allowed {allowed:G3}");
    }

    private static string Case(string teacher, string student, string terms, OptimizerOptions o, double[] rates)
    {
        string optimizer = JsonSerializer.Serialize(new
        {
            kind = o.Kind == OptimizerKind.AdamW ? "adamW" : "sgd",
            lr = o.Lr,
            betas = o.Betas,
            eps = o.Eps,
            momentum = o.Momentum,
            nesterov = o.Nesterov,
            weightDecay = o.WeightDecay,
            noDecayOnNormsAndBiases = o.NoDecayOnNormsAndBiases,
            projectorLrMultiplier = o.ProjectorLrMultiplier,
            gradientClip = o.GradientClip,
        });
        return $$"""{"student": "{{student}}", "teacher": "{{teacher}}", "classes": {{Classes}}, "ignore_index": {{Ignored}}, "terms": {{terms}}"""
            + $$""", "rates": {{JsonSerializer.Serialize(rates)}}, "optimizer": {{optimizer}}}""";
    }

    private static IEnumerable<KeyValuePair<string, Tensor>> State(Module module, string prefix) =>
        module.State().Select(e => KeyValuePair.Create(prefix + e.Name, e.Tensor));

    private void Write(string name, IEnumerable<HostTensor> tensors)
    {
        using FileStream stream = File.Create(_folder.File(name));
        TorchFile.Write(stream, [.. tensors]);
    }

    private sealed class Record : ITrainingObserver
    {
        public List<KeyValuePair<string, float[]>> Values { get; } = [];

        public void Measured(TrainingJob job, int step, ReadOnlySpan<(string Column, double Value)> values)
        {
            foreach ((string column, double value) in values)
            {
                Values.Add(KeyValuePair.Create($"{step - 1}|{column}", new[] { (float)value }));
            }
        }
    }

    /// <summary>Noise whose sign follows the label, in blocks; one pixel in twelve has no label.</summary>
    private sealed class Made : IBatchSource
    {
        private readonly Batch _batch = new();

        public long Position { get; private set; }

        public double WaitSeconds => 0;

        public Batch Next() => Fill((int)Position++);

        public void Seek(long position) => Position = position;

        public IEnumerable<HostTensor> Tensors(int step)
        {
            Batch batch = Fill(step);
            yield return HostTensor.Of($"images.{step}", [Images, 3, Height, Width], batch.Images.AsSpan(0, Images * 3 * Height * Width));
            yield return HostTensor.Of($"labels.{step}", [Images, Height, Width], batch.Labels.AsSpan(0, Images * Height * Width));
        }

        private Batch Fill(int step)
        {
            Random random = new(step + 1);
            _batch.Resize(Images, Height, Width);
            for (int n = 0; n < Images; n++)
            {
                Span<int> labels = _batch.LabelsAt(n);
                for (int i = 0; i < labels.Length; i++)
                {
                    labels[i] = random.Next(12) == 0 ? Ignored : ((i / Width / 8) + (i % Width / 8) + n) % Classes;
                }

                Span<float> image = _batch.ImageAt(n);
                for (int i = 0; i < image.Length; i++)
                {
                    image[i] = (((i / Width / 8) + (i % Width / 8) + n) % Classes) - 1.5f + (float)random.NextDouble();
                }
            }

            return _batch;
        }
    }
}
