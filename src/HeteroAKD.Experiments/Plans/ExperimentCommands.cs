using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Plans;

/// <summary>Asks for a plan to be run, tried or reported.</summary>
/// <param name="Plan">The plan's file.</param>
/// <param name="Out">Folder of the run folders; empty for <c>runs/NAME</c>.</param>
/// <param name="Jobs">Runs side by side.</param>
/// <param name="Threads">Worker threads of all of them together; 0 for every core.</param>
/// <param name="Device">Device; empty for the configured one.</param>
/// <param name="KeepTeacherOutputs">Whether the runs of a seed share what their teacher says of each batch, in files.</param>
public sealed record ExperimentRequest(string Plan, string Out = "", int Jobs = 1, int Threads = 0, string Device = "", bool KeepTeacherOutputs = false);

/// <summary>What a plan came to.</summary>
/// <param name="Report">The report's text.</param>
/// <param name="Files">Files written: Markdown, picture.</param>
/// <param name="Failures">Runs that went wrong, a sentence each.</param>
/// <param name="Interrupted">Whether it was stopped; the next call goes on.</param>
public sealed record ExperimentOutcome(string Report, IReadOnlyList<string> Files, IReadOnlyList<string> Failures, bool Interrupted);

/// <summary>What a plan would take.</summary>
/// <param name="Runs">All runs, a run that serves several arms or cells counted once.</param>
/// <param name="Finished">Those with a result.</param>
/// <param name="Teachers">Shared teachers that would be trained first.</param>
/// <param name="Seconds">Seconds that the rest takes, without <paramref name="Unknown"/>.</param>
/// <param name="Source">Where <paramref name="Seconds"/> comes from.</param>
/// <param name="Notes">What so many seeds can show, and what else to know.</param>
/// <param name="Arms">Arm, cell and settings of each run of one seed, without the settings that all of them have.</param>
/// <param name="Unknown">Runs to do whose time is not known.</param>
/// <param name="Untried">What could not be tried and so would fail, a sentence each.</param>
public sealed record ExperimentForecast(
    int Runs, int Finished, int Teachers, double Seconds, string Source, IReadOnlyList<string> Notes, IReadOnlyList<(
        string Arm, string Cell, string Settings)> Arms,
    int Unknown, IReadOnlyList<string> Untried);

/// <summary>The command behind <c>experiment</c>.</summary>
public interface IExperimentCommand
{
    /// <summary>Does all runs that have no result, then reports. On cancellation the runs save, and the outcome says so.</summary>
    ExperimentOutcome Run(ExperimentRequest request, IProgressSink progress, CancellationToken cancellation);

    /// <summary>Checks the plan and reckons what it takes; writes nothing.</summary>
    ExperimentForecast Forecast(ExperimentRequest request, IProgressSink progress, CancellationToken cancellation);

    /// <summary>Measures what a step of each arm costs, keeps it beside the results, and reports. Trains nothing.</summary>
    /// <param name="request">The plan.</param>
    /// <param name="seconds">How long each arm is measured.</param>
    /// <param name="progress">Hears of each arm.</param>
    /// <param name="cancellation">Stops; nothing is written then.</param>
    ExperimentOutcome Cost(ExperimentRequest request, double seconds, IProgressSink progress, CancellationToken cancellation);

    /// <summary>Reports from the files of results and costs alone.</summary>
    ExperimentOutcome Report(ExperimentRequest request);
}
