using System.Diagnostics;
using HeteroAKD.Data;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Training.Configuration;
using HeteroAKD.Training.Evaluation;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Training.Commands;

/// <summary>The commands that use trained networks. Everything they need but the images is in the checkpoint.</summary>
public sealed class InferenceService : IEvaluateCommand, IPredictCommand
{
    /// <inheritdoc/>
    public EvaluateOutcome Run(EvaluateRequest request, IProgressSink progress, CancellationToken cancellation)
    {
        List<EvaluatedNetwork> networks = [];
        IReadOnlyList<string> names = [];
        foreach (string path in request.Checkpoints)
        {
            (Checkpoint checkpoint, ExperimentConfig config) = Open(path, request.Overrides);
            ExperimentData data = new(config);
            ISegmentationDataset dataset = data.Splits().FirstOrDefault(s => s.Name == request.Split).Data
                ?? throw new HeteroAkdException($"eval: the data of {path} has no split '{request.Split}'; there are: {string.Join(", ", data.Splits().Select(s => s.Name))}");
            RequireClasses(path, checkpoint, data.Classes);
            data.TakeWarnings(progress.Say);
            using Device device = Device.Open(config.Device, config.Threads, config.Precision);
            using SegmentationModel model = Load(checkpoint, device);
            progress.Begin($"{Path.GetFileName(path)} on {request.Split}", 1);
            Stopwatch clock = Stopwatch.StartNew();
            SegmentationScores scores = new Evaluator(device, config.Evaluation).Run(model, dataset, data.Evaluation, cancellation);
            progress.Report(new StepProgress(1, double.NaN, double.NaN, clock.Elapsed.TotalMilliseconds));
            networks.Add(new EvaluatedNetwork(
                $"{checkpoint.Info.Role} {checkpoint.Info.Step}", model.Name, model.CountParameters(), dataset.Count, clock.Elapsed.TotalSeconds, scores));
            names = data.Classes.Names;
        }

        return new EvaluateOutcome(names, networks);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Prediction> Run(PredictRequest request, IProgressSink progress, CancellationToken cancellation)
    {
        (Checkpoint checkpoint, ExperimentConfig config) = Open(request.Checkpoint, request.Overrides);
        ExperimentData data = new(config);
        RequireClasses(request.Checkpoint, checkpoint, data.Classes);
        using Device device = Device.Open(config.Device, config.Threads, config.Precision);
        using SegmentationModel model = Load(checkpoint, device);
        Evaluator evaluator = new(device, config.Evaluation);
        progress.Begin("predict", request.Images.Count);
        List<Prediction> predictions = [];
        for (int i = 0; i < request.Images.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            Stopwatch clock = Stopwatch.StartNew();
            predictions.Add(Predict(evaluator, model, data, request.Images[i], request.OutputFolder));
            progress.Report(new StepProgress(i + 1, double.NaN, double.NaN, clock.Elapsed.TotalMilliseconds));
        }

        return predictions;
    }

    private static Prediction Predict(Evaluator evaluator, SegmentationModel model, ExperimentData data, string path, string outputFolder)
    {
        // Sides are padded to a multiple of 32, which every network here divides by; the padding is cut off again.
        RgbImage image = SkiaImageCodec.Instance.ReadRgb(path);
        using BatchLoader loader = new(new SingleImage(image, data.Classes), LoaderOptions.ForEvaluation(1, data.Evaluation with { Height = 0, Width = 0, SizeDivisor = 32 }));
        Batch batch = loader.Next();
        ReadOnlySpan<int> padded = evaluator.Predict(model, batch);
        byte[] labels = new byte[image.Width * image.Height];
        for (int y = 0; y < image.Height; y++)
        {
            for (int x = 0; x < image.Width; x++)
            {
                labels[(y * image.Width) + x] = (byte)padded[(y * batch.Width) + x];
            }
        }

        string folder = outputFolder.Length > 0 ? outputFolder : Path.GetDirectoryName(Path.GetFullPath(path))!;
        Directory.CreateDirectory(folder);
        string name = Path.Combine(folder, Path.GetFileNameWithoutExtension(path));
        LabelPng.Write($"{name}.labels.png", labels, image.Width, image.Height);
        SkiaImageCodec.Instance.WritePng($"{name}.overlay.png", Overlay(image, data.Classes.Render(labels, image.Width, image.Height)));
        return new Prediction(path, $"{name}.labels.png", $"{name}.overlay.png");
    }

    private static RgbImage Overlay(RgbImage image, RgbImage colors)
    {
        RgbImage mixed = new(image.Width, image.Height);
        for (int i = 0; i < mixed.Pixels.Length; i++)
        {
            mixed.Pixels[i] = (byte)((image.Pixels[i] + colors.Pixels[i]) / 2);
        }

        return mixed;
    }

    private static (Checkpoint Checkpoint, ExperimentConfig Config) Open(string path, IReadOnlyList<string> overrides)
    {
        Checkpoint checkpoint = Checkpoint.Load(path);
        return (checkpoint, ConfigurationReader.ReadText(checkpoint.Info.Config, path, overrides));
    }

    private static SegmentationModel Load(Checkpoint checkpoint, Device device)
    {
        SegmentationModel model = ModelZoo.Create(checkpoint.Info.Model, checkpoint.Info.Classes, device, seed: null);
        checkpoint.CopyTo(Checkpoint.ModelPrefix, model);
        return model;
    }

    private static void RequireClasses(string path, Checkpoint checkpoint, ClassSet classes)
    {
        if (checkpoint.Info.Classes != classes.Count)
        {
            throw new CheckpointException(path, $"has {checkpoint.Info.Classes} classes, the data has {classes.Count}", "Give the data that it was trained on (--set data.root=...)");
        }
    }

    private sealed class SingleImage(RgbImage image, ClassSet classes) : ISegmentationDataset
    {
        public int Count => 1;

        public ClassSet Classes => classes;

        public Sample Load(int index, Sample? reuse = null) => new("image", image, new byte[image.Width * image.Height]);
    }
}
