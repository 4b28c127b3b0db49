using System.Numerics;

namespace HeteroAKD.Training.Evaluation;

/// <summary>
/// Pixel counts by true and predicted class over a whole data set. Every score is computed from this one matrix,
/// never as a mean of per-image scores.
/// </summary>
public sealed class ConfusionMatrix
{
    private readonly long[] _counts;  // [C, C] row = truth, column = prediction

    /// <summary>An empty matrix.</summary>
    /// <param name="classes">Number of classes C.</param>
    /// <param name="ignoreLabel">Truth id that counts nowhere; it lies outside 0..C-1.</param>
    public ConfusionMatrix(int classes, int ignoreLabel)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classes, 1);
        if (ignoreLabel >= 0 && ignoreLabel < classes)
        {
            throw new ArgumentOutOfRangeException(nameof(ignoreLabel), ignoreLabel, $"the ignore label is one of the {classes} classes");
        }

        Classes = classes;
        IgnoreLabel = ignoreLabel;
        _counts = new long[classes * classes];
    }

    /// <summary>Number of classes.</summary>
    public int Classes { get; }

    /// <summary>Truth id that counts nowhere.</summary>
    public int IgnoreLabel { get; }

    /// <summary>Pixels of class <paramref name="truth"/> predicted as <paramref name="prediction"/>.</summary>
    public long this[int truth, int prediction] => _counts[(truth * Classes) + prediction];

    /// <summary>Share of a true class's pixels with a prediction; NaN where the class does not occur.</summary>
    public double Share(int truth, int prediction) => Truth(truth) is var all and > 0 ? (double)this[truth, prediction] / all : double.NaN;

    /// <summary>Counted pixels.</summary>
    public long Total => _counts.Sum();

    /// <summary>Counted pixels of a true class.</summary>
    public long Truth(int truth)
    {
        long sum = 0;
        for (int p = 0; p < Classes; p++)
        {
            sum += this[truth, p];
        }

        return sum;
    }

    /// <summary>Counts pixels; the spans are of equal length.</summary>
    /// <exception cref="ArgumentException">Lengths differ, or an id is neither a class nor, in the truth, the ignore label.</exception>
    public void Add(ReadOnlySpan<int> labels, ReadOnlySpan<int> predictions) => Count(labels, predictions);

    /// <inheritdoc cref="Add(ReadOnlySpan{int}, ReadOnlySpan{int})"/>
    public void Add(ReadOnlySpan<byte> labels, ReadOnlySpan<byte> predictions) => Count(labels, predictions);

    /// <inheritdoc cref="Add(ReadOnlySpan{int}, ReadOnlySpan{int})"/>
    public void Add(ReadOnlySpan<byte> labels, ReadOnlySpan<int> predictions) => Count(labels, predictions);

    /// <summary>Adds the counts of another part of the data set.</summary>
    public void Merge(ConfusionMatrix other)
    {
        if (other.Classes != Classes || other.IgnoreLabel != IgnoreLabel)
        {
            throw new ArgumentException(
                $"cannot merge a matrix of {other.Classes} classes, ignoring {other.IgnoreLabel}, into one of {Classes} classes, ignoring "
                    + $"{IgnoreLabel}", nameof(other));
        }

        for (int i = 0; i < _counts.Length; i++)
        {
            _counts[i] += other._counts[i];
        }
    }

    /// <summary>Intersection over union of one class; NaN where it occurs in neither truth nor prediction.</summary>
    public double IoU(int label)
    {
        long hit = this[label, label];
        long union = Truth(label) + Column(label) - hit;
        return union == 0 ? double.NaN : (double)hit / union;
    }

    /// <summary>Share of the class's true pixels that were found; NaN where the truth has none.</summary>
    public double Accuracy(int label)
    {
        long truth = Truth(label);
        return truth == 0 ? double.NaN : (double)this[label, label] / truth;
    }

    /// <summary>
    /// Mean of the class IoUs. As in mmsegmentation, a class absent from truth and prediction is left out;
    /// with <see cref="AbsentClasses.Zero"/> it counts as 0, as in CIRKD. NaN where nothing was counted.
    /// </summary>
    public double MeanIoU(AbsentClasses absent = AbsentClasses.LeaveOut) => Mean(IoU, absent);

    /// <summary>Mean of the class accuracies over the classes that the truth holds.</summary>
    public double MeanAccuracy() => Mean(Accuracy, AbsentClasses.LeaveOut);

    /// <summary>Share of all counted pixels that are right; NaN where nothing was counted.</summary>
    public double PixelAccuracy()
    {
        long hit = 0;
        for (int c = 0; c < Classes; c++)
        {
            hit += this[c, c];
        }

        return Total == 0 ? double.NaN : (double)hit / Total;
    }

    private void Count<TLabel, TPrediction>(ReadOnlySpan<TLabel> labels, ReadOnlySpan<TPrediction> predictions)
        where TLabel : unmanaged, IBinaryInteger<TLabel>
        where TPrediction : unmanaged, IBinaryInteger<TPrediction>
    {
        if (labels.Length != predictions.Length)
        {
            throw new ArgumentException($"{labels.Length} labels against {predictions.Length} predictions", nameof(predictions));
        }

        for (int i = 0; i < labels.Length; i++)
        {
            int truth = int.CreateTruncating(labels[i]);
            if (truth == IgnoreLabel)
            {
                continue;
            }

            int prediction = int.CreateTruncating(predictions[i]);
            if ((uint)truth >= (uint)Classes || (uint)prediction >= (uint)Classes)
            {
                throw new ArgumentException(
                    $"pixel {i} has label {truth} and prediction {prediction}, but classes are 0..{Classes - 1} and {IgnoreLabel} is ignored in "
                        + "labels",
                    nameof(labels));
            }

            _counts[(truth * Classes) + prediction]++;
        }
    }

    private long Column(int prediction)
    {
        long sum = 0;
        for (int t = 0; t < Classes; t++)
        {
            sum += this[t, prediction];
        }

        return sum;
    }

    private double Mean(Func<int, double> score, AbsentClasses absent)
    {
        double sum = 0;
        int present = 0;
        for (int c = 0; c < Classes; c++)
        {
            double value = score(c);
            if (!double.IsNaN(value))
            {
                sum += value;
                present++;
            }
        }

        return present == 0 ? double.NaN : sum / (absent == AbsentClasses.Zero ? Classes : present);
    }
}
