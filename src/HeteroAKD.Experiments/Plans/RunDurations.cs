using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Plans;

/// <summary>How long runs take: as earlier runs of the same settings took, else as a dry run reckons.</summary>
internal sealed class RunDurations(ResultsFile results, IDryRunCommand dryRun, int threads, IProgressSink progress, CancellationToken cancellation)
{
    private readonly Dictionary<string, double> _known = [];
    private readonly List<string> _untried = [];
    private bool _fromResults;
    private bool _fromTrial;

    /// <summary>What could not be tried, and why.</summary>
    public IReadOnlyList<string> Untried => _untried;

    /// <summary>Where the figures come from, in words.</summary>
    public string Source => (_fromResults, _fromTrial) switch
    {
        (true, true) => "from earlier runs, and from a step of each arm that has none",
        (true, false) => "from earlier runs",
        (false, true) => "from a step of each arm",
        _ => "",
    };

    /// <summary>Seconds of a run; NaN for unknown.</summary>
    public double Of(PlannedRun run)
    {
        if (!_known.TryGetValue(run.Hash, out double seconds))
        {
            double[] earlier = [.. results.Lines.Where(l => l.Hash == run.Hash && l.Error.Length == 0 && !double.IsNaN(l.Seconds)).Select(l => l.Seconds)];
            seconds = _known[run.Hash] = earlier.Length > 0 ? earlier.Average() : Tried(run);
            _fromResults |= earlier.Length > 0;
        }

        return seconds;
    }

    private double Tried(PlannedRun run)
    {
        ExperimentConfig config = run.Config with { Threads = threads };
        try
        {
            DryRunOutcome outcome = run.Role switch
            {
                NetworkRoles.Teacher => dryRun.Try(config, NetworkRole.Teacher, progress, cancellation),
                NetworkRoles.Student => dryRun.Try(config, NetworkRole.Student, progress, cancellation),

                // The shared teacher may not be there yet: one with fresh weights costs the same.
                _ => dryRun.Try(
                    config with
                    {
                        Teacher = run.Teacher is null ? config.Teacher : config.Teacher with { Checkpoint = "" },
                        Distillation = config.Distillation with { Baseline = false },
                    },
                    null, progress, cancellation),
            };
            _fromTrial = true;
            return outcome.Networks.Where(n => n.Role == run.Role).Sum(n => n.SecondsToFinish);
        }
        catch (Exception e) when (e is HeteroAkdException or IOException)
        {
            _untried.Add($"{run.Title} could not be tried: {e.Message}");
            return double.NaN;
        }
    }
}
