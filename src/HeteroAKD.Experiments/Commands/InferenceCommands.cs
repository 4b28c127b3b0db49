using HeteroAKD.Training.Evaluation;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Commands;

/// <summary>Pictures that an evaluation leaves of every image.</summary>
[Flags]
public enum SavedPictures
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Predicted classes in their colours.</summary>
    Color = 1,

    /// <summary>Predicted classes as the data set's evaluation server takes them.</summary>
    Server = 2,

    /// <summary>Class colours over the image.</summary>
    Overlay = 4,
}

/// <summary>Asks for the scores of checkpoints on one split, side by side.</summary>
/// <param name="Checkpoints">Checkpoint files of equal classes.</param>
/// <param name="Split"><c>val</c> or <c>test</c>.</param>
/// <param name="Overrides">Overrides of the configuration that the checkpoints hold.</param>
/// <param name="OutputFolder">Receives <c>eval.json</c>, <c>confusion.png</c> and the pictures; empty for no files.</param>
/// <param name="Save">Pictures of every image; they need a folder.</param>
public sealed record EvaluateRequest(
    IReadOnlyList<string> Checkpoints, string Split, IReadOnlyList<string> Overrides, string OutputFolder = "", SavedPictures Save = SavedPictures.None);

/// <summary>What an evaluation found.</summary>
/// <param name="ClassNames">[C] names.</param>
/// <param name="Networks">One entry a checkpoint, in order.</param>
public sealed record EvaluateOutcome(IReadOnlyList<string> ClassNames, IReadOnlyList<EvaluatedNetwork> Networks);

/// <summary>One evaluated checkpoint.</summary>
/// <param name="Name">Short name for a column.</param>
/// <param name="Model">Architecture.</param>
/// <param name="Parameters">Trainable numbers.</param>
/// <param name="Images">Images evaluated.</param>
/// <param name="Seconds">Seconds it took.</param>
/// <param name="Scores">The scores.</param>
public sealed record EvaluatedNetwork(string Name, string Model, long Parameters, int Images, double Seconds, SegmentationScores Scores);

/// <summary>Asks for the predicted classes of images.</summary>
/// <param name="Checkpoint">The network.</param>
/// <param name="Images">Image files.</param>
/// <param name="OutputFolder">Where the label maps and overlays go.</param>
/// <param name="Overrides">Overrides of the configuration that the checkpoint holds.</param>
/// <param name="Dump">Safetensors file for the feature maps and logits of the first image; empty writes none.</param>
/// <param name="Server">Whether <c>server/NAME.png</c> is written too, with the ids that the data set's evaluation server takes.</param>
public sealed record PredictRequest(
    string Checkpoint, IReadOnlyList<string> Images, string OutputFolder, IReadOnlyList<string> Overrides, string Dump = "", bool Server = false);

/// <summary>The files made for one image.</summary>
/// <param name="Image">The image.</param>
/// <param name="Labels">PNG with the class id of every pixel.</param>
/// <param name="Overlay">PNG with the class colours over the image.</param>
public sealed record Prediction(string Image, string Labels, string Overlay);

/// <summary>Evaluates checkpoints.</summary>
public interface IEvaluateCommand
{
    /// <summary>Runs the request.</summary>
    EvaluateOutcome Run(EvaluateRequest request, IProgressSink progress, CancellationToken cancellation);
}

/// <summary>Predicts images.</summary>
public interface IPredictCommand
{
    /// <summary>Runs the request, in the order of the images.</summary>
    IReadOnlyList<Prediction> Run(PredictRequest request, IProgressSink progress, CancellationToken cancellation);
}
