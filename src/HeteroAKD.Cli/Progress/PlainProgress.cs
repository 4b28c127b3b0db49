using System.Globalization;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Cli.Progress;

/// <summary>Progress as plain lines for logs and pipes: the first step, the last one, and one line an interval between.</summary>
internal sealed class PlainProgress(TextWriter writer, TimeSpan interval, TimeProvider clock) : IProgressSink
{
    private string _task = "";
    private int _steps;
    private int _doneBefore;
    private int _firstStep = -1;
    private long _start;
    private long _lastLine;

    /// <inheritdoc/>
    public void Begin(string task, int steps, int done = 0)
    {
        (_task, _steps, _doneBefore, _firstStep) = (task, steps, done, -1);
        _start = clock.GetTimestamp();
    }

    /// <inheritdoc/>
    public void Report(in StepProgress progress)
    {
        bool first = _firstStep < 0;
        if (first)
        {
            _firstStep = progress.Step;
        }

        if (!first && progress.Step < _steps && clock.GetElapsedTime(_lastLine) < interval)
        {
            return;
        }

        _lastLine = clock.GetTimestamp();
        writer.WriteLine($"{_task}  {Position(progress.Step)}{ProgressText.Figures(progress)}  ETA {ProgressText.Duration(Remaining(progress.Step))}");
    }

    /// <inheritdoc/>
    public void Say(string line) => writer.WriteLine(line);

    private string Position(int step) =>
        $"{step.ToString(CultureInfo.InvariantCulture).PadLeft(_steps.ToString(CultureInfo.InvariantCulture).Length)}/{_steps}";

    private TimeSpan Remaining(int step) => ProgressText.Remaining(clock.GetElapsedTime(_start), step - _doneBefore, _steps - step);
}
