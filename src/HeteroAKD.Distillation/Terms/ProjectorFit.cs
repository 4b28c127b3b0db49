using HeteroAKD.Tensors;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Double;

namespace HeteroAKD.Distillation.Terms;

/// <summary>
/// Gives a teacher's projector its first values in closed form: linear discriminant analysis of each class against all others, which are the logits that the
/// supervision asks for where features of a class scatter normally. A cell of the map counts as often as it has labelled pixels, and belongs to a class as far
/// as its pixels do.
/// </summary>
/// <remarks>
/// With x [d] the features of a cell, y [C] the shares of the classes in it and means over all labelled pixels: w = (Cov(x) + ridge · I)⁻¹ Cov(x, y) are the
/// directions. Along one of them a class of share p lies a = w·Cov(x, y) / (p (1 − p)) above the others; with the scatter v = Var(w·x) − p (1 − p) a² within
/// both, its logit is (w·x − mean) a / v + log(p / (1 − p)) − (1 − 2p) a² / 2v. The projector's batch norm divides by the scatter of w·x, so its weight is a/v
/// times that.
/// </remarks>
internal sealed class ProjectorFit(Projector projector, int classes)
{
    // Of the mean variance of a feature: enough for features that are always 0, too little to bend the others.
    private const double Ridge = 1e-3;

    // A class that no pixel of the batches has, and one that the features tell exactly, have finite logits all the same.
    private const double LeastShare = 1e-4;
    private const double LeastScatter = 1e-3;

    private Matrix<double>? _moments; // [d + C + 1, d + C + 1], sums over cells of (x, y, 1)ᵀ (x, y, 1)

    /// <summary>Counts a batch in.</summary>
    /// <param name="map">[N, d, h, w], the teacher's features.</param>
    /// <param name="labels">[N · H · W] labels on the host; one outside the classes is no label.</param>
    /// <param name="height">H.</param>
    /// <param name="width">W.</param>
    public void Add(Tensor map, ReadOnlySpan<int> labels, int height, int width)
    {
        (int count, int channels, int h, int w) = (map.Shape[0], map.Shape[1], map.Shape[2], map.Shape[3]);
        (float[] roots, float[] shares) = Cells(labels, (count, h, w), height, width);
        Tensor weights = Tensor.From(map.Device, new Shape(count, 1, h, w), roots);
        Tensor columns = Functional.Cat(
            Functional.Mul(Functional.To(map, DType.Float32), weights), Functional.Mul(
                Tensor.From(map.Device, new Shape(count, classes, h, w), shares), weights), weights);
        int size = channels + classes + 1;
        _moments ??= new DenseMatrix(size, size);
        for (int n = 0; n < count; n++)
        {
            Tensor image = columns.View(new Shape(size, h * w), n * size * h * w);
            _moments += new DenseMatrix(size, size, Functional.Linear(image, image).ToDoubles());
        }
    }

    /// <summary>Sets the projector's parameters and statistics.</summary>
    public void Finish()
    {
        Matrix<double> moments = _moments ?? throw new InvalidOperationException("no batch was added");
        int channels = moments.RowCount - classes - 1;
        double total = moments[moments.RowCount - 1, moments.RowCount - 1];
        if (total == 0)
        {
            return; // nothing is labelled
        }

        Vector<double> means = moments.Column(moments.RowCount - 1, 0, channels + classes) / total;
        Matrix<double> covariance = moments.SubMatrix(0, channels + classes, 0, channels + classes) / total - means.OuterProduct(means);
        Matrix<double> ofFeatures = covariance.SubMatrix(0, channels, 0, channels);
        Matrix<double> withClasses = covariance.SubMatrix(0, channels, channels, classes);
        Matrix<double> regular = ofFeatures + DenseMatrix.CreateDiagonal(channels, channels, Math.Max(Ridge * ofFeatures.Trace() / channels, double.Epsilon));
        Matrix<double> directions = regular.Cholesky().Solve(withClasses);
        Projection values = projector.Values();
        for (int c = 0; c < classes; c++)
        {
            double share = Math.Clamp(means[channels + c], LeastShare, 1 - LeastShare);
            double prior = Math.Log(share / (1 - share));
            if (means[channels + c] == 0)
            {
                values.Bias[c] = (float)prior; // no pixel shows the class, so its direction is unknown: the projector keeps its initial one
                continue;
            }

            Vector<double> direction = directions.Column(c);
            double variance = Math.Max(direction * ofFeatures * direction, double.Epsilon);
            double apart = direction * withClasses.Column(c) / (share * (1 - share));
            double scatter = Math.Max(variance - (share * (1 - share) * apart * apart), LeastScatter * variance);
            double slope = apart / scatter;
            values.Mean[c] = (float)(direction * means.SubVector(0, channels));
            values.Variance[c] = (float)variance;
            values.Weight[c] = (float)(slope * Math.Sqrt(variance));
            values.Bias[c] = (float)(prior - (slope * apart * (1 - (2 * share)) / 2));
            for (int k = 0; k < channels; k++)
            {
                values.Directions[(c * channels) + k] = (float)direction[k];
            }
        }

        projector.Set(values);
    }

    // Square roots of the labelled pixels of each cell [N, 1, h, w], and the shares of the classes in it [N, C, h, w].
    private (float[] Roots, float[] Shares) Cells(ReadOnlySpan<int> labels, (int Count, int H, int W) map, int height, int width)
    {
        float[] pixels = new float[map.Count * map.H * map.W];
        float[] shares = new float[classes * pixels.Length];
        for (int i = 0; i < labels.Length; i++)
        {
            (int n, int y, int x) = (i / (height * width), i / width % height * map.H / height, i % width * map.W / width);
            if ((uint)labels[i] < (uint)classes)
            {
                pixels[(((n * map.H) + y) * map.W) + x]++;
                shares[(((((n * classes) + labels[i]) * map.H) + y) * map.W) + x]++;
            }
        }

        int cells = map.H * map.W;
        for (int i = 0; i < shares.Length; i++)
        {
            shares[i] /= Math.Max(1, pixels[(i / (cells * classes) * cells) + (i % cells)]);
        }

        return ([.. pixels.Select(MathF.Sqrt)], shares);
    }
}
