using HeteroAKD.Tensors;
using HeteroAKD.Training.Loop;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace HeteroAKD.Cli.Progress;

/// <summary>Progress as a bar a task with the time that remains, redrawn in place.</summary>
internal sealed class BarProgress : IProgressSink
{
    private readonly IAnsiConsole _console;
    private readonly ProgressContext _context;
    private ProgressTask? _bar;

    private BarProgress(IAnsiConsole console, ProgressContext context)
    {
        _console = console;
        _context = context;
    }

    /// <summary>Runs work under the bars; they stay on the screen when it ends.</summary>
    public static T Run<T>(IAnsiConsole console, Func<IProgressSink, T> work) =>
        console.Progress()
            .Columns(
                new TaskDescriptionColumn { Alignment = Justify.Left },
                new ProgressBarColumn(),
                new PercentageColumn(),
                new RemainingColumn(),
                new FiguresColumn())
            .Start(context => work(new BarProgress(console, context)));

    /// <inheritdoc/>
    public void Begin(string task, int steps, int done = 0)
    {
        _bar?.StopTask();
        _bar = _context.AddTask(Markup.Escape(VisibleText.Name(task)), maxValue: Math.Max(steps, 1));
        _bar.Value = done;
        _bar.State.Update<Pace>(RemainingColumn.Key, _ => new Pace(done, TimeSpan.Zero, TimeSpan.Zero));
    }

    /// <inheritdoc/>
    public void Report(in StepProgress progress)
    {
        if (_bar is null)
        {
            return;
        }

        StepProgress current = progress;
        _bar.Value = current.Step;
        TimeSpan elapsed = _bar.ElapsedTime ?? TimeSpan.Zero;
        double left = _bar.MaxValue - current.Step;
        _bar.State.Update<Pace>(
            RemainingColumn.Key, pace => pace with { At = elapsed, Remaining = ProgressText.Remaining(elapsed, current.Step - pace.DoneBefore, left) });
        _bar.State.Update<StepProgress>(FiguresColumn.Key, _ => current);
    }

    /// <inheritdoc/>
    public void Say(string line) => _console.WriteLine(string.Join('\n', line.Split('\n').Select(VisibleText.Line)));

    /// <summary>How a task goes on.</summary>
    /// <param name="DoneBefore">Steps that were done when it began.</param>
    /// <param name="At">Time since then of the last report.</param>
    /// <param name="Remaining">Time that remained then.</param>
    private readonly record struct Pace(int DoneBefore, TimeSpan At, TimeSpan Remaining);

    // Spectre's own column estimates from the steps of the last few seconds. A step of an experiment is a whole run, which takes longer than that.
    private sealed class RemainingColumn : ProgressColumn
    {
        public const string Key = "pace";

        protected override bool NoWrap => true;

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime)
        {
            Pace pace = task.State.Get<Pace>(Key);
            TimeSpan left = pace.Remaining - ((task.ElapsedTime ?? TimeSpan.Zero) - pace.At);
            return new Text(
                task.IsFinished ? ProgressText.Duration(TimeSpan.Zero)
                    : pace.At == TimeSpan.Zero ? "-:--"
                    : ProgressText.Duration(left > TimeSpan.Zero ? left : TimeSpan.Zero),
                Color.Blue);
        }
    }

    private sealed class FiguresColumn : ProgressColumn
    {
        public const string Key = "figures";

        protected override bool NoWrap => true;

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime)
        {
            StepProgress progress = task.State.Get<StepProgress>(Key);
            return new Text(progress == default ? "" : ProgressText.Figures(progress).TrimStart(), Color.Grey);
        }
    }
}
