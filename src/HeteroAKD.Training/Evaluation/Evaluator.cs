using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Training.Evaluation;

/// <summary>Receives each image once it is predicted.</summary>
/// <param name="index">Its index in the set; images come in order.</param>
/// <param name="classes">[H, W] predicted class ids; valid during the call.</param>
/// <param name="width">W.</param>
/// <param name="height">H.</param>
public delegate void PredictedImage(int index, ReadOnlySpan<int> classes, int width, int height);

/// <summary>What an evaluation of one network found.</summary>
/// <param name="Scores">The scores.</param>
/// <param name="Matrix">Pixels by true and predicted class.</param>
/// <param name="ClassBoundaryF1">[C] boundary F1 a class; NaN where neither truth nor prediction has a boundary of it.</param>
public sealed record EvaluationResult(SegmentationScores Scores, ConfusionMatrix Matrix, IReadOnlyList<double> ClassBoundaryF1);

/// <summary>
/// Scores a network on images as <see cref="EvaluationOptions"/> says: logits resized bilinearly to label size, the largest one taken, one confusion matrix
/// over all images. Images may differ in size; neighbours of one size are evaluated together.
/// </summary>
public sealed class Evaluator(EvaluationOptions config)
{
    private int[] _predictions = [];

    /// <summary>The scores alone.</summary>
    /// <inheritdoc cref="Evaluate"/>
    public SegmentationScores Run(SegmentationModel model, IEvaluationSet images, CancellationToken cancellation = default) =>
        Evaluate(model, images, null, cancellation).Scores;

    /// <summary>Evaluates all images of a set.</summary>
    /// <param name="model">The network; runs in evaluation mode without a tape.</param>
    /// <param name="images">The images.</param>
    /// <param name="predicted">Gets each image when it is counted; null for nobody.</param>
    /// <param name="cancellation">Stops between batches.</param>
    public EvaluationResult Evaluate(SegmentationModel model, IEvaluationSet images, PredictedImage? predicted = null, CancellationToken cancellation = default)
    {
        ConfusionMatrix matrix = new(images.Classes, images.IgnoreIndex);
        BoundaryF1 boundary = new(images.Classes, images.IgnoreIndex, config.BoundaryTolerance);
        using FrozenNetwork network = model.Freeze();
        Inference inference = new(network, config, images.Outside);
        int first = 0;
        foreach (Batch batch in images.Read(inference.BatchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            int pixels = batch.Height * batch.Width;
            Span<int> predictions = Predictions(batch.Count * pixels);
            inference.Predict(batch.Images.AsSpan(0, 3 * predictions.Length), batch.Count, batch.Height, batch.Width, predictions);
            for (int n = 0; n < batch.Count; n++)
            {
                ReadOnlySpan<int> labels = batch.LabelsAt(n);
                ReadOnlySpan<int> prediction = predictions.Slice(n * pixels, pixels);
                matrix.Add(labels, prediction);
                boundary.Add(labels, prediction, batch.Width, batch.Height);
                predicted?.Invoke(first + n, prediction, batch.Width, batch.Height);
            }

            first += batch.Count;
        }

        double[] classBoundary = [.. Enumerable.Range(0, images.Classes).Select(boundary.Of)];
        return new EvaluationResult(SegmentationScores.From(matrix, boundary, config.AbsentClasses), matrix, classBoundary);
    }

    /// <summary>The class of every pixel of a batch, [N, H, W]; valid until the next call.</summary>
    /// <param name="network">The network.</param>
    /// <param name="batch">Images prepared as for evaluation.</param>
    /// <param name="outside">What stands beyond an image that is smaller than a window.</param>
    public ReadOnlySpan<int> Predict(FrozenNetwork network, Batch batch, Outside outside)
    {
        Span<int> predictions = Predictions(batch.Count * batch.Height * batch.Width);
        new Inference(network, config, outside).Predict(batch.Images.AsSpan(0, 3 * predictions.Length), batch.Count, batch.Height, batch.Width, predictions);
        return predictions;
    }

    private Span<int> Predictions(int count)
    {
        if (_predictions.Length < count)
        {
            _predictions = new int[count];
        }

        return _predictions.AsSpan(0, count);
    }
}
