namespace HeteroAKD.Training.Loop;

/// <summary>How far a task has come; a value, so that reporting a step makes no garbage.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Loss">Last loss; NaN where the task has none.</param>
/// <param name="LearningRate">Last learning rate; NaN where the task has none.</param>
/// <param name="StepMilliseconds">Milliseconds a step takes at present.</param>
/// <param name="DataMilliseconds">Those of them that it waited for data; NaN where the task has none.</param>
public readonly record struct StepProgress(int Step, double Loss, double LearningRate, double StepMilliseconds, double DataMilliseconds = double.NaN);

/// <summary>Where long work tells a person how it goes. Called from one thread.</summary>
public interface IProgressSink
{
    /// <summary>A task begins; it replaces the one before.</summary>
    /// <param name="task">Its name, for example "teacher tiny-mit-teacher".</param>
    /// <param name="steps">Steps it will take.</param>
    /// <param name="done">Steps done before, after a resume.</param>
    void Begin(string task, int steps, int done = 0);

    /// <summary>The task has come further. Cheap enough for every step: the sink decides what to show.</summary>
    void Report(in StepProgress progress);

    /// <summary>A line worth keeping, shown at once.</summary>
    void Say(string line);
}
