using System.Diagnostics;
using System.Globalization;
using HeteroAKD.Experiments.Plans;
using HeteroAKD.Training.Checkpoints;

namespace HeteroAKD.Cli.Tests;

/// <summary><c>heteroakd experiment</c> with real runs: each is a process of the program.</summary>
public sealed class ExperimentTests : IDisposable
{
    private const int Runs = 5;  // a teacher, two arms on two seeds

    private readonly TemporaryFolder _folder = new();

    // A child of a killed experiment may be about to leave.
    public void Dispose()
    {
        for (int tries = 0; ; tries++)
        {
            try
            {
                _folder.Dispose();
                return;
            }
            catch (IOException) when (tries < 50)
            {
                Thread.Sleep(200);
            }
        }
    }

    [Fact]
    public void Killed_experiment_goes_on_and_ends_with_the_scores_of_the_unbroken_one()
    {
        string unbroken = Plan("unbroken");
        HeteroAkdProcess.Result first = HeteroAkdProcess.Run(Command(unbroken));
        Assert.True(first.ExitCode == 0, first.Error);
        Assert.Contains("4 of 4 runs are finished", first.Output, StringComparison.Ordinal);

        string killed = Plan("killed");
        HeteroAkdProcess.RunAndKillAt("2/5  ", Command(killed));
        string[] before = File.ReadAllLines(Csv(killed));
        Assert.InRange(before.Length, 3, Runs);
        HeteroAkdProcess.Result second = HeteroAkdProcess.Run(Command(killed));
        Assert.True(second.ExitCode == 0, second.Error);
        Assert.Equal(before, File.ReadAllLines(Csv(killed))[..before.Length]);
        Assert.Equal(Results(unbroken), Results(killed));

        // Nothing is left to do.
        HeteroAkdProcess.Result third = HeteroAkdProcess.Run(Command(killed));
        Assert.Equal(0, third.ExitCode);
        Assert.Equal(1 + Runs, File.ReadAllLines(Csv(killed)).Length);
    }

    [Fact]
    public void Children_of_a_killed_experiment_save_and_stop()
    {
        string plan = Plan("orphan", steps: 100_000);
        HeteroAkdProcess.RunAndKillAt("1/5  teacher", Command(plan));
        string run = Path.Combine(_folder.Path, "orphan-runs", "alone", "seed-1");
        Stopwatch clock = Stopwatch.StartNew();
        while (!(File.Exists(Path.Combine(run, "log.txt"))
            && ReadShared(Path.Combine(run, "log.txt")).Contains("interrupted at step", StringComparison.Ordinal)))
        {
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(2), "the child of the killed experiment goes on");
            Thread.Sleep(100);
        }

        Assert.InRange(Checkpoint.Load(Path.Combine(run, "student-last.safetensors")).Info.Step, 0, 99_999);
    }

    [Fact]
    public void Failing_arm_is_named_and_the_code_says_so()
    {
        string plan = Plan("failing");
        File.WriteAllText(
            plan, File.ReadAllText(plan).Replace("lambda1: 2}}", "lambda1: 2}, student.checkpoint: nowhere.safetensors}", StringComparison.Ordinal));
        HeteroAkdProcess.Result result = HeteroAkdProcess.Run(Command(plan));
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("failed: kd  seed 2: error: nowhere.safetensors: there is no such checkpoint", result.Error, StringComparison.Ordinal);
        Assert.Contains("FAILED: kd  seed 1", result.Output, StringComparison.Ordinal);
        Assert.Equal(2, Results(plan).Count);
    }

    [Fact]
    public void A_student_distilled_by_itself_is_the_one_of_distill()
    {
        string config = _folder.File("tiny.yaml", TinyRun.Scenes);
        string whole = _folder.File("whole");
        string alone = _folder.File("alone");
        Assert.Equal(0, HeteroAkdProcess.Run("distill", config, "--out", whole).ExitCode);
        string teacher = Path.Combine(whole, "teacher.safetensors");
        HeteroAkdProcess.Result result = HeteroAkdProcess.Run(
            "train", config, "--network", "distilled", "--set", $"teacher.checkpoint={teacher}", "--out", alone);
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.False(File.Exists(Path.Combine(alone, "teacher.safetensors")));
        Checkpoint expected = Checkpoint.Load(Path.Combine(whole, "distilled-last.safetensors"));
        Checkpoint found = Checkpoint.Load(Path.Combine(alone, "distilled-last.safetensors"));
        Assert.Equal(expected.Names.Order(), found.Names.Order());
        Assert.All(expected.Names, tensor => Assert.True(expected[tensor].Bytes.AsSpan().SequenceEqual(found[tensor].Bytes), $"'{tensor}' differs"));
    }

    private static string Csv(string plan) => Path.Combine(Path.GetDirectoryName(plan)!, "results", Path.ChangeExtension(Path.GetFileName(plan), "csv"));

    private IEnumerable<string> Command(string plan) =>
        ["experiment", plan, "--jobs", "2", "--out", Path.Combine(_folder.Path, Path.GetFileNameWithoutExtension(plan) + "-runs")];

    /// <summary>The repository's smoke plan on smaller scenes; students take the given steps.</summary>
    private string Plan(string name, int steps = 10)
    {
        string text = File.ReadAllText(RepositoryRoot.File("plans", "smoke.yaml")).Replace(
            "../configs/scenes.yaml", RepositoryRoot.File("configs", "scenes.yaml"), StringComparison.Ordinal)
            .Replace("width: 64, height: 64", "width: 32, height: 32", StringComparison.Ordinal)
            .Replace("training: {steps: 10,", $"training: {{steps: {steps.ToString(CultureInfo.InvariantCulture)},", StringComparison.Ordinal);
        return _folder.File($"plans/{name}.yaml", text);
    }

    private static List<(string Arm, int Seed, double Score)> Results(string plan) =>
        [
            .. ResultsFile.Read(Csv(plan)).Lines.Where(
                l => l.Error.Length == 0 && l.Kind != "teacher").Select(l => (l.Arm, l.Seed, l.Scores["test.miou"])).Order()
        ];

    private static string ReadShared(string path)
    {
        using StreamReader reader = new(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd();
    }
}
