namespace HeteroAKD.Training.Evaluation;

/// <summary>
/// Boundary F1 (Csurka et al., BMVC 2013), with the matches counted over the whole data set and then averaged over classes.
/// A boundary pixel of class c is a pixel of c beside a pixel of another class; it is matched where the other map
/// has a boundary pixel of c within the tolerance. Ignored pixels are no boundary and make none; neither does the image border.
/// </summary>
public sealed class BoundaryF1
{
    private const int NoBoundary = -1;

    private readonly int _ignoreLabel;
    private readonly double _tolerance;
    private readonly long[] _predicted;         // [C] boundary pixels of the prediction
    private readonly long[] _predictedMatched;  // [C] ... near a true one
    private readonly long[] _actual;            // [C] boundary pixels of the truth
    private readonly long[] _actualMatched;     // [C] ... near a predicted one
    private int[] _truthBoundary = [];          // [H*W] class of a boundary pixel, or NoBoundary
    private int[] _predictionBoundary = [];     // [H*W]

    /// <summary>An empty count.</summary>
    /// <param name="classes">Number of classes.</param>
    /// <param name="ignoreLabel">Truth id that counts nowhere.</param>
    /// <param name="tolerance">Largest distance as a fraction of the image diagonal; rounded to whole pixels, at least 1.</param>
    public BoundaryF1(int classes, int ignoreLabel, double tolerance = 0.0075)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classes, 1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tolerance);
        _ignoreLabel = ignoreLabel;
        _tolerance = tolerance;
        _predicted = new long[classes];
        _predictedMatched = new long[classes];
        _actual = new long[classes];
        _actualMatched = new long[classes];
    }

    /// <summary>The tolerance in pixels for an image of this size.</summary>
    public int Radius(int width, int height) => Math.Max(1, (int)Math.Round(_tolerance * Math.Sqrt(((double)width * width) + ((double)height * height))));

    /// <summary>Counts one image.</summary>
    /// <param name="labels">[H*W] truth.</param>
    /// <param name="predictions">[H*W] predicted classes.</param>
    /// <param name="width">W.</param>
    /// <param name="height">H.</param>
    public void Add(ReadOnlySpan<int> labels, ReadOnlySpan<int> predictions, int width, int height)
    {
        if (labels.Length != width * height || predictions.Length != labels.Length)
        {
            throw new ArgumentException($"{labels.Length} labels and {predictions.Length} predictions for an image of {width}x{height} pixels", nameof(labels));
        }

        if (_truthBoundary.Length != labels.Length)
        {
            _truthBoundary = new int[labels.Length];
            _predictionBoundary = new int[labels.Length];
        }

        Trace(labels, labels, _truthBoundary, width, height);
        Trace(predictions, labels, _predictionBoundary, width, height);
        int radius = Radius(width, height);
        Match(_predictionBoundary, _truthBoundary, _predicted, _predictedMatched, width, height, radius);
        Match(_truthBoundary, _predictionBoundary, _actual, _actualMatched, width, height, radius);
    }

    /// <summary>F1 of one class: harmonic mean of precision and recall; NaN where neither map has a boundary of it.</summary>
    public double Of(int label)
    {
        if (_predicted[label] + _actual[label] == 0)
        {
            return double.NaN;
        }

        double precision = _predicted[label] == 0 ? 0 : (double)_predictedMatched[label] / _predicted[label];
        double recall = _actual[label] == 0 ? 0 : (double)_actualMatched[label] / _actual[label];
        return precision + recall == 0 ? 0 : 2 * precision * recall / (precision + recall);
    }

    /// <summary>Mean over the classes that have a boundary in truth or prediction; NaN where none has.</summary>
    public double Mean()
    {
        double sum = 0;
        int present = 0;
        for (int c = 0; c < _predicted.Length; c++)
        {
            double f1 = Of(c);
            if (!double.IsNaN(f1))
            {
                sum += f1;
                present++;
            }
        }

        return present == 0 ? double.NaN : sum / present;
    }

    private void Trace(ReadOnlySpan<int> map, ReadOnlySpan<int> labels, int[] boundary, int width, int height)
    {
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                int i = (y * width) + x;
                bool edge = labels[i] != _ignoreLabel
                    && ((x > 0 && Differs(map, labels, i, i - 1)) || (x < width - 1 && Differs(map, labels, i, i + 1))
                        || (y > 0 && Differs(map, labels, i, i - width)) || (y < height - 1 && Differs(map, labels, i, i + width)));
                boundary[i] = edge ? map[i] : NoBoundary;
            }
        }
    }

    private bool Differs(ReadOnlySpan<int> map, ReadOnlySpan<int> labels, int i, int neighbour) =>
        labels[neighbour] != _ignoreLabel && map[neighbour] != map[i];

    private static void Match(int[] from, int[] to, long[] counted, long[] matched, int width, int height, int radius)
    {
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                int label = from[(y * width) + x];
                if (label == NoBoundary)
                {
                    continue;
                }

                counted[label]++;
                if (IsNear(to, label, x, y, width, height, radius))
                {
                    matched[label]++;
                }
            }
        }
    }

    private static bool IsNear(int[] boundary, int label, int x, int y, int width, int height, int radius)
    {
        for (int v = Math.Max(0, y - radius); v <= Math.Min(height - 1, y + radius); v++)
        {
            for (int u = Math.Max(0, x - radius); u <= Math.Min(width - 1, x + radius); u++)
            {
                bool inDisc = ((u - x) * (u - x)) + ((v - y) * (v - y)) <= radius * radius;
                if (inDisc && boundary[(v * width) + u] == label)
                {
                    return true;
                }
            }
        }

        return false;
    }
}
