namespace HeteroAKD.Kernels.Losses;

/// <summary>
/// The specification of <see cref="HeteroAkdLoss{TParts}"/>: the paper's Eq. 5-10 map by map in double, with every map kept, and the chain rule backwards
/// through them. Maps are [N, C, pixels]; z_s and z_t are the projected logits, y the one-hot label. Ignored pixels leave every sum and have gradient 0.
/// </summary>
/// <remarks>
/// <code>
/// Eq. 5   H(z) = max(z, 0) - z·y + log(1 + e^-|z|)    or, with Reliability.SoftmaxCe, -log softmax(z)_label for every class
/// Eq. 6   S    = H_s / (H_t + H_s), ½ where both are 0
/// Eq. 7   Ẑ    = S·z_t + (1 - S)·z_s                      or, without mixing, z_t
/// Eq. 8   ΔH   = max(0, H_s - H(Ẑ))
/// Eq. 9   W    = κ·V,  V = softmax(H_s + ΔH) over the classes of a pixel, or over the valid pixels of an image class by class
///                or, without weighting, 1 / members of that axis;  κ = 1, or members of that axis
/// Eq. 10  L    = Σ_n ω_n Σ_c W·a,  a = -q·log p or q·(log q - log p),  q = softmax(Ẑ/τ), p = softmax(z_s/τ), times τ² if asked
///                or a = q·log(q/p) + (1 - q)·log((1 - q)/(1 - p)),  q = σ(Ẑ/τ), p = σ(z_s/τ)
///                ω_n = weight of the label · valid pixels / Σ weights of their labels: 1 without class weights
/// </code>
/// L is divided by the number of valid pixels of the batch for either axis; with the spatial one W sums to 1 over each image, so L/N is small there.
/// </remarks>
public sealed partial class HeteroAkdReference
{
    private readonly HeteroAkdOptions _options;
    private readonly int _classes;
    private readonly int _pixels;
    private readonly int[] _labels;
    private readonly double[] _student;
    private readonly double[] _teacher;
    private readonly double[] _shares; // V
    private readonly double[] _pixelWeights; // ω

    /// <summary>
    /// Computes everything. Logits [N, C, pixels], labels [N, pixels] with -1 (or any id that is no class) where ignored, class weights [C] or none.
    /// </summary>
    public HeteroAkdReference(
        double[] student, double[] teacher, int[] labels, int classes, int pixels, HeteroAkdOptions options, double[]? classWeights = null)
    {
        _options = options;
        _classes = classes;
        _pixels = pixels;
        _labels = labels;
        _student = student;
        _teacher = teacher;
        ReliabilityStudent = ReliabilityOf(student, out double[] slopeStudent);
        ReliabilityTeacher = ReliabilityOf(teacher, out double[] slopeTeacher);
        double[] both = Map((i, _) => ReliabilityStudent[i] + ReliabilityTeacher[i]);
        Share = Map((i, _) => both[i] > 0 ? ReliabilityStudent[i] / both[i] : 0.5);
        Hybrid = options.Mixing ? Map((i, _) => (Share[i] * teacher[i]) + ((1 - Share[i]) * student[i])) : Map((i, _) => teacher[i]);
        ReliabilityHybrid = ReliabilityOf(Hybrid, out double[] slopeHybrid);
        Discrepancy = Map((i, _) => Math.Max(0, ReliabilityStudent[i] - ReliabilityHybrid[i]));
        double[] exponent = Map((i, _) => ReliabilityStudent[i] + Discrepancy[i]);
        double[] members = SumOverAxis(Map((_, _) => 1));
        _shares = !options.Weighting ? Map((i, _) => 1 / members[i]) : options.Axis == WeightAxis.Class ? Softmax(exponent, 1) : SpatialSoftmax(exponent);
        Weights = Map((i, _) => _shares[i] * (options.WeightScale == WeightScale.Classes ? members[i] : 1));
        _pixelWeights = PixelWeights(classWeights);

        Divergences d = options.Form == DistillationForm.Binary ? BinaryDivergences() : SoftmaxDivergences(options.Form == DistillationForm.Kl);
        double scale = options.ScaleTauSquared ? (double)options.Tau * options.Tau : 1;
        Loss = scale * Sum((i, _) => _pixelWeights[i] * Weights[i] * d.Cost[i]);
        Valid = labels.Count(IsClass);
        Divergence = Sum((i, _) => d.Divergence[i]);
        MeanShare = Sum((i, _) => Share[i]) / classes;
        MeanTeacher = Sum((i, _) => ReliabilityTeacher[i]) / classes;
        MeanStudent = Sum((i, _) => ReliabilityStudent[i]) / classes;

        StudentGradient = new double[student.Length];
        TeacherGradient = new double[teacher.Length];
        SupervisionStudent = Supervise(student, StudentGradient);
        SupervisionTeacher = Supervise(teacher, TeacherGradient);
        double factor = options.Weight * scale / (options.Unit == LossUnit.Element ? classes : 1);
        Each((i, _) => StudentGradient[i] += factor * d.ThroughStudent[i]);
        if (!options.Detach)
        {
            Attach(factor, d, slopeStudent, slopeTeacher, slopeHybrid);
        }
    }

    /// <summary>H of the student's logits.</summary>
    public double[] ReliabilityStudent { get; }

    /// <summary>H of the teacher's logits.</summary>
    public double[] ReliabilityTeacher { get; }

    /// <summary>H of the hybrid logits.</summary>
    public double[] ReliabilityHybrid { get; }

    /// <summary>S.</summary>
    public double[] Share { get; }

    /// <summary>Ẑ.</summary>
    public double[] Hybrid { get; }

    /// <summary>ΔH.</summary>
    public double[] Discrepancy { get; }

    /// <summary>W.</summary>
    public double[] Weights { get; }

    /// <summary>Gradient of λ2·L plus the supervision with respect to the student's logits, not divided by the valid pixels.</summary>
    public double[] StudentGradient { get; }

    /// <summary>As <see cref="StudentGradient"/>, for the teacher's logits.</summary>
    public double[] TeacherGradient { get; }

    /// <summary>Σ L over the pixels.</summary>
    public double Loss { get; }

    /// <summary>Valid pixels.</summary>
    public double Valid { get; }

    /// <summary>Σ of the student's supervision over pixels (and classes, for the binary one).</summary>
    public double SupervisionStudent { get; }

    /// <summary>Σ of the teacher's supervision.</summary>
    public double SupervisionTeacher { get; }

    /// <summary>Σ KL(q ‖ p) over the pixels.</summary>
    public double Divergence { get; }

    /// <summary>Σ over pixels of the mean share.</summary>
    public double MeanShare { get; }

    /// <summary>Σ over pixels of the mean H_t.</summary>
    public double MeanTeacher { get; }

    /// <summary>Σ over pixels of the mean H_s.</summary>
    public double MeanStudent { get; }

    /// <summary>The sums in the order in which <see cref="HeteroAkdLoss{TParts}"/> returns them.</summary>
    public double[] Sums => [Loss, Valid, SupervisionTeacher, SupervisionStudent, Divergence, MeanShare, MeanTeacher, MeanStudent];

    /// <summary>ω at every class of every pixel.</summary>
    private double[] PixelWeights(double[]? classWeights)
    {
        double Of(int i) => classWeights is { Length: > 0 } ? classWeights[_labels[Pixel(i)]] : 1;
        double mean = Sum((i, _) => Of(i)) / Sum((_, _) => 1);
        return Map((i, _) => mean != 0 ? Of(i) / mean : 0);
    }

    private bool IsClass(int label) => label >= 0 && label < _classes;

    /// <summary>H and dH/dz of a map of logits.</summary>
    private double[] ReliabilityOf(double[] logits, out double[] slope)
    {
        bool softmax = _options.Reliability == Reliability.SoftmaxCe;
        double[] logProbability = LogSoftmax(logits, 1);
        slope = Map((i, y) => (softmax ? Math.Exp(logProbability[i]) : 1 / (1 + Math.Exp(-logits[i]))) - y);
        return softmax ? SumOverClasses(Map((i, y) => y > 0 ? -logProbability[i] : 0)) : Map((i, y) => BinaryCrossEntropy(logits[i], y));
    }

    /// <summary>Adds the gradient of the supervision of one projector and returns its sum.</summary>
    private double Supervise(double[] logits, double[] gradient)
    {
        if (_options.Supervision == ProjectorSupervision.None)
        {
            return 0;
        }

        if (_options.Supervision == ProjectorSupervision.Bce)
        {
            Each((i, y) => gradient[i] += _options.SupervisionWeight / (double)_classes * ((1 / (1 + Math.Exp(-logits[i]))) - y));
            return Sum((i, y) => BinaryCrossEntropy(logits[i], y));
        }

        double[] logProbability = LogSoftmax(logits, 1);
        Each((i, y) => gradient[i] += _options.SupervisionWeight * (Math.Exp(logProbability[i]) - y));
        return Sum((i, y) => y > 0 ? -logProbability[i] : 0);
    }

    private static double LogSigmoid(double z) => -BinaryCrossEntropy(z, 1);

    private static double BinaryCrossEntropy(double z, double y)
    {
        double v = y > 0 ? -z : z;
        return Math.Max(v, 0) + MathNet.Numerics.SpecialFunctions.Log1p(Math.Exp(-Math.Abs(z)));
    }

    /// <summary>Where all classes of a pixel share one H, its gradient is the sum over these classes.</summary>
    private double[] PerReliability(double[] gradient) => _options.Reliability == Reliability.SoftmaxCe ? SumOverClasses(gradient) : gradient;

    private double[] Softmax(double[] map, double tau) => Array.ConvertAll(LogSoftmax(map, tau), Math.Exp);

    private double[] LogSoftmax(double[] map, double tau)
    {
        double[] max = new double[_labels.Length];
        Array.Fill(max, double.NegativeInfinity);
        Each((i, _) => max[Pixel(i)] = Math.Max(max[Pixel(i)], map[i] / tau));
        double[] sum = SumOverClasses(Map((i, _) => Math.Exp((map[i] / tau) - max[Pixel(i)])));
        return Map((i, _) => (map[i] / tau) - max[Pixel(i)] - Math.Log(sum[i]));
    }

    private double[] SpatialSoftmax(double[] map)
    {
        double[] max = new double[map.Length / _pixels];
        Array.Fill(max, double.NegativeInfinity);
        Each((i, _) => max[i / _pixels] = Math.Max(max[i / _pixels], map[i]));
        double[] sum = SumOverSpace(Map((i, _) => Math.Exp(map[i] - max[i / _pixels])));
        return Map((i, _) => Math.Exp(map[i] - max[i / _pixels]) / sum[i]);
    }

    /// <summary>The sum over the axis of Eq. 9, at each of its members.</summary>
    private double[] SumOverAxis(double[] map) => _options.Axis == WeightAxis.Class ? SumOverClasses(map) : SumOverSpace(map);

    /// <summary>The sum over the classes of a pixel, at each of them.</summary>
    private double[] SumOverClasses(double[] map)
    {
        double[] sums = new double[_labels.Length];
        Each((i, _) => sums[Pixel(i)] += map[i]);
        return Map((i, _) => sums[Pixel(i)]);
    }

    /// <summary>The sum over the valid pixels of an image, class by class, at each pixel.</summary>
    private double[] SumOverSpace(double[] map)
    {
        double[] sums = new double[map.Length / _pixels];
        Each((i, _) => sums[i / _pixels] += map[i]);
        return Map((i, _) => sums[i / _pixels]);
    }

    private int Pixel(int i) => (i / (_classes * _pixels) * _pixels) + (i % _pixels);

    private double Sum(Func<int, double, double> term)
    {
        double sum = 0;
        Each((i, y) => sum += term(i, y));
        return sum;
    }

    private double[] Map(Func<int, double, double> value)
    {
        double[] map = new double[_student.Length];
        Each((i, y) => map[i] = value(i, y));
        return map;
    }

    /// <summary>Visits (index in a map, y) of every class of every valid pixel.</summary>
    private void Each(Action<int, double> visit)
    {
        for (int i = 0; i < _student.Length; i++)
        {
            int label = _labels[Pixel(i)];
            if (IsClass(label))
            {
                visit(i, i / _pixels % _classes == label ? 1 : 0);
            }
        }
    }
}
