using HeteroAKD.Cli.Progress;
using HeteroAKD.Training.Loop;
using Spectre.Console;

namespace HeteroAKD.Cli.Tests;

public sealed class ProgressTests
{
    [Fact]
    public void Plain_progress_writes_first_last_and_one_line_an_interval()
    {
        StringWriter writer = new() { NewLine = "\n" };
        ManualClock clock = new();
        PlainProgress progress = new(writer, TimeSpan.FromSeconds(5), clock);
        progress.Begin("teacher", 100);
        for (int step = 1; step <= 100; step++)
        {
            clock.Advance(TimeSpan.FromSeconds(0.1));
            progress.Report(new StepProgress(step, 1.5, 2e-3, 100));
        }

        string[] lines = writer.ToString().TrimEnd('\n').Split('\n');
        Assert.Equal("teacher    1/100  loss 1.5000  lr 2.00e-3  100 ms/step  ETA 0:09", lines[0]);
        Assert.Equal("teacher   51/100  loss 1.5000  lr 2.00e-3  100 ms/step  ETA 0:04", lines[1]);
        Assert.Equal("teacher  100/100  loss 1.5000  lr 2.00e-3  100 ms/step  ETA 0:00", lines[2]);
        Assert.Equal(3, lines.Length);
    }

    [Fact]
    public void Figures_that_do_not_exist_are_left_out()
    {
        Assert.Equal("", ProgressText.Figures(new StepProgress(1, double.NaN, double.NaN, double.NaN)));
        Assert.Equal("  20 ms/step  data 3 ms", ProgressText.Figures(new StepProgress(1, double.NaN, double.NaN, 20, 3.2)));
        Assert.Equal("1:02:03", ProgressText.Duration(new TimeSpan(1, 2, 3)));
    }

    [Fact]
    public void What_remains_is_reckoned_from_the_whole_time()
    {
        Assert.Equal(TimeSpan.FromMinutes(30), ProgressText.Remaining(TimeSpan.FromMinutes(20), done: 2, left: 3));
        Assert.Equal(TimeSpan.Zero, ProgressText.Remaining(TimeSpan.FromMinutes(20), done: 0, left: 3));
    }

    [Fact]
    public void Bar_shows_task_and_figures()
    {
        StringWriter writer = new();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes,
            Interactive = InteractionSupport.Yes,
            ColorSystem = ColorSystemSupport.NoColors,
            Out = new AnsiConsoleOutput(writer),
        });
        console.Profile.Width = 120;
        int answer = BarProgress.Run(console, progress =>
        {
            progress.Begin("student [alone]", 4);
            progress.Report(new StepProgress(4, 0.25, 1e-3, 20));
            progress.Say("kept");
            return 42;
        });
        Assert.Equal(42, answer);
        Assert.Contains("student [alone]", writer.ToString(), StringComparison.Ordinal);
        Assert.Contains("loss 0.2500", writer.ToString(), StringComparison.Ordinal);
        Assert.Contains("100%", writer.ToString(), StringComparison.Ordinal);
        Assert.Contains("kept", writer.ToString(), StringComparison.Ordinal);
    }

    private sealed class ManualClock : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(TimeSpan time) => _now += time.Ticks;

        public override long GetTimestamp() => _now;
    }
}
