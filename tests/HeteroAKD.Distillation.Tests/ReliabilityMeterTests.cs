namespace HeteroAKD.Distillation.Tests;

public sealed class ReliabilityMeterTests
{
    [Fact]
    public void Perfect_order_and_its_reverse()
    {
        Assert.Equal(1, Meter((0.2, false, true), (0.3, false, false), (0.7, true, false), (0.9, true, true)).Scores().Auc);
        Assert.Equal(0, Meter((0.2, true, true), (0.9, false, true)).Scores().Auc);
        Assert.Equal(0.5, Meter((0.5, true, true), (0.5, false, true), (0.5, false, true)).Scores().Auc);
    }

    /// <summary>By hand: right 0.1, 0.4, 0.8; wrong 0.2, 0.4. Pairs in order: 0.4 > 0.2, 0.8 > 0.2, 0.8 > 0.4, and half of 0.4 = 0.4: 3.5 of 6.</summary>
    [Fact]
    public void Auc_counts_pairs()
    {
        ReliabilityScores scores = Meter((0.1, true, true), (0.4, true, false), (0.8, true, false), (0.2, false, true), (0.4, false, false)).Scores();
        Assert.Equal(3.5 / 6, scores.Auc, 1e-12);
        Assert.Equal(0.38, scores.Mean, 1e-12);
        Assert.Equal(Math.Sqrt(((0.01 + 0.16 + 0.64 + 0.04 + 0.16) / 5) - (0.38 * 0.38)), scores.Deviation, 1e-12);
        Assert.Equal((2, 0.6), (scores.OnlyTeacherRight.Pixels, Math.Round(scores.OnlyTeacherRight.MeanShare, 12)));
        Assert.Equal((1, 1, 1, 5), (scores.BothRight.Pixels, scores.OnlyStudentRight.Pixels, scores.BothWrong.Pixels, scores.Pixels));
    }

    [Fact]
    public void Teacher_that_is_always_right_has_no_curve()
    {
        ReliabilityScores scores = Meter((0.1, true, true)).Scores();
        Assert.True(double.IsNaN(scores.Auc));
        Assert.True(double.IsNaN(scores.BothWrong.MeanShare));
    }

    /// <summary>S at the true class of each labelled pixel, and nothing of ignored ones.</summary>
    [Fact]
    public void Maps_are_read_at_the_true_class()
    {
        using TinyBatch batch = new();
        float[] share = [0.1f, 0.9f, 0.5f, 0.2f, 0.6f, 0.5f]; // two classes of three pixels
        ReliabilityMeter meter = new();
        meter.Add(Tensors.Tensor.From(batch.Device, new Tensors.Shape(1, 2, 1, 3), share), teacher: [1, 0, 0], student: [0, 0, 0], labels: [1, 0, 255]);
        ReliabilityScores scores = meter.Scores();
        Assert.Equal(2, scores.Pixels);
        Assert.Equal(0.2, scores.OnlyTeacherRight.MeanShare, 1e-6);
        Assert.Equal(0.9, scores.BothRight.MeanShare, 1e-6);
    }

    private static ReliabilityMeter Meter(params (double Share, bool TeacherRight, bool StudentRight)[] pixels)
    {
        ReliabilityMeter meter = new();
        foreach ((double share, bool teacherRight, bool studentRight) in pixels)
        {
            meter.Add(share, teacherRight, studentRight);
        }

        return meter;
    }
}
