using HeteroAKD.Experiments.Plans;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Cli.Tests;

/// <summary>The command line of <c>experiment</c>, and of the runs that it starts.</summary>
public sealed class ExperimentCommandTests : IDisposable
{
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Options_reach_the_request()
    {
        FakeExperiment service = new();
        Assert.Equal(0, Run(service, "experiment", "p.yaml", "--jobs", "3", "--threads", "6", "--out", "x", "--device", "cpu"));
        Assert.Equal(new ExperimentRequest("p.yaml", "x", 3, 6, "cpu"), service.Request);
        Assert.Contains("the report", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("written: p.md", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Cost_measures_each_arm_for_the_given_seconds()
    {
        FakeExperiment service = new();
        Assert.Equal(0, Run(service, "experiment", "p.yaml", "--cost", "--cost-seconds", "3", "--threads", "2"));
        Assert.Equal((3, 2), (service.CostSeconds, service.Request!.Threads));
        Assert.Contains("the report", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Failures_and_interruptions_have_their_codes()
    {
        Assert.Equal(1, Run(new FakeExperiment { Outcome = new("", [], ["kd  seed 1: error: full"], false) }, "experiment", "p.yaml"));
        Assert.Contains("failed: kd  seed 1: error: full", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal(130, Run(new FakeExperiment { Outcome = new("", [], [], true) }, "experiment", "p.yaml"));
        Assert.Contains("stopped; the same command goes on", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal(130, Run(new FakeExperiment { Outcome = new("", [], [], true) }, "experiment", "p.yaml", "--cost"));
        Assert.Contains("stopped; nothing was measured to the end", _error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 0, "12 runs, 4 of them finished; 8 and 1 shared teacher to do: about 1.00 h with --jobs 1 (from earlier runs); nothing was written")]
    [InlineData(2, 1, "8 and 1 shared teacher to do: about 1.00 h with --jobs 1 (from earlier runs), not counting 2 whose time is unknown; nothing was "
        + "written")]
    [InlineData(9, 1, "12 runs, 4 of them finished; 8 and 1 shared teacher to do: how long they take is unknown; nothing was written")]
    public void A_dry_run_says_what_the_plan_takes(int unknown, int code, string sentence)
    {
        Assert.Equal(code, Run(new FakeExperiment { Unknown = unknown }, "experiment", "p.yaml", "--dry-run"));
        Assert.Equal(code == 0 ? "" : "failed: kd could not be tried", _error.ToString().Trim());
        Assert.Contains(sentence, _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("a note", _output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--seed 3", "error: experiment takes no --seed: what runs is in the plan")]
    [InlineData("--set a=b", "error: experiment takes no --set: what runs is in the plan")]
    [InlineData("--accept-changes --resume", "error: experiment takes no --accept-changes: what runs is in the plan")]
    [InlineData("--force", "error: experiment takes no --force: what runs is in the plan")]
    [InlineData("--jobs 0", "error: --jobs takes 1 to 64, not '0'")]
    [InlineData("--report --dry-run", "error: --dry-run and --report exclude each other")]
    [InlineData("--report --cost", "error: --report and --cost exclude each other")]
    [InlineData("--cost --jobs 2", "error: experiment --cost takes no --jobs: arms are measured one after another")]
    [InlineData("--cost-seconds 3", "error: --cost-seconds goes with --cost")]
    [InlineData("--cost --cost-seconds 0", "error: --cost-seconds")]
    public void What_belongs_into_the_plan_is_refused(string options, string message)
    {
        FakeExperiment service = new();
        Assert.Equal(2, Run(service, ["experiment", "p.yaml", .. options.Split(' ')]));
        Assert.Contains(message, _error.ToString(), StringComparison.Ordinal);
        Assert.Null(service.Request);
    }

    [Theory]
    [InlineData("heteroakd", "error: --network distilled: teacher.checkpoint must name the trained teacher (or teacher.onnx, teacher.logits one from "
        + "elsewhere); 'heteroakd distill' trains one first")]
    [InlineData("none", "error: --network distilled: distillation.method is none, so nothing is distilled; train the student alone with --network student")]
    public void A_distilled_student_needs_a_teacher_and_a_method(string method, string message)
    {
        string config = _folder.File("tiny.yaml", TinyRun.Scenes);
        foreach (string[] more in (string[][])[["--dry-run"], ["--out", _folder.File("run")]])
        {
            using StringWriter said = new();
            Assert.Equal(
                1,
                new CommandLineApplication(CommandServices.Create(), new Terminal(_output, said, false)).Run(
                    ["train", config, "--network", "distilled", "--set", $"distillation.method={method}", .. more]));
            Assert.Equal(message, said.ToString().Trim());
        }

        Assert.False(Directory.Exists(_folder.File("run")));
    }

    private int Run(FakeExperiment service, params string[] args) =>
        new CommandLineApplication(new CommandServices { Experiment = service }, new Terminal(_output, _error, false)).Run(args);

    private sealed class FakeExperiment : IExperimentCommand
    {
        public ExperimentRequest? Request { get; private set; }

        public ExperimentOutcome Outcome { get; init; } = new("the report", ["p.md"], [], false);

        public int Unknown { get; init; }

        public ExperimentOutcome Run(ExperimentRequest request, IProgressSink progress, CancellationToken cancellation)
        {
            Request = request;
            return Outcome;
        }

        public ExperimentForecast Forecast(ExperimentRequest request, IProgressSink progress, CancellationToken cancellation)
        {
            Request = request;
            return new ExperimentForecast(
                12, 4, 1, 3600, "from earlier runs", ["a note"], [("kd", "", "distillation.method=kd")], Unknown, Unknown > 0 ? ["kd could not be tried"] : []);
        }

        public double CostSeconds { get; private set; }

        public ExperimentOutcome Cost(ExperimentRequest request, double seconds, IProgressSink progress, CancellationToken cancellation)
        {
            (Request, CostSeconds) = (request, seconds);
            return Outcome;
        }

        public ExperimentOutcome Report(ExperimentRequest request)
        {
            Request = request;
            return Outcome;
        }
    }
}
