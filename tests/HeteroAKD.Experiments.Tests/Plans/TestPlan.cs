using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Plans;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Tests.Plans;

/// <summary>A plan in a folder of its own, run by a fake starter.</summary>
internal sealed class TestPlan : IDisposable
{
    /// <summary>Two arms, two cells, two teachers, three seeds.</summary>
    public const string Text = """
        about: What it is for.
        base: base.yaml
        set: {training.steps: 5}
        shared:
          teachers:
            good: {}
            careless: {data: {annotationNoise: 0.8}, seed: 2}
        cells:
          trusted: {teacher: good}
          doubted: {teacher: careless}
        arms:
          alone: {distillation.method: none}
          kd: {distillation: {lambda1: 2, method: kd}}
        seeds: {choose: 1, confirm: 2-3}
        compare: {metric: miou, split: test, control: alone}
        """;

    private readonly TemporaryFolder _folder = new();

    public TestPlan(string text = Text)
    {
        _folder.File("base.yaml", "student: {model: tiny-mit-student}\n");
        Path = _folder.File("plans/p.yaml", text.Replace("base: base.yaml", "base: ../base.yaml", StringComparison.Ordinal));
    }

    public string Path { get; }

    public string Csv => System.IO.Path.Combine(System.IO.Path.GetDirectoryName(Path)!, "results", "p.csv");

    /// <summary>The configuration file that the plan begins with.</summary>
    public string BaseFile => _folder.File("base.yaml");

    public string Runs => _folder.File("runs");

    public KeptProgress Progress { get; } = new();

    public ExperimentRequest Request => new(Path, Runs, Jobs: 2, Threads: 4);

    public ExperimentOutcome Run(IRunStarter starter, CancellationToken cancellation = default, ExperimentRequest? request = null) =>
        Service(starter).Run(request ?? Request, Progress, cancellation);

    public ExperimentOutcome Report() => Service(new FakeStarter()).Report(Request);

    public ExperimentOutcome Cost(CancellationToken cancellation = default) => Service(new FakeStarter()).Cost(Request, 0.1, Progress, cancellation);

    public ExperimentForecast Forecast(IDryRunCommand? dryRun = null) => Service(new FakeStarter(), dryRun).Forecast(Request, Progress, CancellationToken.None);

    public void Dispose() => _folder.Dispose();

    private static ExperimentService Service(IRunStarter starter, IDryRunCommand? dryRun = null) =>
        new(starter, dryRun ?? new FakeDryRun(), TimeProvider.System);

    /// <summary>Ten seconds for a student, twenty for a teacher.</summary>
    internal sealed class FakeDryRun : IDryRunCommand
    {
        public DryRunOutcome Try(
            ExperimentConfig config, NetworkRole? role, IProgressSink progress, CancellationToken cancellation) => new("cpu", 1, role switch
            {
                NetworkRole.Teacher => [Network("teacher", 20)],
                NetworkRole.Student => [Network("student", 10)],
                _ => [Network("teacher", 20), Network("distilled", 10)],
            });

        private static DryRunNetwork Network(string role, int steps) => new()
        {
            Role = role,
            Model = "m",
            Parameters = 1,
            BatchSize = 1,
            Images = 1,
            Steps = steps,
            Loss = 1,
            StepMilliseconds = 1000,
            BatchMilliseconds = 0,
            PeakTensorBytes = 1,
            EvaluatedImages = 0,
            ImageMilliseconds = 0,
        };
    }
}
