using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Tests.Support;

/// <summary>Nobody listens.</summary>
internal sealed class SilentSink : IProgressSink
{
    public void Begin(string task, int steps, int done = 0)
    {
    }

    public void Report(in StepProgress progress)
    {
    }

    public void Say(string line)
    {
    }
}
