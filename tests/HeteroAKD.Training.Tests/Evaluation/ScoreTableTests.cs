using HeteroAKD.Training.Evaluation;

namespace HeteroAKD.Training.Tests.Evaluation;

public sealed class ScoreTableTests
{
    [Fact]
    public void Networks_stand_side_by_side()
    {
        SegmentationScores teacher = new(0.5, 0.9, 0.6, 0.4, [0.75, 0.25]);
        SegmentationScores alone = new(0.3, 0.8, 0.4, 0.2, [0.6, double.NaN]);
        SegmentationScores distilled = new(0.325, 0.8, 0.39, 0.2, [0.65, 0]);
        string table = ScoreTable.Render(["Sky", "Pedestrian"], [("teacher", teacher), ("alone", alone), ("distilled", distilled)], ("gain", 2, 1));
        const string Expected =
            "IoU %                 teacher   alone  distilled   gain\n" +
            "-------------------------------------------------------\n" +
            "Sky                     75.00   60.00      65.00  +5.00\n" +
            "Pedestrian              25.00       -       0.00      -\n" +
            "-------------------------------------------------------\n" +
            "mean IoU                50.00   30.00      32.50  +2.50\n" +
            "classes with a score   2 of 2  1 of 2     2 of 2\n" +
            "pixel accuracy          90.00   80.00      80.00   0.00\n" +
            "mean accuracy           60.00   40.00      39.00  -1.00\n" +
            "boundary F1             40.00   20.00      20.00   0.00\n";
        Assert.Equal(Expected, table);
    }

    [Fact]
    public void Scores_of_every_class_need_no_count()
    {
        string table = ScoreTable.Render(["Sky", "Tree"], [("student", new SegmentationScores(0.5, 0.9, 0.6, double.NaN, [0.75, 0.25]))]);
        Assert.DoesNotContain("classes with a score", table, StringComparison.Ordinal);
        Assert.EndsWith("boundary F1           -\n", table, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.5, new[] { 0.75, 0.25 }, "50.00 %")]
    [InlineData(1, new[] { 1, double.NaN }, "100.00 % (1 of 2 classes have a score)")]
    [InlineData(double.NaN, new[] { double.NaN, double.NaN }, "- (0 of 2 classes have a score)")]
    public void Mean_says_how_many_classes_it_is_over(double mean, double[] classes, string text) =>
        Assert.Equal(text, ScoreText.MeanIoU(new SegmentationScores(mean, mean, mean, mean, classes)));

    [Fact]
    public void Row_of_another_width_is_an_error() => Assert.Throws<ArgumentException>(() => new TextTable("a", "b").Row("1"));
}
