using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Export;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Evaluation;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Cli.Tests;

/// <summary>Services that keep the request and answer with fixed results, so that the command line is tested alone.</summary>
internal sealed class FakeServices :
    IQuickstartCommand, ITrainCommand, IDistillCommand, IDryRunCommand, IEvaluateCommand, IPredictCommand, IImportCommand, IExportCommand, IInfoCommand,
    IGradcheckCommand, IOpCommand, ICkaCommand
{
    public object? Request { get; private set; }

    public Exception? Failure { get; init; }

    public int Threads { get; private set; }

    public bool Interrupted { get; init; }

    public double GradientError { get; init; } = 1e-7;

    public CommandServices All => new()
    {
        Quickstart = this,
        Train = this,
        Distill = this,
        DryRun = this,
        Evaluate = this,
        Predict = this,
        Cka = this,
        Import = this,
        Export = this,
        Info = this,
        Gradcheck = this,
        Op = this,
    };

    public IReadOnlyList<RunOutcome> Run(QuickstartRequest request, IProgressSink progress, CancellationToken cancellation)
    {
        Keep(request);
        return [.. Enumerable.Range(0, request.Seeds).Select(i => Outcome(request.Config, i))];
    }

    public CkaOutcome Run(CkaRequest request, IProgressSink progress, CancellationToken cancellation)
    {
        Keep(request);
        return new CkaOutcome(["stage 1", "logits"], ["stage 1"], new[,] { { 0.75 }, { double.NaN } }, new[,] { { 0.5 }, { 0.25 } }, 64);
    }

    public RunOutcome Run(TrainRequest request, IProgressSink progress, CancellationToken cancellation)
    {
        Keep(request);
        return Outcome(request.Config);
    }

    public DryRunOutcome Try(ExperimentConfig config, NetworkRole? role, IProgressSink progress, CancellationToken cancellation)
    {
        Keep((config, role));
        return new DryRunOutcome("cpu (some processor)", 300L << 20, [new DryRunNetwork
        {
            Role = "student", Model = "tiny-cnn-student", Parameters = 89523, BatchSize = 16, Images = 367, Steps = 40_000, Loss = 2.5, StepMilliseconds = 90,
            BatchMilliseconds = 40, PeakTensorBytes = 41L << 20, EvaluatedImages = 500, ImageMilliseconds = 10,
        }]);
    }

    public RunOutcome Run(DistillRequest request, IProgressSink progress, CancellationToken cancellation)
    {
        Keep(request);
        progress.Begin("student", 2);
        progress.Report(new StepProgress(1, 0.5, 1e-3, 20));
        progress.Say("a line");
        return Outcome(request.Config);
    }

    public EvaluateOutcome Run(EvaluateRequest request, IProgressSink progress, CancellationToken cancellation)
    {
        Keep(request);
        return new EvaluateOutcome(["a", "b"], [new EvaluatedNetwork("student", "tiny-cnn-student", 89523, 10, 1.5, Scores(0.25))]);
    }

    public IReadOnlyList<Prediction> Run(PredictRequest request, IProgressSink progress, CancellationToken cancellation)
    {
        Keep(request);
        return [.. request.Images.Select(image => new Prediction(image, image + ".labels.png", image + ".overlay.png"))];
    }

    public ExportOutcome Run(ExportRequest request, CancellationToken cancellation)
    {
        Keep(request);
        return new ExportOutcome("tiny-cnn-student", 1234567, request.Verify ? [new OutputComparison("logits", new Shape(1, 2, 3, 4), 2e-6, 1e-6, 1)] : [])
        {
            Warnings = request.Format == ExportFormat.Pth ? ["a .pth cannot say it"] : [],
        };
    }

    public IReadOnlyList<string> Run(ImportRequest request)
    {
        Keep(request);
        return ["loaded      4"];
    }

    public IReadOnlyList<DeviceInfo> Devices() => [new("cpu", "some processor", 8L << 30, true, "Vector512"), new("cuda", "", 0, false, "no driver")];

    public IReadOnlyList<PretrainedSummary> Pretrained() => [new("resnet18-imagenet", "somebody's", null)];

    public IReadOnlyList<ModelSummary> Models(int classes) => [new("tiny-cnn-student", ModelFamily.Cnn, 89_000 + classes)];

    public ModelProfile Profile(string model, int classes, int height, int width)
    {
        Keep((model, classes, height, width));
        return ModelProfile.Of("tiny-cnn-student", classes, 32, 32);
    }

    public IEnumerable<GradientCheck> Run(string filter, int seed, int threads, CancellationToken cancellation)
    {
        Threads = threads;
        if ("gelu".Contains(filter, StringComparison.Ordinal))
        {
            yield return new GradientCheck("gelu", "[2, 3]", GradientError, 1e-6);
        }
    }

    public IReadOnlyList<OpDescription> List() => [new("conv2d", ["input [N, C, H, W]"], ["stride=1"], ["output [N, K, H', W']"])];

    public IReadOnlyList<string> Run(OpRequest request)
    {
        Keep(request);
        return ["output [1, 2, 3, 4]"];
    }

    private void Keep(object request)
    {
        Request = request;
        if (Failure is not null)
        {
            throw Failure;
        }
    }

    // Each further seed gains a point; plain KD, where it is trained, gains two and a half on every one.
    private RunOutcome Outcome(ExperimentConfig config, int further = 0) => new("runs/x", Interrupted ? null : new RunSummary
    {
        Version = "0",
        Device = "cpu",
        Threads = 2,
        Seed = config.Seed + further,
        Seconds = 1,
        PeakMemoryBytes = 1 << 20,
        Classes = ["a", "b"],
        Networks =
        [
            Network("teacher", 0.5), Network("student", 0.25), .. config.Distillation.ControlTerms().Select(_ => Network("kd", 0.275)),
            Network("distilled", 0.25 + (0.01 * further)),
        ],
    });

    private static NetworkSummary Network(string role, double score) => new()
    {
        Role = role,
        Model = "m",
        Parameters = 1000,
        Steps = 1,
        Seconds = 1,
        TrainingImages = 1,
        Scores = new Dictionary<string, SegmentationScores> { ["val"] = Scores(0), ["test"] = Scores(score) },
    };

    private static SegmentationScores Scores(double value) => new(value, value, value, value, [value, value]);
}
