using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Nn.Encoders;
using HeteroAKD.Nn.Initialization;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Weights.Import;

namespace HeteroAKD.Experiments.Commands;

/// <summary>Asks for a checkpoint of weights that another program trained.</summary>
/// <param name="File">A state dict of PyTorch, safetensors, or a checkpoint.</param>
/// <param name="Model">Name of the network here.</param>
/// <param name="Classes">Channels of the logits; 0 takes those of the file's classifier.</param>
/// <param name="From">The code base that named the tensors; if empty, it is detected.</param>
/// <param name="Key">Which table of tensors, where the file has several; empty finds it.</param>
/// <param name="BackboneOnly">Whether the encoder alone is taken, and the head starts from the seed.</param>
/// <param name="Strict">Whether missing, mismatched and unexpected entries are an error; else those of the network start from the seed.</param>
/// <param name="Output">Checkpoint to write.</param>
/// <param name="Overrides">Overrides of the configuration that the checkpoint will hold.</param>
public sealed record ImportRequest(
    string File, string Model, int Classes, string From, string Key, bool BackboneOnly, bool Strict, string Output, IReadOnlyList<string> Overrides);

/// <summary>Imports weights.</summary>
public interface IImportCommand
{
    /// <summary>Runs the request and returns what to tell, one a line.</summary>
    IReadOnlyList<string> Run(ImportRequest request);
}

/// <summary>Brings weights of other programs into checkpoints of this one.</summary>
public sealed class ImportService : IImportCommand
{
    /// <summary>The <see cref="CheckpointInfo.Role"/> of what it writes.</summary>
    public const string Role = "imported";

    // Less than this of a network is an accident: another architecture, or names that were not understood.
    private const double LeastShare = 0.5;

    /// <inheritdoc/>
    public IReadOnlyList<string> Run(ImportRequest request)
    {
        if (OutputFile.Problem(request.Output, request.File, "the file of weights") is { } problem)
        {
            throw new WeightImportException(request.File, problem);
        }

        (WeightFile file, CheckpointInfo? own) = Checkpoint.ReadWeights(request.File, request.Key);
        WeightImport import = WeightImport.Of(file, request.From);
        if (!request.BackboneOnly && import.HeadProblem is { } headProblem)
        {
            throw new WeightImportException(request.File, $"{headProblem}. Its encoder is the same: --backbone-only takes it alone. Nothing was written");
        }

        ExperimentConfig config = Config(request, import, own);
        int classes = request.Classes > 0 ? request.Classes : (request.BackboneOnly ? null : import.Classes)
            ?? throw new WeightImportException(request.File, "has no classifier to take over, which would tell the number of classes; give --classes");
        using Device device = Device.Open("cpu", config.Threads);
        using SegmentationModel model = ModelZoo.Create(request.Model, classes, device, seed: null);
        ImportReport report = import.CopyTo(model, request.BackboneOnly);
        if (request.Strict && !report.Complete)
        {
            string remedy = report.EncoderFits
                ? "The encoder fits: --backbone-only takes it alone"
                : "Name the network that the weights are for (--model), or take what fits with --no-strict";
            throw new WeightImportException(
                request.File, $"does not fit {request.Model} with {classes} classes "
                    + $"({import.Map.Description}):\n{string.Join('\n', report.Lines())}\n{remedy}. Nothing was written");
        }

        if (report.Share < LeastShare)
        {
            throw new WeightImportException(
                request.File,
                $"fits {request.Model} in {report.Loaded.Count} of {report.Loaded.Count + report.Missing.Count + report.Mismatched.Count} entries, too few "
                    + $"for --no-strict, which takes what fits where half of them do:\n"
                    + $"{string.Join('\n', report.Lines())}\nName the network that the weights are for (--model). Nothing was written");
        }

        model.Initialize(report.Left.ToHashSet(), new Generator(config.Seed));
        CheckpointInfo info = new()
        {
            Model = request.Model,
            Role = Role,
            Classes = classes,
            Step = 0,
            DataPosition = 0,
            BestMetric = double.NaN,
            Config = ConfigurationWriter.Write(config),
            LayerNormEps = model.LayerNormEps,
        };
        Checkpoint.Save(request.Output, info, Checkpoint.Entries(Checkpoint.ModelPrefix, model));
        return
        [
            .. Heading(import, model, classes), .. report.Lines(), .. report.Complete ? [] : report.Parts(), .. Advice(import, report, config),
            $"{request.Output} written"
        ];
    }

    // The configuration for the new checkpoint: the one that the file keeps, or else the normalisation that the weights expect. The user's overrides win.
    private static ExperimentConfig Config(ImportRequest request, WeightImport import, CheckpointInfo? own)
    {
        string yaml = own?.Config ?? "";
        if (yaml.Length == 0 && import.Input is { } input)
        {
            yaml = $"augmentation:\n  mean: {input.MeanText}\n  std: {input.StdText}\n{(import.Map.AlignCorners ? "evaluation:\n  alignCorners: true\n" : "")}";
        }

        return ConfigurationReader.ReadKept(yaml, request.File, [$"student.model={request.Model}", .. request.Overrides]);
    }

    private static IEnumerable<string> Heading(WeightImport import, SegmentationModel model, int classes)
    {
        yield return $"{import.File.Path}: {import.File.Kind}, {import.File.Tensors.Count} "
            + $"tensors{(import.File.Others > 0 ? $" and {import.File.Others} other entries" : "")}, names of {import.Map.Description} ({import.Map.Name})";
        foreach (string note in import.Notes())
        {
            yield return note;
        }

        yield return $"{model.Name}, {classes} classes, {model.CountParameters()} parameters";
        if (model.Family == ModelFamily.Transformer)
        {
            LayerNormEps eps = model.LayerNormEps;
            yield return FormattableString.Invariant($"epsilon of layer norms: {eps.Blocks:R} in blocks, {eps.Convolutions:R} behind convolutions");
        }
    }

    private static IEnumerable<string> Advice(WeightImport import, ImportReport report, ExperimentConfig config)
    {
        if (report.Left.Count > 0)
        {
            yield return $"{report.Left.Count} entries start from seed "
                + $"{config.Seed}{(report.LacksAuxiliaryHead ? "; among them the auxiliary head, which the file lacks and only training uses" : "")}";
        }

        if (import.Input is { } input)
        {
            yield return $"{(import.Map.Input is null ? "" : "the first convolution was turned from BGR to RGB; ")}with these in the configuration the "
                + "network sees exactly what it was trained on:";
            yield return $"  augmentation.mean: {input.MeanText}";
            yield return $"  augmentation.std: {input.StdText}";
            if (import.Map.AlignCorners)
            {
                yield return "  evaluation.alignCorners: true";
            }
        }
    }
}
