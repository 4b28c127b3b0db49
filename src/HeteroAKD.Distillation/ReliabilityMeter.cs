using HeteroAKD.Tensors;

namespace HeteroAKD.Distillation;

/// <summary>Pixels of one case of <see cref="ReliabilityScores"/>.</summary>
/// <param name="Pixels">How many.</param>
/// <param name="MeanShare">Mean of the teacher's share S at the true class; NaN without a pixel.</param>
public readonly record struct ReliabilityCase(long Pixels, double MeanShare);

/// <summary>How well the teacher's share S (Eq. 6, at the true class) tells pixels where the teacher is right from those where it is wrong.</summary>
/// <param name="Mean">Mean of S over the labelled pixels.</param>
/// <param name="Deviation">Its standard deviation: near 0 where KMM mixes every pixel alike.</param>
/// <param name="Auc">Area under the ROC curve: 1 where S is larger at every pixel at which the teacher is right, ½ for chance; NaN where the teacher is always
/// right or always wrong.</param>
/// <param name="BothRight">Teacher and student right.</param>
/// <param name="OnlyTeacherRight">The teacher right, the student wrong: where there is something to learn.</param>
/// <param name="OnlyStudentRight">The student right, the teacher wrong: where the teacher misleads.</param>
/// <param name="BothWrong">Both wrong.</param>
public sealed record ReliabilityScores(
    double Mean, double Deviation, double Auc, ReliabilityCase BothRight, ReliabilityCase OnlyTeacherRight, ReliabilityCase OnlyStudentRight,
    ReliabilityCase BothWrong)
{
    /// <summary>All labelled pixels.</summary>
    public long Pixels => BothRight.Pixels + OnlyTeacherRight.Pixels + OnlyStudentRight.Pixels + BothWrong.Pixels;
}

/// <summary>Collects S over images. Memory does not grow with them: S is counted in bins of 1/4096.</summary>
public sealed class ReliabilityMeter
{
    private const int Bins = 4096;

    private readonly long[,] _bins = new long[2, Bins]; // [teacher right, bin of S]
    private readonly long[,] _pixels = new long[2, 2]; // [teacher right, student right]
    private readonly double[,] _sums = new double[2, 2];
    private double _squares;

    /// <summary>Adds images.</summary>
    /// <param name="share">[N, C, H, W] S.</param>
    /// <param name="teacher">[N, H, W] the teacher's classes.</param>
    /// <param name="student">[N, H, W] the student's classes.</param>
    /// <param name="labels">[N, H, W] true classes; an id outside the classes is no label.</param>
    public void Add(Tensor share, ReadOnlySpan<int> teacher, ReadOnlySpan<int> student, ReadOnlySpan<int> labels)
    {
        (int images, int classes, int pixels) = (share.Shape[0], share.Shape[1], share.Shape[2] * share.Shape[3]);
        float[] values = share.ToFloats();
        for (int n = 0; n < images; n++)
        {
            for (int p = 0; p < pixels; p++)
            {
                int at = (n * pixels) + p;
                int label = labels[at];
                if (label >= 0 && label < classes)
                {
                    Add(values[(((n * classes) + label) * pixels) + p], teacher[at] == label, student[at] == label);
                }
            }
        }
    }

    /// <summary>Adds one pixel.</summary>
    public void Add(double share, bool teacherRight, bool studentRight)
    {
        (int t, int s) = (teacherRight ? 1 : 0, studentRight ? 1 : 0);
        _bins[t, Math.Clamp((int)(share * Bins), 0, Bins - 1)]++;
        _pixels[t, s]++;
        _sums[t, s] += share;
        _squares += share * share;
    }

    /// <summary>The scores of all that was added.</summary>
    public ReliabilityScores Scores()
    {
        long count = _pixels[0, 0] + _pixels[0, 1] + _pixels[1, 0] + _pixels[1, 1];
        double mean = (_sums[0, 0] + _sums[0, 1] + _sums[1, 0] + _sums[1, 1]) / count;
        ReliabilityCase Case(int t, int s) => new(_pixels[t, s], _sums[t, s] / _pixels[t, s]);
        return new ReliabilityScores(mean, Math.Sqrt(Math.Max(0, (_squares / count) - (mean * mean))), Auc(), Case(1, 1), Case(1, 0), Case(0, 1), Case(0, 0));
    }

    // Mann-Whitney: the share of pairs (teacher right, teacher wrong) that S orders rightly; a tie within a bin counts half.
    private double Auc()
    {
        double wrongBelow = 0;
        double ordered = 0;
        double right = _pixels[1, 0] + _pixels[1, 1];
        double wrong = _pixels[0, 0] + _pixels[0, 1];
        for (int bin = 0; bin < Bins; bin++)
        {
            ordered += _bins[1, bin] * (wrongBelow + (_bins[0, bin] / 2.0));
            wrongBelow += _bins[0, bin];
        }

        return right == 0 || wrong == 0 ? double.NaN : ordered / (right * wrong);
    }
}
