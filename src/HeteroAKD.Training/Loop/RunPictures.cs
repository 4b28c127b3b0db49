using HeteroAKD.Data;
using HeteroAKD.Distillation.Terms;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;
using HeteroAKD.Training.Configuration;
using HeteroAKD.Training.Evaluation;
using HeteroAKD.Training.Report;
using HeteroAKD.Training.Runs;

namespace HeteroAKD.Training.Loop;

/// <summary>The pictures of a run: curves, predictions, and what HeteroAKD mixes and weighs.</summary>
internal sealed class RunPictures(RunFolder folder, ExperimentData data, Device device, ExperimentConfig config)
{
    private const int Scenes = 5;

    /// <summary>Writes what the networks of the run allow.</summary>
    public void Write(IReadOnlyList<TrainedNetwork> networks, HeteroAkdTerm? heteroAkd)
    {
        CurvesChart.Write(folder.File("curves.png"), RunCurves.Read(folder.File("metrics.csv")));
        TrainedNetwork? teacher = Find(networks, NetworkRoles.Teacher);
        TrainedNetwork? alone = Find(networks, NetworkRoles.Student);
        TrainedNetwork? distilled = Find(networks, NetworkRoles.Distilled);
        if (teacher is null || distilled is null)
        {
            return;
        }

        ISegmentationDataset dataset = new Spread(data.Test ?? data.Validation, Scenes);
        using BatchLoader loader = new(dataset, LoaderOptions.ForEvaluation(Scenes, data.Evaluation));
        Batch batch = loader.Next();
        WritePredictions(dataset, batch, teacher, alone ?? distilled, distilled);
        if (heteroAkd is not null)
        {
            WriteKnowledge(dataset, batch, teacher.Model, distilled.Model, heteroAkd);
        }
    }

    private static TrainedNetwork? Find(IReadOnlyList<TrainedNetwork> networks, string role) => networks.FirstOrDefault(n => n.Role == role);

    private void WritePredictions(ISegmentationDataset dataset, Batch batch, TrainedNetwork teacher, TrainedNetwork alone, TrainedNetwork distilled)
    {
        byte[][] byTeacher = Predict(teacher.Model, batch);
        byte[][] byAlone = Predict(alone.Model, batch);
        byte[][] byDistilled = Predict(distilled.Model, batch);
        List<PredictedScene> scenes = [];
        for (int i = 0; i < batch.Count; i++)
        {
            Sample sample = dataset.Load(i);
            scenes.Add(new PredictedScene(sample.Image, sample.Labels, byAlone[i], byDistilled[i], byTeacher[i]));
        }

        string split = data.Test is null ? "val" : "test";
        string Note(TrainedNetwork n) => FormattableString.Invariant($"{n.Model.Name}, {100 * n.Summary.Scores[split].MeanIoU:F1} % mIoU");
        PredictionSheet.Write(
            folder.File("predictions.png"),
            $"{teacher.Model.Name} → {distilled.Model.Name}, seed {config.Seed}, {split} scenes",
            scenes,
            data.Classes,
            new PredictionNotes(Note(alone), Note(distilled), Note(teacher)));
    }

    private byte[][] Predict(SegmentationModel model, Batch batch)
    {
        ReadOnlySpan<int> predictions = new Evaluator(config.Evaluation).Predict(model, batch, data.Evaluation.Pad);
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

        return images;
    }

    private void WriteKnowledge(ISegmentationDataset dataset, Batch batch, SegmentationModel teacher, SegmentationModel student, HeteroAkdTerm heteroAkd)
    {
        using NoGrad noGrad = new();
        using StepScope scope = device.BeginStep();
        Shape shape = new(batch.Count, 3, batch.Height, batch.Width);
        Tensor images = Tensor.From(device, shape, batch.Images.AsSpan(0, shape.Count));
        int pixels = batch.Height * batch.Width;
        Tensor labels = Tensor.From(device, new Shape(batch.Count, batch.Height, batch.Width), batch.Labels.AsSpan(0, batch.Count * pixels));
        KnowledgeMaps maps = heteroAkd.Maps(student.Forward(images, Pass.Evaluation), teacher.Forward(images, Pass.Evaluation), labels);
        float[][] share = AtTruth(maps.Share, batch, student.Classes);
        float[][] weight = AtTruth(maps.Weight, batch, student.Classes);
        float[][] discrepancy = AtTruth(maps.Discrepancy, batch, student.Classes);
        List<KnowledgeScene> scenes = [];
        for (int i = 0; i < batch.Count; i++)
        {
            Sample sample = dataset.Load(i);
            scenes.Add(new KnowledgeScene(sample.Image, sample.Labels, [share[i], weight[i], discrepancy[i]], batch.Width, batch.Height));
        }

        KnowledgeSheet.Write(
            folder.File("knowledge.png"),
            $"What HeteroAKD mixes and weighs: {teacher.Name} → {student.Name}",
            scenes,
            data.Classes,
            KnowledgeSheet.Columns(Top(weight), Top(discrepancy)));
    }

    /// <summary>map [N, C, H, W] at each pixel's true class; NaN where there is none.</summary>
    private static float[][] AtTruth(Tensor map, Batch batch, int classes)
    {
        float[] values = map.ToFloats();
        int pixels = batch.Height * batch.Width;
        float[][] images = new float[batch.Count][];
        for (int n = 0; n < images.Length; n++)
        {
            images[n] = new float[pixels];
            for (int p = 0; p < pixels; p++)
            {
                int label = batch.Labels[(n * pixels) + p];
                images[n][p] = label >= 0 && label < classes ? values[(((n * classes) + label) * pixels) + p] : float.NaN;
            }
        }

        return images;
    }

    /// <summary>A round upper end for a colour scale: the 99th percentile, so that one pixel does not darken all others.</summary>
    private static float Top(float[][] maps)
    {
        float[] sorted = [.. maps.SelectMany(m => m).Where(float.IsFinite).Order()];
        float top = sorted.Length == 0 ? 1 : sorted[(int)(0.99 * (sorted.Length - 1))];
        return top > 0 ? (float)Math.Round(top, top < 1 ? 2 : 1) is > 0 and float rounded ? rounded : top : 1;
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
