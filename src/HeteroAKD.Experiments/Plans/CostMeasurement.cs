using System.Diagnostics;
using HeteroAKD.Distillation;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Training.Loop;
using MathNet.Numerics.Statistics;

namespace HeteroAKD.Experiments.Plans;

/// <summary>
/// Measures what a step of each arm costs. Each arm takes its steps in turns with the same student alone, with the teacher asked but no term, and without each
/// of its terms: what slows the machine for a while slows all of them.
/// </summary>
/// <param name="seconds">How long an arm is measured.</param>
/// <param name="progress">Hears of each arm.</param>
/// <param name="cancellation">Stops.</param>
internal sealed class CostMeasurement(double seconds, IProgressSink progress, CancellationToken cancellation)
{
    private const int LeastRounds = 7;
    private const int PassRounds = 5;

    /// <summary>Name of the device on which it was measured; empty before.</summary>
    public string DeviceName { get; private set; } = "";

    /// <summary>Measures runs, one of each arm.</summary>
    public IReadOnlyList<ArmCost> Of(IReadOnlyList<PlannedRun> runs)
    {
        progress.Begin("cost of a step", runs.Count);
        List<ArmCost> costs = [];
        foreach (PlannedRun run in runs)
        {
            cancellation.ThrowIfCancellationRequested();
            ArmCost cost = Of(run.Arm, Measurable(run));
            costs.Add(cost);
            progress.Report(new StepProgress(costs.Count, double.NaN, double.NaN, cost.Step));
        }

        return costs;
    }

    // Time does not depend on the teacher's weights. Nothing is written, a cache on disk included.
    private ExperimentConfig Measurable(PlannedRun run)
    {
        CacheKind cache = run.Config.Data.TeacherCache == CacheKind.Disk ? CacheKind.Ram : run.Config.Data.TeacherCache;
        ExperimentConfig config = run.Config with { Data = run.Config.Data with { Cache = CacheKind.Off, TeacherCache = cache } };
        if (run.Teacher is not null && !File.Exists(config.Teacher.Checkpoint))
        {
            progress.Say($"{run.Arm}: the shared teacher {run.Teacher.Arm} is not there; its initial weights take as long");
            return config with { Teacher = config.Teacher with { Checkpoint = "" } };
        }

        return config;
    }

    private ArmCost Of(string arm, ExperimentConfig config)
    {
        IReadOnlyList<WeightedTerm> terms = config.Distillation.WeightedTerms();
        ExperimentData data = new(config, distils: terms.Count > 0);
        data.TakeWarnings(progress.Say);
        List<IReadOnlyList<WeightedTerm>?> variants = [null];
        if (terms.Count > 0)
        {
            variants.Add([]);
            variants.AddRange(terms.Count == 1 ? [terms] : [terms, .. terms.Select(left => (IReadOnlyList<WeightedTerm>)[.. terms.Where(t => t != left)])]);
        }

        List<CostRig> rigs = [];
        try
        {
            foreach (IReadOnlyList<WeightedTerm>? variant in variants)
            {
                cancellation.ThrowIfCancellationRequested();
                rigs.Add(new CostRig(config, data, variant));
            }

            DeviceName = rigs[0].DeviceName;
            Alternate(rigs);
            return Cost(arm, terms, rigs);
        }
        finally
        {
            rigs.ForEach(rig => rig.Dispose());
        }
    }

    private void Alternate(List<CostRig> rigs)
    {
        Stopwatch clock = Stopwatch.StartNew();
        for (int round = 0; round < LeastRounds || clock.Elapsed.TotalSeconds < seconds; round++)
        {
            cancellation.ThrowIfCancellationRequested();

            // Backwards every second time, so that none always follows the same neighbour.
            foreach (CostRig rig in round % 2 == 0 ? rigs : Enumerable.Reverse(rigs))
            {
                rig.Measure();
            }
        }

        CostRig whole = Whole(rigs);
        for (int round = 0; round < PassRounds; round++)
        {
            whole.MeasurePasses();
        }
    }

    // The student alone comes first, then the teacher without a term, then the whole arm; without terms the student alone is the arm.
    private static CostRig Whole(List<CostRig> rigs) => rigs[Math.Min(2, rigs.Count - 1)];

    private static ArmCost Cost(string arm, IReadOnlyList<WeightedTerm> terms, List<CostRig> rigs)
    {
        CostRig alone = rigs[0], whole = Whole(rigs);
        double[] ratios = [.. whole.Steps.Zip(alone.Steps, (step, reference) => step / reference)];
        CostDifference Difference(CostRig with, CostRig without) => CostDifference.Of(with.Steps.Zip(without.Steps, (a, b) => a - b));
        return new ArmCost
        {
            Arm = arm,
            Step = 1000 * whole.Steps.Median(),
            TimesAlone = (ratios.QuantileCustom(0.2, QuantileDefinition.R7), ratios.Median(), ratios.QuantileCustom(0.8, QuantileDefinition.R7)),
            Forward = 1000 * whole.Passes.Select(p => p.Forward).Median(),
            Backward = 1000 * whole.Passes.Select(p => p.Backward).Median(),
            Teacher = terms.Count == 0 ? default : Difference(rigs[1], alone),
            Terms = [.. terms.Select((term, i) => (term.Name, Difference(whole, terms.Count == 1 ? rigs[1] : rigs[3 + i])))],
            PeakBytes = whole.PeakBytes,
            Launches = whole.Launches,
        };
    }
}
