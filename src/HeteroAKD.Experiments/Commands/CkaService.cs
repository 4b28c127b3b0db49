using System.Diagnostics;
using System.Globalization;
using System.Text;
using HeteroAKD.Data;
using HeteroAKD.Distillation;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Reports;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Commands;

/// <summary>
/// <c>analyze cka</c>: each network sees the images normalised as it was trained with; all stages, the classifier's input, the logits and the projected maps
/// are compared.
/// </summary>
public sealed class CkaService : ICkaCommand
{
    /// <inheritdoc/>
    public CkaOutcome Run(CkaRequest request, IProgressSink progress, CancellationToken cancellation)
    {
        (Checkpoint first, ExperimentConfig firstConfig) = KeptExperiment.Open(request.First, request.Overrides);
        (Checkpoint second, ExperimentConfig config) = KeptExperiment.Open(request.Second, request.Overrides);
        if (first.Info.Classes != second.Info.Classes)
        {
            throw new CheckpointException(
                request.First, $"has {first.Info.Classes} classes, {request.Second} has {second.Info.Classes}", "Compare networks of one data set");
        }

        ExperimentData data = new(config, distils: false);
        ISegmentationDataset dataset = KeptExperiment.Split(data, request.Split, "analyze cka", request.Second);
        Augmentation firstPreparation = ExperimentData.AugmentationOf(firstConfig with { Data = config.Data }).ForEvaluation();
        using Device device = Device.Open(config.Device, config.Threads, config.Precision);
        using ComparedNetwork a = new(first, device);
        using ComparedNetwork b = new(second, device);
        using ComparedProjectors? projectors = ComparedProjectors.Find(second, config, a.Model, b.Model, progress.Say);
        IEnumerable<(Batch First, Batch Second)> batches = Batches(
            dataset, firstPreparation, data.Evaluation, Math.Max(CkaEstimator.LeastImages, config.Evaluation.BatchSize));
        CkaOutcome outcome = Compare(a, b, batches, projectors, dataset.Count, progress, cancellation);
        data.TakeWarnings(progress.Say);
        if (request.OutputFolder.Length > 0)
        {
            Write(request, outcome, a.Model, b.Model);
        }

        return outcome;
    }

    // The same images in the same order, each with its network's normalisation; read once where that is one.
    private static IEnumerable<(Batch First, Batch Second)> Batches(ISegmentationDataset dataset, Augmentation first, Augmentation second, int batchSize)
    {
        IEnumerable<Batch> ofSecond = new EvaluatedDataset(dataset, second).Read(batchSize);
        return first == second ? ofSecond.Select(batch => (batch, batch)) : new EvaluatedDataset(dataset, first).Read(batchSize).Zip(ofSecond);
    }

    private static CkaOutcome Compare(
        ComparedNetwork a, ComparedNetwork b, IEnumerable<(Batch First, Batch Second)> batches, ComparedProjectors? projectors, int count,
        IProgressSink progress, CancellationToken cancellation)
    {
        CkaEstimator? linear = null;
        CkaEstimator? rbf = null;
        (List<string> First, List<string> Second) names = ([], []);
        int images = 0;
        progress.Begin($"{a.Model.Name} and {b.Model.Name}", count);
        Stopwatch clock = Stopwatch.StartNew();

        foreach ((Batch first, Batch second) in batches)
        {
            cancellation.ThrowIfCancellationRequested();
            if (first.Count < CkaEstimator.LeastImages)
            {
                continue;
            }

            List<(string Name, double[] Products)> firstMaps = a.Maps(first, projectors is null ? null : projectors.OfTeacher);
            List<(string Name, double[] Products)> secondMaps = b.Maps(second, projectors is null ? null : projectors.OfStudent);
            names = ([.. firstMaps.Select(m => m.Name)], [.. secondMaps.Select(m => m.Name)]);
            linear ??= new CkaEstimator(firstMaps.Count, secondMaps.Count, CkaKernel.Linear);
            rbf ??= new CkaEstimator(firstMaps.Count, secondMaps.Count, CkaKernel.Rbf);
            linear.Add([.. firstMaps.Select(m => m.Products)], [.. secondMaps.Select(m => m.Products)], first.Count);
            rbf.Add([.. firstMaps.Select(m => m.Products)], [.. secondMaps.Select(m => m.Products)], first.Count);
            images += first.Count;
            progress.Report(new StepProgress(images, double.NaN, double.NaN, clock.Elapsed.TotalMilliseconds / images));
        }

        if (linear is null || rbf is null)
        {
            throw new HeteroAkdException(
                $"analyze cka: the split has {count} images, and no {CkaEstimator.LeastImages} neighbours of one size; take a larger one");
        }

        if (images < count)
        {
            progress.Say($"{count - images} of {count} images are left out: a batch takes neighbours of one size, at least {CkaEstimator.LeastImages}");
        }

        return new CkaOutcome(names.First, names.Second, linear.Values(), rbf.Values(), images);
    }

    private static void Write(CkaRequest request, CkaOutcome outcome, SegmentationModel a, SegmentationModel b)
    {
        (string table, string picture) = (Path.Combine(request.OutputFolder, "cka.csv"), Path.Combine(request.OutputFolder, "cka.png"));
        InputFiles inputs = new([request.First, request.Second]);
        inputs.RequireOther(table);
        inputs.RequireOther(picture);
        OutputFile.MakeFolder(request.OutputFolder);

        StringBuilder csv = new("first,second,linear,rbf\n");
        for (int i = 0; i < outcome.First.Count; i++)
        {
            for (int j = 0; j < outcome.Second.Count; j++)
            {
                csv.Append(
                    CultureInfo.InvariantCulture, $"{outcome.First[i]},{outcome.Second[j]},{Number(outcome.Linear[i, j])},{Number(outcome.Rbf[i, j])}\n");
            }
        }

        AtomicFile.WriteText(table, csv.ToString());
        SimilaritySheet.Write(
            picture, $"CKA of {a.Name} (rows) and {b.Name} (columns)", $"{outcome.Images} images of {request.Split}; 1: equal up to rotation and scale, 0: "
                + "independent",
            outcome.First, outcome.Second,
            [("linear", outcome.Linear), ("Gaussian", outcome.Rbf)]);
    }

    // What is not defined is an empty field.
    private static string Number(double value) => double.IsNaN(value) ? "" : value.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>A frozen network whose maps are compared.</summary>
    private sealed class ComparedNetwork(Checkpoint checkpoint, Device device) : IDisposable
    {
        private FrozenNetwork? _frozen;

        public SegmentationModel Model { get; } = checkpoint.CreateModel(device);

        /// <summary>
        /// The products of each map of a batch, in the order in which they are computed, and of the projected one where there is a projector.
        /// </summary>
        public List<(string Name, double[] Products)> Maps(Batch batch, Func<SegmentationOutput, Tensor>? project)
        {
            _frozen ??= Model.Freeze();
            using NoGrad none = new();
            using StepScope step = Model.Device.BeginStep();
            Tensor images = Tensor.From(
                Model.Device, new Shape(batch.Count, 3, batch.Height, batch.Width), batch.Images.AsSpan(0, batch.Count * 3 * batch.Height * batch.Width));
            SegmentationOutput output = _frozen.Forward(images);
            List<(string, double[])> maps = [];
            double[] Products(Tensor map) => CkaEstimator.Products(map.ToFloats(), batch.Count);
            for (int stage = 0; stage < output.Features.Count; stage++)
            {
                maps.Add(($"stage {stage + 1}", Products(output.Features[stage])));
            }

            maps.Add(("classifier's input", Products(output.HeadFeature)));
            maps.Add(("logits", Products(output.Logits)));
            if (project is not null)
            {
                maps.Add(("projected", Products(project(output))));
            }

            return maps;
        }

        public void Dispose()
        {
            _frozen?.Dispose();
            Model.Dispose();
        }
    }
}
