using System.Collections.ObjectModel;

namespace HeteroAKD.Training.Loop;

/// <summary>Hears how a training goes, on the thread that trains. What is left out is not heard.</summary>
public interface ITrainingObserver
{
    /// <summary>A training begins.</summary>
    /// <param name="job">It.</param>
    /// <param name="done">Steps done before, after a resume.</param>
    void Begin(TrainingJob job, int done)
    {
    }

    /// <summary>A step is done.</summary>
    void Stepped(in StepProgress progress)
    {
    }

    /// <summary>Numbers of a step or of an evaluation, by the names of their columns; the span is valid during the call.</summary>
    /// <param name="job">Whose.</param>
    /// <param name="step">Steps done.</param>
    /// <param name="values">The objective's terms, <c>loss</c>, <c>lr</c> and <c>grad_norm</c>; or <c>val_miou</c>, <c>val_pixel_accuracy</c> and
    /// <c>val_boundary_f1</c>, and <c>val_miou_ema</c>.</param>
    void Measured(TrainingJob job, int step, ReadOnlySpan<(string Column, double Value)> values)
    {
    }

    /// <summary>The network was scored; <see cref="Measured"/> gets the scores next. An observer must not change its weights or statistics.</summary>
    /// <param name="job">Whose.</param>
    /// <param name="step">Steps done.</param>
    void Evaluated(TrainingJob job, int step)
    {
    }

    /// <summary>A checkpoint of a training is about to be written.</summary>
    /// <param name="job">Whose.</param>
    /// <param name="file">Its name in the job's folder.</param>
    /// <param name="seconds">Seconds of training so far.</param>
    void Saving(TrainingJob job, string file, double seconds)
    {
    }

    /// <summary>
    /// What the last checkpoint keeps of the observer's own files, by name, so that they can be written again; a resumed training hands them back.
    /// </summary>
    IReadOnlyDictionary<string, string> Records(TrainingJob job) => ReadOnlyDictionary<string, string>.Empty;

    /// <summary>A line for the log.</summary>
    void Log(string line)
    {
    }

    /// <summary>A line for the log that a person should see at once.</summary>
    void Say(string line)
    {
    }
}
