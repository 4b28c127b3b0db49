using HeteroAKD.Data;
using HeteroAKD.Distillation;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Reports;
using HeteroAKD.Training.Evaluation;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Runs;

/// <summary>The pictures of a run: curves, predictions, and what HeteroAKD mixes and weighs.</summary>
internal sealed class RunPictures(RunFolder folder, ExperimentData data, ExperimentConfig config)
{
    private const int Scenes = 5;

    private readonly ISegmentationDataset _dataset = new Spread(data.Test ?? data.Validation, Scenes);
    private readonly Dictionary<string, byte[][]> _predicted = []; // by role: sheet and page show the same

    /// <summary>Writes what the networks of the run allow.</summary>
    public void Write(IReadOnlyList<TrainedNetwork> networks, DistillationObjective? distillation)
    {
        CurvesChart.Write(
            folder.File("curves.png"), RunCurves.Read(folder.File(RunFiles.Metrics), distillation is IObjective objective ? objective.CurveNames : []));
        if (distillation?.HeteroAkd is not null)
        {
            CurvesChart.Write(folder.File("reliability.png"), ReliabilityCurves.Of(ReliabilityFile.Read(folder.File(ReliabilityFile.Name))));
        }

        TrainedNetwork? teacher = Find(networks, NetworkRoles.Teacher);
        TrainedNetwork? alone = Find(networks, NetworkRoles.Student);
        TrainedNetwork? distilled = Find(networks, NetworkRoles.Distilled);
        if (teacher is null || distilled is null)
        {
            return;
        }

        WritePredictions(teacher, alone ?? distilled, Find(networks, NetworkRoles.Kd), distilled);
        if (distillation?.HeteroAkd is not null)
        {
            WriteKnowledge(teacher.Model, distilled.Model, distillation);
        }
    }

    /// <summary>The scenes of <c>predictions.png</c> in layers: image, truth, and what each network of the run predicts.</summary>
    public IReadOnlyList<IReadOnlyList<(string Name, byte[] Png)>> Layers(IReadOnlyList<TrainedNetwork> networks)
    {
        Sample[] samples = [.. Enumerable.Range(0, _dataset.Count).Select(i => _dataset.Load(i))];
        List<(string Name, byte[] Png)>[] scenes = [.. samples.Select(sample =>
        {
            RgbImage truth = data.Classes.Render(sample.Labels, sample.Image.Width, sample.Image.Height);
            return new List<(string, byte[])> { ("image", ImageCodec.Usual.EncodePng(sample.Image)), ("truth", ImageCodec.Usual.EncodePng(truth)) };
        })];
        foreach (TrainedNetwork network in networks)
        {
            byte[][] predicted = Predict(network);
            for (int i = 0; i < scenes.Length; i++)
            {
                RgbImage image = samples[i].Image;
                scenes[i].Add((network.Role, ImageCodec.Usual.EncodePng(data.Classes.Render(predicted[i], image.Width, image.Height))));
            }
        }

        return scenes;
    }

    /// <summary>Names and colours of the classes.</summary>
    public ClassLegend Legend => new(data.Classes.Names, data.Classes.Colors, data.Classes.IgnoreIndex);

    // The word of the data: what is drawn by rule are scenes.
    private string Pictures => config.Data.Kind == DataKind.Scenes ? "scenes" : "images";

    private static TrainedNetwork? Find(IReadOnlyList<TrainedNetwork> networks, string role) => networks.FirstOrDefault(n => n.Role == role);

    private void WritePredictions(TrainedNetwork teacher, TrainedNetwork alone, TrainedNetwork? kd, TrainedNetwork distilled)
    {
        byte[][] byTeacher = Predict(teacher);
        byte[][] byAlone = Predict(alone);
        byte[][]? byKd = kd is null ? null : Predict(kd);
        byte[][] byDistilled = Predict(distilled);
        List<PredictedScene> scenes = [];
        for (int i = 0; i < _dataset.Count; i++)
        {
            Sample sample = _dataset.Load(i);
            scenes.Add(new PredictedScene(sample.Image, sample.Labels, byAlone[i], byDistilled[i], byTeacher[i]) { Kd = byKd?[i] });
        }

        string split = data.Test is null ? "val" : "test";
        string Note(TrainedNetwork n) => $"{n.Model.Name}, mIoU {ScoreText.MeanIoU(n.Summary.Scores[split], 1)}";
        PredictionSheet.Write(
            folder.File("predictions.png"),
            $"{teacher.Model.Name} → {distilled.Model.Name}, seed {config.Seed}, {split} {Pictures}",
            scenes,
            Legend,
            new PredictionNotes(Note(alone), Note(distilled), Note(teacher)) { Pictures = Pictures, Kd = kd is null ? "" : Note(kd) });
    }

    private byte[][] Predict(TrainedNetwork trained)
    {
        if (_predicted.TryGetValue(trained.Role, out byte[][]? known))
        {
            return known;
        }

        using BatchLoader loader = new(_dataset, LoaderOptions.ForEvaluation(Scenes, trained.Evaluation));
        Batch batch = loader.Next();
        using FrozenNetwork network = trained.Model.Freeze();
        ReadOnlySpan<int> predictions = new Evaluator(config.Evaluation).Predict(network, batch, EvaluatedDataset.Beyond(data.Evaluation));
        int pixels = batch.Height * batch.Width;
        byte[][] images = new byte[batch.Count][];
        for (int n = 0; n < images.Length; n++)
        {
            images[n] = new byte[pixels];
            for (int p = 0; p < pixels; p++)
            {
                images[n][p] = (byte)predictions[(n * pixels) + p];
            }
        }

        _predicted.Add(trained.Role, images);
        return images;
    }

    private void WriteKnowledge(SegmentationModel teacher, SegmentationModel student, DistillationObjective distillation)
    {
        using BatchLoader loader = new(_dataset, LoaderOptions.ForEvaluation(Scenes, data.Evaluation));
        Batch batch = loader.Next();
        List<(RgbImage Image, byte[] Truth)> scenes = [];
        for (int i = 0; i < batch.Count; i++)
        {
            Sample sample = _dataset.Load(i);
            scenes.Add((sample.Image, sample.Labels));
        }

        KnowledgePicture.Write(folder.File("knowledge.png"), teacher.Name, student, distillation, batch, scenes, Legend);
    }

    /// <summary>A few samples spread evenly over a data set, those that have the first one's size: a sheet has one.</summary>
    private sealed class Spread : ISegmentationDataset
    {
        private readonly ISegmentationDataset _source;
        private readonly int[] _places;

        public Spread(ISegmentationDataset source, int most)
        {
            _source = source;
            int count = Math.Min(most, source.Count);
            (int, int)[] sizes = [.. Enumerable.Range(0, count).Select(i => SizeOf(Place(i, count)))];
            _places = [.. Enumerable.Range(0, count).Where(i => sizes[i] == sizes[0]).Select(i => Place(i, count))];
        }

        public int Count => _places.Length;

        public ClassSet Classes => _source.Classes;

        public Sample Load(int index, Sample? reuse = null) => _source.Load(_places[index], reuse);

        private int Place(int index, int count) => (int)((long)index * _source.Count / count);

        private (int Width, int Height) SizeOf(int place)
        {
            RgbImage image = _source.Load(place).Image;
            return (image.Width, image.Height);
        }
    }
}
