using HeteroAKD.Data;
using HeteroAKD.Distillation;
using HeteroAKD.Training.Evaluation;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Runs;

/// <summary>
/// Measures the share S whenever the distilled network is evaluated, on images that it learns from and on validation images, and keeps it in the run's folder.
/// </summary>
internal sealed class RunReliability
{
    // Enough pixels for two digits of an AUC, and little beside the validation images that are scored anyhow.
    private const int MostImages = 64;

    private const string Validation = "val";

    private readonly DistillationObjective _distillation;
    private readonly ReliabilityEvaluator _evaluator;
    private readonly ReliabilityFile _file;
    private readonly (string Split, IEvaluationSet Images)[] _splits;

    private RunReliability(DistillationObjective distillation, ReliabilityFile file, ExperimentData data, EvaluationOptions options)
    {
        _distillation = distillation;
        _evaluator = new ReliabilityEvaluator(options);
        _file = file;
        IEvaluationSet Part(ISegmentationDataset whole) => new EvaluatedDataset(Spread(whole), data.Evaluation);
        _splits = [("train", Part(data.Student)), (Validation, Part(data.Validation))];
    }

    /// <summary>Opens the file of a training; null where L_hakd takes no part in it.</summary>
    /// <param name="job">The training.</param>
    /// <param name="folder">The run's.</param>
    /// <param name="data">Its images.</param>
    /// <param name="options">How networks are evaluated.</param>
    /// <param name="step">Steps that its checkpoint holds; 0 at the beginning.</param>
    /// <param name="record">What its checkpoint kept of the file; empty for nothing.</param>
    public static RunReliability? Of(TrainingJob job, RunFolder folder, ExperimentData data, EvaluationOptions options, int step, string record) =>
        job.Objective is DistillationObjective { HeteroAkd: not null } distillation
            ? new RunReliability(distillation, ReliabilityFile.Open(folder.File(ReliabilityFile.Name), step, record), data, options)
            : null;

    /// <summary>Every k-th image of a data set, k so small that there are no more than <see cref="MostImages"/>.</summary>
    public static ISegmentationDataset Spread(ISegmentationDataset whole) => new SubsetDataset(whole, (whole.Count + MostImages - 1) / MostImages);

    /// <summary>What the file holds, for a checkpoint.</summary>
    public string Text => _file.Text;

    /// <summary>Adds a row for each split, or none where an image cannot be read.</summary>
    public void Measure(TrainingJob job, int step) =>
        _file.Write([.. _splits.Select(part => new ReliabilityRow(step, part.Split, _evaluator.Run(job.Model, _distillation, part.Images)))]);

    /// <summary>The last row of each split.</summary>
    public IReadOnlyList<ReliabilityRow> Last() => [.. _file.Read().GroupBy(row => row.Split).Select(split => split.Last())];

    /// <summary>Says in a sentence what was last measured on validation images.</summary>
    public void Say(Action<string> report)
    {
        if (Last().FirstOrDefault(row => row.Split == Validation) is { Scores: { } scores })
        {
            string auc = double.IsNaN(scores.Auc)
                ? $"no AUC on {Validation}: the teacher is right everywhere, or wrong everywhere"
                : FormattableString.Invariant($"AUC {scores.Auc:F3} on {Validation} (0.5 is chance)");
            report(FormattableString.Invariant($"share S: mean {scores.Mean:F3}, sd {scores.Deviation:F3}, {auc}"));
        }
    }
}
