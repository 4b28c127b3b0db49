using System.Diagnostics;
using HeteroAKD.Training.Checkpoints;

namespace HeteroAKD.Cli.Tests;

/// <summary>Outputs that go away and sessions that end: the work goes on, or saves and leaves.</summary>
public sealed class LostOutputTests : IDisposable
{
    private const string Long = "training: {steps: 400, batchSize: 2, evalEvery: 0, logEvery: 1, checkpointEvery: 0}";

    private readonly TemporaryFolder _folder = new();

    public LostOutputTests()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("needs sh, /dev/full and the signals of Linux");
        }
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("exec \"$@\" 2>/dev/full")]
    [InlineData("exec \"$@\" 2>&-")]
    public void Training_goes_on_without_the_standard_error(string script)
    {
        string run = _folder.File("run");
        HeteroAkdProcess.Result result = HeteroAkdProcess.Shell(script, "train", _folder.File("tiny.yaml", TinyRun.Scenes), "--out", run);
        Assert.Equal(0, result.ExitCode);
        Assert.Contains($"run folder: {run}", result.Output, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(run, "student.safetensors")));
    }

    [Theory]
    [InlineData("exec \"$@\" 2>/dev/full", "gradcheck", "gelu")]
    [InlineData("exec \"$@\" 2>/dev/full", "op", "--list")]
    public void Other_commands_do_too(string script, params string[] arguments)
    {
        HeteroAkdProcess.Result result = HeteroAkdProcess.Shell(script, arguments);
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("gelu", result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("exec \"$@\" 2>/dev/full", 1, "eval", "none.safetensors")]
    [InlineData("exec \"$@\" 2>&-", 1, "predict", "none.safetensors", "none.png", "--debug")]
    [InlineData("exec \"$@\" 2>/dev/full", 2, "quickstart", "--seeds", "x")]
    public void An_error_that_cannot_be_told_still_decides_the_exit_code(string script, int code, params string[] arguments) =>
        Assert.Equal(code, HeteroAkdProcess.Shell(script, arguments).ExitCode);

    [Theory]
    [InlineData("exec \"$@\" >/dev/full")]
    [InlineData("exec \"$@\" >&-")]
    public void Results_that_cannot_be_written_are_an_error(string script)
    {
        HeteroAkdProcess.Result result = HeteroAkdProcess.Shell(script, "op", "--list");
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith("error: the results could not be written to the standard output: ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_reader_that_has_had_enough_is_no_error() =>
        Assert.Equal(0, HeteroAkdProcess.Shell("{ \"$@\"; echo $? >&2; } | head -n 1", "op", "--list") is { Error: var said } && said.Trim() == "0" ? 0 : 1);

    [Fact]
    public void The_end_of_the_session_saves_and_leaves()
    {
        (string run, Process process) = StartLong("exec env --default-signal=HUP \"$@\"");
        using (process)
        {
            Kill("HUP", process.Id);
            string said = process.StandardError.ReadToEnd();
            process.WaitForExit();
            Assert.Equal(130, process.ExitCode);
            Assert.Contains("stopping after this step", said, StringComparison.Ordinal);
        }

        Assert.InRange(Checkpoint.Load(Path.Combine(run, "student-last.safetensors")).Info.Step, 1, 399);
        Assert.DoesNotContain(Directory.GetFiles(run), file => file.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Fact]
    public void The_end_of_the_session_is_ignored_where_it_was_at_the_start()
    {
        (string run, Process process) = StartLong("trap '' HUP; exec \"$@\"");
        using (process)
        {
            Kill("HUP", process.Id);
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            Assert.Equal(0, process.ExitCode);
        }

        Assert.True(File.Exists(Path.Combine(run, "student.safetensors")));
    }

    [Fact]
    public void Training_goes_on_when_its_terminal_is_closed()
    {
        if (!File.Exists("/usr/bin/script"))
        {
            Assert.Skip("there is no 'script' here, which opens a terminal");
        }

        string run = _folder.File("run");
        string config = _folder.File("tiny.yaml", LongRun());
        using Process terminal = HeteroAkdProcess.StartShell("exec script -qefc \"trap '' HUP; exec $*\" /dev/null", "train", config, "--out", run);
        terminal.OutputDataReceived += (_, _) => { };
        terminal.BeginOutputReadLine();
        WaitFor(() => File.Exists(Path.Combine(run, "metrics.csv")) && File.ReadLines(Path.Combine(run, "metrics.csv")).Count() > 2);
        terminal.Kill();
        Assert.False(File.Exists(Path.Combine(run, "student.safetensors")), "the terminal was to be closed in the middle of the run");
        WaitFor(() => File.Exists(Path.Combine(run, "summary.json")));
        Assert.True(File.Exists(Path.Combine(run, "student.safetensors")));
    }

    private static string LongRun() =>
        string.Join('\n', TinyRun.Scenes.Split('\n').Select(line => line.StartsWith("training:", StringComparison.Ordinal) ? Long : line));

    // A run that has taken its first step.
    private (string Run, Process Process) StartLong(string script)
    {
        string run = _folder.File("run");
        Process process = HeteroAkdProcess.StartShell(script, "train", _folder.File("tiny.yaml", LongRun()), "--out", run);
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        while (process.StandardError.ReadLine() is { } line)
        {
            if (line.Contains("/400", StringComparison.Ordinal))
            {
                return (run, process);
            }
        }

        throw new InvalidOperationException($"the run ended with code {process.ExitCode} before its first step");
    }

    private static void Kill(string signal, int process)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", process.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    private static void WaitFor(Func<bool> holds)
    {
        for (int i = 0; i < 1200 && !holds(); i++)
        {
            Thread.Sleep(50);
        }

        Assert.True(holds(), "it did not happen within a minute");
    }
}
