using System.Globalization;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Cli.Progress;

/// <summary>Progress as plain lines for logs and pipes: the first step, the last one, and one line an interval between.</summary>
internal sealed class PlainProgress(TextWriter writer, TimeSpan interval, TimeProvider clock) : IProgressSink
{
    private string task = "";
    private int steps;
    private int doneBefore;
    private int firstStep = -1;
    private long start;
    private long lastLine;

    /// <inheritdoc/>
    public void Begin(string task, int steps, int done = 0)
    {
        (this.task, this.steps, doneBefore, firstStep) = (task, steps, done, -1);
        start = clock.GetTimestamp();
    }

    /// <inheritdoc/>
    public void Report(in StepProgress progress)
    {
        bool first = firstStep < 0;
        if (first)
        {
            firstStep = progress.Step;
        }

        if (!first && progress.Step < steps && clock.GetElapsedTime(lastLine) < interval)
        {
            return;
        }

        lastLine = clock.GetTimestamp();
        writer.WriteLine($"{task}  {Position(progress.Step)}{ProgressText.Figures(progress)}  ETA {ProgressText.Duration(Remaining(progress.Step))}");
    }

    /// <inheritdoc/>
    public void Say(string line) => writer.WriteLine(line);

    private string Position(int step) => $"{step.ToString(CultureInfo.InvariantCulture).PadLeft(steps.ToString(CultureInfo.InvariantCulture).Length)}/{steps}";

    private TimeSpan Remaining(int step) => ProgressText.Remaining(clock.GetElapsedTime(start), step - doneBefore, steps - step);
}
