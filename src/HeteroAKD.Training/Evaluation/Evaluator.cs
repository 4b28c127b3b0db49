using HeteroAKD.Data;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Training.Configuration;

namespace HeteroAKD.Training.Evaluation;

/// <summary>
/// Scores a network on whole images at single scale: logits resized bilinearly to label size, the largest one taken, one confusion matrix over all images.
/// </summary>
public sealed class Evaluator(Device device, EvaluationConfig config)
{
    private float[] _logits = [];
    private int[] _predictions = [];

    /// <summary>Evaluates all images of a data set.</summary>
    /// <param name="model">The network; runs in evaluation mode without a tape.</param>
    /// <param name="dataset">Images of one size.</param>
    /// <param name="augmentation">Normalisation and padding of evaluation.</param>
    /// <param name="cancellation">Stops between batches.</param>
    public SegmentationScores Run(SegmentationModel model, ISegmentationDataset dataset, Augmentation augmentation, CancellationToken cancellation = default)
    {
        ClassSet classes = dataset.Classes;
        ConfusionMatrix matrix = new(classes.Count, classes.IgnoreIndex);
        BoundaryF1 boundary = new(classes.Count, classes.IgnoreIndex, config.BoundaryTolerance);
        using BatchLoader loader = new(dataset, LoaderOptions.ForEvaluation(config.BatchSize, augmentation));
        for (int i = 0; i < loader.BatchesPerEpoch; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            Batch batch = loader.Next();
            ReadOnlySpan<int> predictions = Predict(model, batch);
            matrix.Add(batch.Labels.AsSpan(0, predictions.Length), predictions);
            int pixels = batch.Height * batch.Width;
            for (int n = 0; n < batch.Count; n++)
            {
                boundary.Add(batch.Labels.AsSpan(n * pixels, pixels), predictions.Slice(n * pixels, pixels), batch.Width, batch.Height);
            }
        }

        return SegmentationScores.From(matrix, boundary, config.AbsentClasses);
    }

    /// <summary>The class of every pixel of a batch, [N, H, W]; valid until the next call.</summary>
    public ReadOnlySpan<int> Predict(SegmentationModel model, Batch batch)
    {
        int pixels = batch.Height * batch.Width;
        using (new NoGrad())
        using (device.BeginStep())
        {
            Tensor images = Tensor.From(device, new Shape(batch.Count, 3, batch.Height, batch.Width), batch.Images.AsSpan(0, batch.Count * 3 * pixels));
            Tensor logits = Functional.Interpolate(model.Forward(images, Pass.Evaluation).Logits, batch.Height, batch.Width);
            Grow(ref _logits, logits.Shape.Count);
            logits.CopyTo(_logits.AsSpan(0, logits.Shape.Count));
        }

        Grow(ref _predictions, batch.Count * pixels);
        for (int n = 0; n < batch.Count; n++)
        {
            Argmax(_logits.AsSpan(n * model.Classes * pixels, model.Classes * pixels), _predictions.AsSpan(n * pixels, pixels));
        }

        return _predictions.AsSpan(0, batch.Count * pixels);
    }

    /// <summary>logits [C, pixels] → the index of the largest, the first one of equals.</summary>
    private static void Argmax(ReadOnlySpan<float> logits, Span<int> predictions)
    {
        int pixels = predictions.Length;
        predictions.Clear();
        for (int c = 1; c * pixels < logits.Length; c++)
        {
            ReadOnlySpan<float> plane = logits.Slice(c * pixels, pixels);
            for (int p = 0; p < pixels; p++)
            {
                if (plane[p] > logits[(predictions[p] * pixels) + p])
                {
                    predictions[p] = c;
                }
            }
        }
    }

    private static void Grow<T>(ref T[] buffer, int length)
    {
        if (buffer.Length < length)
        {
            buffer = new T[length];
        }
    }
}
