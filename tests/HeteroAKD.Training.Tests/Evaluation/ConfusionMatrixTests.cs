using HeteroAKD.Training.Evaluation;

namespace HeteroAKD.Training.Tests.Evaluation;

public sealed class ConfusionMatrixTests
{
    // truth      0 0 0 1 1 2 | prediction 0 0 1 1 2 2, one ignored pixel, class 3 nowhere
    private static readonly int[] s_labels = [0, 0, 0, 1, 1, 2, 255];
    private static readonly int[] s_predictions = [0, 0, 1, 1, 2, 2, 1];

    [Fact]
    public void Scores_follow_the_definitions()
    {
        ConfusionMatrix matrix = Filled();
        Assert.Equal(6, matrix.Total);
        Assert.Equal([2.0 / 3, 1.0 / 3, 0.5, double.NaN], Enumerable.Range(0, 4).Select(matrix.IoU));
        Assert.Equal(0.5, matrix.MeanIoU(), 12);
        Assert.Equal(0.375, matrix.MeanIoU(AbsentClasses.Zero), 12);
        Assert.Equal(4.0 / 6, matrix.PixelAccuracy(), 12);
        Assert.Equal(((2.0 / 3) + 0.5 + 1) / 3, matrix.MeanAccuracy(), 12);
    }

    [Fact]
    public void Class_that_is_only_predicted_counts_with_zero()
    {
        ConfusionMatrix matrix = new(2, 255);
        matrix.Add([0, 0], [0, 1]);
        Assert.Equal((0.5, 0.0, 0.25), (matrix.IoU(0), matrix.IoU(1), matrix.MeanIoU()));
        Assert.Equal(double.NaN, matrix.Accuracy(1));
        Assert.Equal(0.5, matrix.MeanAccuracy());
    }

    [Fact]
    public void Parts_merge_to_the_whole_and_bytes_count_like_integers()
    {
        ConfusionMatrix first = new(4, 255);
        ConfusionMatrix second = new(4, 255);
        first.Add([0, 0, 0], [0, 0, 1]);
        second.Add(new byte[] { 1, 1, 2, 255 }, new byte[] { 1, 2, 2, 1 });
        first.Merge(second);
        ConfusionMatrix whole = Filled();
        for (int t = 0; t < 4; t++)
        {
            for (int p = 0; p < 4; p++)
            {
                Assert.Equal(whole[t, p], first[t, p]);
            }
        }
    }

    [Fact]
    public void Empty_matrix_has_no_scores()
    {
        ConfusionMatrix matrix = new(3, 255);
        Assert.Equal([double.NaN, double.NaN, double.NaN], [matrix.MeanIoU(), matrix.PixelAccuracy(), matrix.MeanAccuracy()]);
    }

    [Theory]
    [InlineData(4, 0)]
    [InlineData(-1, 0)]
    [InlineData(0, 4)]
    [InlineData(0, 255)]
    public void Ids_outside_the_classes_are_errors(int label, int prediction)
    {
        string message = Assert.Throws<ArgumentException>(() => new ConfusionMatrix(4, 255).Add([label], [prediction])).Message;
        Assert.Contains($"pixel 0 has label {label} and prediction {prediction}, but classes are 0..3", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Mismatched_inputs_are_errors()
    {
        Assert.Throws<ArgumentException>(() => new ConfusionMatrix(4, 255).Add([0, 1], [0]));
        Assert.Throws<ArgumentException>(() => new ConfusionMatrix(4, 255).Merge(new ConfusionMatrix(4, 11)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ConfusionMatrix(4, 3));
    }

    private static ConfusionMatrix Filled()
    {
        ConfusionMatrix matrix = new(4, 255);
        matrix.Add(s_labels, s_predictions);
        return matrix;
    }
}
