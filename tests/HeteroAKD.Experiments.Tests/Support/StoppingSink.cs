using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Tests.Support;

/// <summary>Cancels once a network has done so many steps.</summary>
internal sealed class StoppingSink(string role, int step, CancellationTokenSource source) : IProgressSink
{
    private string _task = "";

    public void Begin(string task, int steps, int done = 0) => _task = task;

    public void Report(in StepProgress progress)
    {
        if (progress.Step == step && _task.StartsWith(role, StringComparison.Ordinal))
        {
            source.Cancel();
        }
    }

    public void Say(string line)
    {
    }
}
