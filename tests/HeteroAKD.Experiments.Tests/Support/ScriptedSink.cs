using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Tests.Support;

/// <summary>Does something once a network has done so many steps, and keeps what is said.</summary>
internal sealed class ScriptedSink(string role = "", int step = -1, Action? act = null) : IProgressSink
{
    private string _task = "";

    /// <summary>Every line, in order.</summary>
    public List<string> Said { get; } = [];

    public void Begin(string task, int steps, int done = 0) => _task = task;

    public void Report(in StepProgress progress)
    {
        if (progress.Step == step && _task.StartsWith(role + " ", StringComparison.Ordinal))
        {
            act?.Invoke();
        }
    }

    public void Say(string line) => Said.Add(line);
}
