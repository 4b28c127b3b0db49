using System.Globalization;
using System.Text.Json;
using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Nn.Encoders;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Weights.Formats;
using HeteroAKD.Weights.Import;
using HeteroAKD.Weights.Onnx;

namespace HeteroAKD.Experiments.Export;

/// <summary>Exports networks on the <c>cpu</c> device. A file appears only once it is whole and, for ONNX, has been compared with the network.</summary>
public sealed class ExportService : IExportCommand
{
    // Serves training alone; networks leave it out of evaluation.
    private const string AuxiliaryHead = "aux_head.";

    /// <inheritdoc/>
    public ExportOutcome Run(ExportRequest request, CancellationToken cancellation)
    {
        if (OutputFile.Problem(request.Output, request.Checkpoint, "the checkpoint") is { } problem)
        {
            throw new ExportException(problem);
        }

        (Checkpoint checkpoint, ExperimentConfig config) = KeptExperiment.Open(request.Checkpoint, request.Overrides);
        using Device device = Device.Open("cpu", config.Threads);
        using SegmentationModel model = checkpoint.CreateModel(device);
        ExportedWeights description = new(
            model.Name, checkpoint.Info.Classes, model.LayerNormEps, new InputNormalization(config.Augmentation.Mean, config.Augmentation.Std));
        List<OutputComparison> comparisons = [];
        List<string> warnings = [];
        if (request.Format == ExportFormat.Onnx)
        {
            comparisons = WriteOnnx(request, checkpoint, config, model, cancellation);
        }
        else
        {
            warnings = WriteWeights(request, description, model);
        }

        return new ExportOutcome(model.Name, new FileInfo(request.Output).Length, comparisons) { Warnings = warnings };
    }

    private static List<string> WriteWeights(ExportRequest request, ExportedWeights description, SegmentationModel model)
    {
        List<HostTensor> weights = Weights(model);
        RenamedWeights? renamed = request.Names.Length > 0 ? RenamedWeights.Of(model.Name, weights, request.Names) : null;
        IReadOnlyList<HostTensor> written = renamed?.Tensors ?? weights;
        AtomicFile.Write(request.Output, stream =>
        {
            if (request.Format == ExportFormat.Pth)
            {
                TorchFile.Write(stream, written);
            }
            else
            {
                SafeTensors.Write(stream, written, description.Metadata());
            }
        });

        List<string> warnings = renamed is { IsEncoder: true }
            ? [$"{renamed.Map.Description} has no head like that of {model.Name}: the file holds its encoder alone"]
            : [];
        if (request.Format == ExportFormat.Pth || renamed is not null)
        {
            warnings.AddRange(Lost(description, model.Family, renamed?.Map));
        }

        return warnings;
    }

    // Warns of values that the reader of the file will not know. A .pth has no metadata, and other programs do not read ours: both assume the usual values.
    private static IEnumerable<string> Lost(ExportedWeights description, ModelFamily family, NameMap? map)
    {
        AugmentationConfig usual = new();
        (LayerNormEps eps, InputNormalization input) = (description.LayerNormEps, description.Input);
        List<string> lost = [];
        if (family == ModelFamily.Transformer && eps != (map?.LayerNormEps ?? LayerNormEps.Default))
        {
            lost.Add(
                string.Create(CultureInfo.InvariantCulture, $"epsilons of layer norms {eps.Blocks:R} in blocks and {eps.Convolutions:R} behind convolutions"));
        }

        if (!input.Mean.SequenceEqual(usual.Mean) || !input.Std.SequenceEqual(usual.Std))
        {
            lost.Add($"augmentation.mean {input.MeanText} and augmentation.std {input.StdText}");
        }

        string needs = string.Join(", and ", lost);
        return lost.Count == 0 ? []
            : map is null ? [$"a .pth cannot say that these weights need {needs}; --format safetensors does"]
            : [$"these weights need {needs}, and no name says so: set it in the program that loads them"];
    }

    private static List<HostTensor> Weights(SegmentationModel model) =>
        [.. model.State().Where(e => !e.Name.StartsWith(AuxiliaryHead, StringComparison.Ordinal)).Select(e => HostTensor.Of(e.Name, e.Tensor))];

    private static List<OutputComparison> WriteOnnx(
        ExportRequest request, Checkpoint checkpoint, ExperimentConfig config, SegmentationModel model, CancellationToken cancellation)
    {
        (int height, int width) = request.Size ?? (config.Data.Size.Height, config.Data.Size.Width);
        Shape images = new(request.Batch, 3, height, width);
        NetworkGraph network = new(model, request.LogitsSize, config.Evaluation.AlignCorners);
        ProtoMessage message;
        try
        {
            message = network.Trace(
                images,
                new TranslationOptions(request.DynamicBatch, request.FoldBatchNorm, request.Opset),
                Metadata(checkpoint, config, height, width),
                request.DynamicSize);
        }
        catch (ShapeMismatchException e)
        {
            throw new ExportException($"{model.Name} takes no images of {height}x{width}: {e.Message}. Give a larger --size.", e);
        }

        cancellation.ThrowIfCancellationRequested();

        // The file is compared before it exists.
        byte[] graph = new byte[message.Size];
        using (MemoryStream stream = new(graph))
        {
            message.WriteTo(stream);
        }

        Shape other = request.DynamicBatch ? new Shape(request.Batch + 1, 3, height, width) : images;
        // Sizes of maps were found by two sizes of images, so a third one tries them.
        IEnumerable<Shape> runs = request.DynamicSize ? [images, NetworkGraph.OtherSize(other), new Shape(other[0], 3, height + 21, width + 10)]
            : [images, other];
        List<OutputComparison> comparisons = request.Verify
            ? new GraphVerifier(network, config.Augmentation.Mean, config.Augmentation.Std).Compare(graph, runs, request.Tolerance, cancellation)
            : [];
        AtomicFile.Write(request.Output, stream => stream.Write(graph));
        return comparisons;
    }

    private static Dictionary<string, string> Metadata(Checkpoint checkpoint, ExperimentConfig config, int height, int width)
    {
        Dictionary<string, string> metadata = new()
        {
            ["model"] = checkpoint.Info.Model,
            ["role"] = checkpoint.Info.Role,
            ["step"] = checkpoint.Info.Step.ToString(CultureInfo.InvariantCulture),
            ["height"] = height.ToString(CultureInfo.InvariantCulture),
            ["width"] = width.ToString(CultureInfo.InvariantCulture),
            ["mean"] = JsonSerializer.Serialize(config.Augmentation.Mean),
            ["std"] = JsonSerializer.Serialize(config.Augmentation.Std),
            ["align_corners"] = config.Evaluation.AlignCorners ? "true" : "false",
        };
        if (KnownClasses.Find(config.Data) is { } classes && classes.Count == checkpoint.Info.Classes)
        {
            metadata["classes"] = JsonSerializer.Serialize(classes.Names);
        }

        return metadata;
    }
}
