using System.Diagnostics;
using HeteroAKD.Data;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Evaluation;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Reports;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Training.Evaluation;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Commands;

/// <summary>The commands that use trained networks. Everything they need but the images is in the checkpoint.</summary>
public sealed class InferenceService : IEvaluateCommand, IPredictCommand
{
    /// <inheritdoc/>
    public EvaluateOutcome Run(EvaluateRequest request, IProgressSink progress, CancellationToken cancellation)
    {
        if (request.Save != SavedPictures.None && request.OutputFolder.Length == 0)
        {
            throw new HeteroAkdException("eval: pictures are asked for, but no folder for them; give one with --out");
        }

        List<EvaluatedNetwork> networks = [];
        List<NetworkReport> reports = [];
        IReadOnlyList<string> names = [];
        for (int i = 0; i < request.Checkpoints.Count; i++)
        {
            (EvaluatedNetwork network, NetworkReport report, names) = Evaluate(request, i, names, progress, cancellation);
            networks.Add(network);
            reports.Add(report);
        }

        if (request.OutputFolder.Length > 0)
        {
            EvaluationReport report = new() { Version = ProductVersion.Number, Split = request.Split, Networks = reports };
            AtomicFile.WriteText(Path.Combine(request.OutputFolder, "eval.json"), report.ToJson());
        }

        return new EvaluateOutcome(names, networks);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Prediction> Run(PredictRequest request, IProgressSink progress, CancellationToken cancellation)
    {
        (Checkpoint checkpoint, ExperimentConfig config) = KeptExperiment.Open(request.Checkpoint, request.Overrides);
        int count = checkpoint.Info.Classes;
        ClassSet classes = KnownClasses.Find(config.Data) is { } known && known.Count == count ? known : ClassSet.Numbered(count);
        Augmentation augmentation = ExperimentData.AugmentationOf(config).ForEvaluation();
        if (request.Images.GroupBy(Path.GetFileNameWithoutExtension).FirstOrDefault(g => g.Count() > 1) is { } twins)
        {
            throw new HeteroAkdException(
                $"predict: {string.Join(" and ", twins)} have one name, and the results of one would replace those of the other; give them one at a time, "
                    + "each with an --out of its own");
        }

        RequireOutputsApart(request);
        using Device device = Device.Open(config.Device, config.Threads, config.Precision);
        using SegmentationModel model = checkpoint.CreateModel(device);
        using FrozenNetwork network = model.Freeze();
        Evaluator evaluator = new(config.Evaluation);
        progress.Begin("predict", request.Images.Count);
        List<Prediction> predictions = [];
        for (int i = 0; i < request.Images.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            Stopwatch clock = Stopwatch.StartNew();
            RgbImage image = ExperimentData.CodecOf(config.Data).ReadRgb(request.Images[i], limits: new ImageLimits(config.Data.MaxPixels));
            predictions.Add(
                Finite(
                    request.Checkpoint,
                    () => request.Images[i],
                    () => Predict(evaluator, network, classes, augmentation, image, request.Images[i], request, i == 0 ? request.Dump : "")));
            progress.Report(new StepProgress(i + 1, double.NaN, double.NaN, clock.Elapsed.TotalMilliseconds));
        }

        return predictions;
    }

    private static (EvaluatedNetwork Network, NetworkReport Report, IReadOnlyList<string> Classes) Evaluate(
        EvaluateRequest request, int number, IReadOnlyList<string> names, IProgressSink progress, CancellationToken cancellation)
    {
        string path = request.Checkpoints[number];
        (Checkpoint checkpoint, ExperimentConfig config) = KeptExperiment.Open(path, request.Overrides);

        // Images that only a training needs may be gone.
        ExperimentData data = new(config, distils: false);
        ISegmentationDataset dataset = KeptExperiment.Split(data, request.Split, "eval", path);
        RequireClasses(path, checkpoint, data.Classes);
        if (names.Count > 0 && !names.SequenceEqual(data.Classes.Names))
        {
            throw new CheckpointException(
                path, $"is evaluated on other classes than {request.Checkpoints[0]} ({data.Classes.Names[0]}, ... {data.Classes.Count} against {names[0]}, "
                    + $"... {names.Count})", "Evaluate them one by one");
        }

        data.CountLabels([request.Split], config.Threads, progress, cancellation);
        data.TakeWarnings(progress.Say);
        using Device device = Device.Open(config.Device, config.Threads, config.Precision);
        using SegmentationModel model = checkpoint.CreateModel(device);
        string folder = FolderOf(request, number, checkpoint.Info.Role);
        InputFiles inputs = folder.Length == 0 ? new()
            : new([.. request.Checkpoints, .. data.Sources.SelectMany(source => source.Files.Pairs).SelectMany(pair => new[] { pair.Image, pair.Label })]);
        PredictionPictures pictures = new(folder, request.Save, dataset, inputs);
        string confusion = Path.Combine(folder, "confusion.png");
        inputs.RequireOther(confusion);
        progress.Begin($"{Path.GetFileName(path)} on {request.Split}", dataset.Count);
        Stopwatch clock = Stopwatch.StartNew();
        int done = 0;
        EvaluationResult result = Finite(path, () => $"the images behind the {done} that were scored", () => new Evaluator(config.Evaluation).Evaluate(
            model,
            new EvaluatedDataset(dataset, data.Evaluation),
            (index, classes, width, height) =>
            {
                if (request.Save != SavedPictures.None)
                {
                    pictures.Write(index, classes, width, height);
                }

                done = index + 1;
                progress.Report(new StepProgress(done, double.NaN, double.NaN, clock.Elapsed.TotalMilliseconds / done));
            },
            cancellation));
        double seconds = clock.Elapsed.TotalSeconds;
        data.TakeWarnings(progress.Say);
        if (folder.Length > 0)
        {
            ConfusionSheet.Write(
                confusion,
                $"{model.Name}, {request.Split}, mIoU {ScoreText.MeanIoU(result.Scores)}",
                result.Matrix,
                data.Classes.Names);
        }

        EvaluatedNetwork network = new(
            $"{checkpoint.Info.Role} {checkpoint.Info.Step}", model.Name, model.CountParameters(), dataset.Count, seconds, result.Scores);
        return (network, Report(network, path, config, device, result, data.Classes.Names), data.Classes.Names);
    }

    // Says which checkpoint and which images, where logits are no numbers.
    private static T Finite<T>(string checkpoint, Func<string> images, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (NonFiniteLogitsException)
        {
            throw new CheckpointException(checkpoint, $"cannot be used on {images()}: {NonFiniteLogitsException.Problem}", NonFiniteLogitsException.Remedy);
        }
    }

    private static NetworkReport Report(
        EvaluatedNetwork network, string checkpoint, ExperimentConfig config, Device device, EvaluationResult result, IReadOnlyList<string> names) => new()
        {
            Checkpoint = checkpoint,
            Model = network.Model,
            Parameters = network.Parameters,
            Device = device.Description,
            Precision = config.Precision.ToString().ToLowerInvariant(),
            Settings = config.Evaluation,
            Images = network.Images,
            Seconds = network.Seconds,
            PeakTensorBytes = device.Allocator.Peak,
            MeanIoU = result.Scores.MeanIoU,
            PixelAccuracy = result.Scores.PixelAccuracy,
            MeanAccuracy = result.Scores.MeanAccuracy,
            BoundaryF1 = result.Scores.BoundaryF1,
            Classes = NetworkReport.ClassesOf(result, names),
            Confusion = NetworkReport.RowsOf(result.Matrix),
        };

    // One checkpoint has the folder to itself, several have one each; empty where no files are wanted.
    private static string FolderOf(EvaluateRequest request, int number, string role)
    {
        if (request.OutputFolder.Length == 0)
        {
            return "";
        }

        string folder = request.Checkpoints.Count == 1 ? request.OutputFolder : Path.Combine(request.OutputFolder, $"{number + 1}-{role}");
        OutputFile.MakeFolder(folder);

        return folder;
    }

    private static Prediction Predict(
        Evaluator evaluator, FrozenNetwork network, ClassSet classes, Augmentation augmentation, RgbImage image, string path, PredictRequest request,
        string dump)
    {
        using BatchLoader loader = new(new SingleImage(image, classes), LoaderOptions.ForEvaluation(1, augmentation));
        Batch batch = loader.Next();
        if (dump.Length > 0)
        {
            FeatureDump.Write(dump, network, batch);
        }

        byte[] labels = PredictionPictures.Labels(evaluator.Predict(network, batch, EvaluatedDataset.Beyond(augmentation)));
        (string labelFile, string overlayFile, string serverFile) = FilesOf(request, path);
        Directory.CreateDirectory(Path.GetDirectoryName(request.Server ? serverFile : labelFile)!);
        if (request.Server)
        {
            classes.WriteServerPng(serverFile, labels, image.Width, image.Height);
        }

        LabelPng.Write(labelFile, labels, image.Width, image.Height);
        ImageCodec.Usual.WritePng(overlayFile, PredictionPictures.Overlay(image, classes.Render(labels, image.Width, image.Height)));
        return new Prediction(path, labelFile, overlayFile);
    }

    private static (string Labels, string Overlay, string Server) FilesOf(PredictRequest request, string image)
    {
        string name = Path.GetFileNameWithoutExtension(image);
        return (Path.Combine(request.OutputFolder, name + ".labels.png"), Path.Combine(request.OutputFolder, name + ".overlay.png"),
            Path.Combine(request.OutputFolder, "server", name + ".png"));
    }

    private static void RequireOutputsApart(PredictRequest request)
    {
        InputFiles inputs = new([request.Checkpoint, .. request.Images]);
        foreach ((string labels, string overlay, string server) in request.Images.Select(image => FilesOf(request, image)))
        {
            inputs.RequireOther(labels);
            inputs.RequireOther(overlay);
            if (request.Server)
            {
                inputs.RequireOther(server);
            }
        }

        if (request.Dump.Length > 0)
        {
            inputs.RequireOther(request.Dump);
        }
    }

    private static void RequireClasses(string path, Checkpoint checkpoint, ClassSet classes)
    {
        if (checkpoint.Info.Classes != classes.Count)
        {
            throw new CheckpointException(
                path, $"has {checkpoint.Info.Classes} classes, the data has {classes.Count}", "Give the data that it was trained on (--set data.root=...)");
        }
    }
}
