using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Experiments.Tests.Support;
using HeteroAKD.Training.Loop;
using SkiaSharp;

namespace HeteroAKD.Experiments.Tests;

/// <summary><c>distillation.control</c>: plain KD alone beside the distillation.</summary>
public sealed class ControlTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("control: kd", "kd 0.1")]
    [InlineData("control: none", "")]
    [InlineData("{control: kd, lambda1: 2, lambda2: 0}", "kd 2")]
    [InlineData("{control: kd, lambda1: 2, terms: {kd: {weight: 3}}}", "kd 3")]
    [InlineData("{control: kd, lambda1: 2, method: kd}", "")]
    [InlineData("{control: kd, lambda1: 2, method: kd, terms: {cwd: {weight: 3}}}", "kd 2")]
    [InlineData("{control: kd, lambda1: 2, method: none}", "")]
    [InlineData("{control: kd, lambda1: 2, method: none, terms: {cwd: {weight: 3}}}", "kd 2")]
    [InlineData("{control: kd, lambda1: 0}", "")]
    [InlineData("{control: kd, lambda1: 0, controlWeight: 2}", "kd 2")]
    [InlineData("{control: kd, lambda1: 0.5, controlWeight: 2, terms: {kd: {weight: 3}}}", "kd 2")]
    [InlineData("{controlWeight: 2}", "")]
    public void Control_is_kd_alone_and_is_trained_where_nothing_else_is_the_same_network(string distillation, string expected)
    {
        string section = distillation.StartsWith('{') ? distillation : $"{{{distillation}}}";
        DistillationConfig config = ConfigurationReader.ReadText($"distillation: {section}", "text").Distillation;
        Assert.Equal(expected, string.Join(", ", config.ControlTerms().Select(t => FormattableString.Invariant($"{t.Name} {t.Weight}"))));
    }

    [Theory]
    [InlineData("{}", "alone and with plain KD and HeteroAKD")]
    [InlineData("{control: kd}", "alone, with plain KD, and with HeteroAKD added")]
    [InlineData("{control: kd, baseline: false, terms: {cwd: {weight: 3}}}", "with plain KD and with HeteroAKD and cwd added")]
    [InlineData("{control: kd, method: none, terms: {cwd: {weight: 3}}}", "alone, with plain KD, and with cwd")]
    [InlineData("{control: kd, method: kd}", "alone and with plain KD")]
    [InlineData("{control: kd, lambda1: 0.5, controlWeight: 2}", "alone, with plain KD (weight 2), and with plain KD (weight 0.5) and HeteroAKD")]
    [InlineData("{control: kd, lambda1: 2, controlWeight: 2}", "alone, with plain KD, and with HeteroAKD added")]
    [InlineData("{control: kd, controlWeight: 2, method: none, terms: {cwd: {weight: 3}}}", "alone, with plain KD, and with cwd")]
    [InlineData("{method: none}", "alone")]
    public void Ways_of_training_are_named(string section, string expected) =>
        Assert.Equal(expected, DistillationWords.Ways(ConfigurationReader.ReadText($"distillation: {section}", "text").Distillation));

    [Fact]
    public void Control_is_the_student_of_the_method_kd_and_changes_no_other_network()
    {
        ExperimentConfig config = Config("controlled");
        RunOutcome outcome = Distil(config);
        Assert.Equal([NetworkRoles.Teacher, NetworkRoles.Student, NetworkRoles.Kd, NetworkRoles.Distilled], outcome.Summary!.Networks.Select(n => n.Role));
        Assert.True(File.Exists(Path.Combine(config.Out, NetworkTrainer.NetworkFile(NetworkRoles.Kd))));

        ExperimentConfig kd = Distil("kd", d => d.WithoutControl() with { Method = "kd" });
        ExperimentConfig heteroAkd = Distil("heteroakd", d => d.WithoutControl());
        AssertSame(kd, NetworkRoles.Distilled, config, NetworkRoles.Kd);
        AssertSame(heteroAkd, NetworkRoles.Student, config, NetworkRoles.Student);
        AssertSame(heteroAkd, NetworkRoles.Distilled, config, NetworkRoles.Distilled);

        string[] rows = File.ReadAllLines(Path.Combine(config.Out, "metrics.csv"));
        int column = Array.IndexOf(rows[0].Split(','), "kd");
        Assert.Equal(["1", "3", "5", "7"], rows.Select(r => r.Split(',')).Where(c => c[0] == NetworkRoles.Kd && c[column].Length > 0).Select(c => c[1]));

        using SKBitmap three = SKBitmap.Decode(Path.Combine(config.Out, "predictions.png"));
        using SKBitmap two = SKBitmap.Decode(Path.Combine(heteroAkd.Out, "predictions.png"));
        Assert.True(three.Width > two.Width, "the column of plain KD is missing");
    }

    [Theory]
    [InlineData("kd")]
    [InlineData("none")]
    public void Nothing_is_trained_twice(string method)
    {
        ExperimentConfig config = Config("once") with { Distillation = new DistillationConfig { Method = method, Control = DistillationControl.Kd } };
        Assert.DoesNotContain(NetworkRoles.Kd, Distil(config).Summary!.Networks.Select(n => n.Role));
    }

    [Fact]
    public void Run_stopped_in_the_control_goes_on_there()
    {
        ExperimentConfig unbroken = Config("unbroken");
        Distil(unbroken);
        ExperimentConfig stopped = Config("stopped");
        using (CancellationTokenSource source = new())
        {
            Assert.Null(
                new TrainingService().Run(
                    new DistillRequest(stopped, "tiny", RunMode.New), new StoppingSink(NetworkRoles.Kd, 4, source), source.Token).Summary);
        }

        Assert.False(File.Exists(Path.Combine(stopped.Out, NetworkTrainer.LastFile(NetworkRoles.Distilled))));
        RunOutcome resumed = new TrainingService().Run(
            new DistillRequest(stopped with { Threads = 1 }, "tiny", RunMode.Resume), new SilentSink(), CancellationToken.None);
        Assert.Equal(4, resumed.Summary!.Networks.Count);
        AssertSame(unbroken, NetworkRoles.Kd, stopped, NetworkRoles.Kd);
        AssertSame(unbroken, NetworkRoles.Distilled, stopped, NetworkRoles.Distilled);
        Assert.Equal(
            File.ReadLines(Path.Combine(unbroken.Out, "metrics.csv")).Select(Step), File.ReadLines(Path.Combine(stopped.Out, "metrics.csv")).Select(Step));
    }

    [Fact]
    public void A_run_of_one_network_has_no_control()
    {
        ExperimentConfig config = Config("one");
        RunOutcome outcome = new TrainingService().Run(
            new TrainRequest(config, "tiny", RunMode.New, NetworkRole.Student), new SilentSink(), CancellationToken.None);
        Assert.Equal([NetworkRoles.Student], outcome.Summary!.Networks.Select(n => n.Role));
        Assert.Contains("  control: none", File.ReadAllLines(Path.Combine(config.Out, "config.yaml")));
    }

    [Fact]
    public void Quickstart_says_what_the_student_learns_from()
    {
        ExperimentConfig config = Config("quick");
        List<string> said = [];
        IReadOnlyList<RunOutcome> outcomes = new TrainingService().Run(
            new QuickstartRequest(config, RunMode.New, 2), new SayingSink(said), CancellationToken.None);
        Assert.Equal(
            "A teacher (tiny-mit-student) learns from 10 labelled scenes; a student (tiny-cnn-student) has labels for 5 of them. From the same initial "
                + "weights, with the same data order and 7 steps, "
            + "the student learns alone, with plain KD, and with HeteroAKD added. Scores are on 2 scenes that no network has seen.",
            said[0]);
        Assert.All(outcomes, o => Assert.Equal(4, o.Summary!.Networks.Count));
    }

    [Fact]
    public void Quickstart_says_no_more_than_is_true()
    {
        ExperimentConfig config = Config("quick");
        ExperimentConfig loaded = config with { Teacher = config.Teacher with { Checkpoint = "t.safetensors" } };
        Assert.StartsWith(
            "A teacher (tiny-mit-student) is loaded from t.safetensors; a student (tiny-cnn-student) has labels for 5 scenes.",
            TrainingService.Scenario(loaded),
            StringComparison.Ordinal);
        Assert.EndsWith("Scores are on 2 scenes that the student has not seen.", TrainingService.Scenario(loaded), StringComparison.Ordinal);
        ExperimentConfig untested = config with { Data = config.Data with { TestCount = 0 } };
        Assert.EndsWith($"Scores are on the {config.Data.ValCount} validation scenes.", TrainingService.Scenario(untested), StringComparison.Ordinal);
    }

    private static RunOutcome Distil(ExperimentConfig config) =>
        new TrainingService().Run(new DistillRequest(config, "tiny", RunMode.New), new SilentSink(), CancellationToken.None);

    private static void AssertSame(ExperimentConfig expected, string expectedRole, ExperimentConfig actual, string actualRole) =>
        TinyExperiment.AssertSame(
            Path.Combine(expected.Out, NetworkTrainer.LastFile(expectedRole)), Path.Combine(actual.Out, NetworkTrainer.LastFile(actualRole)));

    private static string Step(string row) => string.Join(',', row.Split(',').Take(2));

    private ExperimentConfig Config(string name)
    {
        ExperimentConfig config = TinyExperiment.Config(Path.Combine(_folder.Path, name));
        return config with
        {
            Data = config.Data with { TestCount = 2 },
            Distillation = new DistillationConfig { Lambda1 = 2, Control = DistillationControl.Kd },
        };
    }

    private ExperimentConfig Distil(string name, Func<DistillationConfig, DistillationConfig> change)
    {
        ExperimentConfig config = Config(name);
        config = config with { Distillation = change(config.Distillation) };
        Distil(config);
        return config;
    }

    /// <summary>Keeps what is said.</summary>
    private sealed class SayingSink(List<string> said) : IProgressSink
    {
        public void Begin(string task, int steps, int done = 0)
        {
        }

        public void Report(in StepProgress progress)
        {
        }

        public void Say(string line) => said.Add(line);
    }
}
