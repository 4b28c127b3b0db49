using System.Globalization;
using HeteroAKD.Distillation;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Plans;
using HeteroAKD.Reports;
using HeteroAKD.Reports.Page;
using HeteroAKD.Training.Evaluation;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Runs;

/// <summary><c>report.html</c>: all that a run found, on one page that opens from the disk.</summary>
internal sealed class RunPage(RunFolder folder, ExperimentConfig config, RunSummary summary, IReadOnlyList<TrainedNetwork> networks)
{
    /// <summary>The page's file.</summary>
    public const string Name = "report.html";

    private const int MostClassesInAMatrix = 30;
    private const int MostConfusions = 25;

    /// <summary>Writes the page.</summary>
    /// <param name="pictures">Makes the layers of its scenes.</param>
    /// <param name="distillation">What the distilled student learnt by; null where there is none.</param>
    public void Write(RunPictures pictures, DistillationObjective? distillation)
    {
        List<PageSection> sections = [Scores()];
        if (networks.Count > 0)
        {
            sections.Add(Classes());
        }

        IReadOnlyList<string> terms = distillation is IObjective objective ? objective.CurveNames : [];
        sections.Add(new ChartSection("Curves", "Move over a chart for the value of the nearest point.", RunCurves.Read(folder.File(RunFiles.Metrics), terms)));
        if (networks.Count > 0)
        {
            sections.Add(new SliderSection(
                "Predictions", $"Images of {Split}: the left layer up to the slider, the right one behind it.", pictures.Layers(networks), pictures.Legend));
        }

        if (distillation?.HeteroAkd is not null)
        {
            AddKnowledge(sections);
        }

        sections.AddRange(networks.SelectMany(Confusions));
        sections.Add(Cost());
        sections.Add(new TableSection(
            "Settings", "Options that differ from their defaults.", ["option", "value", "default"],
            [.. SettingsText.Differences(config with { Out = "" }).Select(o => (IReadOnlyList<string>)[o.Key, o.Value, o.Default])])
        { Words = [0, 1, 2] });
        sections.Add(new TextSection("To repeat it", "In a new folder, from every option as it was resolved.", Command()));
        PageWriter.Write(folder.File(Name), new ReportPage(Title(), Facts(), sections));
    }

    private string Split => networks.Count > 0 && networks[0].Summary.Scores.ContainsKey("test") ? "test" : "val";

    private string Title()
    {
        string models = string.Join(" → ", networks.Where(n => n.Role is NetworkRoles.Teacher or NetworkRoles.Distilled).Select(n => n.Model.Name));
        return models.Contains('→') ? $"{models}, seed {summary.Seed}" : $"{networks[^1].Role} {networks[^1].Model.Name}, seed {summary.Seed}";
    }

    private string Facts() => string.Create(
        CultureInfo.InvariantCulture, $"{summary.Seconds:F0} s on {summary.Device}, {summary.Threads} threads; HeteroAKD.Kernels {summary.Version}");

    private TableSection Scores()
    {
        List<IReadOnlyList<string>> rows =
        [
            .. from network in networks
               from split in network.Summary.Scores
               let scores = split.Value
               select (IReadOnlyList<string>)
               [
                   network.Role, network.Model.Name, split.Key, ScoreText.Percent(scores.MeanIoU), ScoreText
                       .Classes(scores), ScoreText.Percent(scores.PixelAccuracy), ScoreText.Percent(scores.MeanAccuracy),
                   ScoreText.Percent(scores.BoundaryF1),
               ],
        ];
        return new TableSection(
            "Scores", "In percent, over the whole split. One seed: differences below a point say nothing.",
            ["network", "model", "split", "mean IoU", "classes", "pixel accuracy", "mean accuracy", "boundary F1"], rows)
        { Words = [0, 1, 2] };
    }

    private TableSection Classes()
    {
        IReadOnlyList<IReadOnlyList<string>> rows =
        [
            .. summary.Classes.Select(
                (name, c) => (IReadOnlyList<string>)[name, .. networks.Select(n => ScoreText.Percent(n.Summary.Scores[Split].ClassIoU[c]))]),
        ];
        return new TableSection("Classes", $"IoU in percent on {Split}.", ["class", .. networks.Select(n => n.Role)], rows);
    }

    private void AddKnowledge(List<PageSection> sections)
    {
        sections.Add(
            new ChartSection(
                "Reliability", "Whether S knows where the teacher is right.", ReliabilityCurves.Of(ReliabilityFile.Read(folder.File(ReliabilityFile.Name)))));
        string picture = folder.File("knowledge.png");
        if (File.Exists(picture))
        {
            sections.Add(new PictureSection("What is mixed and weighed", "S, W and ΔH of KMM and KEM.", File.ReadAllBytes(picture)));
        }
    }

    private IEnumerable<PageSection> Confusions(TrainedNetwork network)
    {
        ConfusionMatrix matrix = network.Confusions;
        int classes = matrix.Classes;
        if (classes <= MostClassesInAMatrix)
        {
            double[,] shares = new double[classes, classes];
            for (int i = 0; i < classes * classes; i++)
            {
                shares[i / classes, i % classes] = matrix.Share(i / classes, i % classes);
            }

            yield return new MatrixSection(
                $"Confusions, {network.Role}",
                $"Rows: true class, columns: predicted class, percent of the true class's pixels on {Split}.",
                summary.Classes,
                shares);
            yield break;
        }

        yield return new TableSection(
            $"Largest confusions, {network.Role}", $"Pixels of {Split} that were given another class.", [
                "true class", "predicted class", "of the class %", "pixels"
            ],
            [
                .. from pair in ConfusionSheet.Largest(matrix, MostConfusions)
                   select (IReadOnlyList<string>)
                   [
                       summary.Classes[pair.Truth], summary.Classes[pair.Prediction], ScoreText
                           .Percent(matrix.Share(pair.Truth, pair.Prediction), 1), pair.Pixels.ToString("N0", CultureInfo.InvariantCulture),
                   ],
            ])
        { Words = [0, 1] };
    }

    private TableSection Cost()
    {
        string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
        IReadOnlyList<IReadOnlyList<string>> rows =
        [
            .. networks.Select(n => n.Summary).Select(n => (IReadOnlyList<string>)
            [
                n.Role, Number(n.Parameters, "N0"), Number(n.Steps, "N0"), Number(n.TrainingImages, "N0"), Number(n.Seconds, "F1"), n.Steps > 0
                    ? Number(1000 * n.Seconds / n.Steps, "F1")
                    : "-",
            ]),
        ];
        string note = string.Create(
            CultureInfo.InvariantCulture, $"Peak memory {summary.PeakMemoryBytes / 1048576.0:F0} MiB, of which tensors "
                + $"{summary.PeakTensorBytes / 1048576.0:F0} MiB. Seconds hold evaluation and checkpoints, too.");
        return new TableSection("Cost", note, ["network", "parameters", "steps", "images", "seconds", "ms a step"], rows);
    }

    private string Command()
    {
        string file = ShellText.Quoted(Path.Combine(folder.Path, RunFiles.Config));
        return networks.Count > 1 ? $"heteroakd distill {file} --out NEW_FOLDER" : $"heteroakd train {file} --network {networks[0].Role} --out NEW_FOLDER";
    }
}
