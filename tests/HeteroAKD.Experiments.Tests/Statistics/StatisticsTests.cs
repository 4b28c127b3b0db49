using HeteroAKD.Experiments.Statistics;

namespace HeteroAKD.Experiments.Tests.Statistics;

/// <summary>Every figure of a report against a value that others published.</summary>
public sealed class StatisticsTests
{
    // R's data set 'sleep' (Cushny and Peebles 1905, Student 1908): hours gained by two drugs on ten patients.
    private static readonly double[] s_firstDrug = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
    private static readonly double[] s_secondDrug = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];

    [Fact]
    public void Paired_test_of_students_sleep_data_is_rs()
    {
        PairedTest test = new(s_firstDrug, s_secondDrug);

        // R: t.test(extra ~ group, sleep, paired = TRUE): t = -4.0621, df = 9, p-value = 0.002833, interval -2.4598858 -0.7001142, mean -1.58.
        Assert.Equal(10, test.Count);
        Assert.Equal(-1.58, test.Mean, 1e-12);
        Assert.Equal(0.002833, test.TP, 5e-7);
        Assert.Equal(-2.4598858, test.Interval.Low, 5e-8);
        Assert.Equal(-0.7001142, test.Interval.High, 5e-8);
        Assert.Equal(4.0621, -test.Mean / (test.StandardDeviation / Math.Sqrt(10)), 5e-5);

        // One tie; nine of nine behind: 2 · 2^-9.
        Assert.Equal(0, test.Wins);
        Assert.Equal(Math.Pow(2, -8), test.SignP, 1e-12);
    }

    [Fact]
    public void One_pair_has_a_mean_and_no_uncertainty()
    {
        PairedTest test = new([3.0], [1.0]);
        Assert.Equal(2, test.Mean);
        Assert.True(double.IsNaN(test.StandardDeviation) && double.IsNaN(test.Interval.Low) && double.IsNaN(test.TP));
    }

    [Theory]
    [InlineData(8, 2, 0.109375)]  // R: binom.test(8, 10)$p.value; (1 + 10 + 45) · 2 / 1024
    [InlineData(2, 8, 0.109375)]
    [InlineData(10, 0, 0.001953125)]  // 2 / 1024
    [InlineData(5, 5, 1)]
    public void Sign_test_is_the_exact_binomial(int wins, int losses, double p) => Assert.Equal(p, SignTest.PValue(wins, losses), 1e-12);

    [Fact]
    public void Sign_test_of_nothing_is_no_number() => Assert.True(double.IsNaN(SignTest.PValue(0, 0)));

    [Fact]
    public void Holm_is_rs()
    {
        // R: p.adjust(c(0.01, 0.02, 0.03, 0.04), "holm") = 0.04 0.06 0.06 0.06; the order of the input is kept, and 1 is the largest.
        Assert.Equal([0.06, 0.04, 0.06, 0.06], Holm.Adjust([0.03, 0.01, 0.04, 0.02]), (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Equal([1.0, 1.0], Holm.Adjust([0.7, 0.9]));
    }

    [Fact]
    public void Holm_does_not_count_what_is_no_comparison()
    {
        double[] adjusted = Holm.Adjust([double.NaN, 0.01, 0.04]);
        Assert.True(double.IsNaN(adjusted[0]));
        Assert.Equal(0.02, adjusted[1], 1e-12);
        Assert.Equal(0.04, adjusted[2], 1e-12);
    }

    [Fact]
    public void Power_is_that_of_the_noncentral_t()
    {
        // R, ?power.t.test: power.t.test(n = 20, delta = 1, sd = 1) has power 0.8689528 (two samples: df 38, noncentrality √10),
        // without the other tail (strict = FALSE), which is 2e-7 here.
        Assert.Equal(0.8689528, TestPower.OfTwoSidedT(38, Math.Sqrt(10)), 5e-7);

        // G*Power, matched pairs, dz = 0.5, 34 pairs: noncentrality 2.9154759, actual power 0.8077775.
        Assert.Equal(0.8077775, TestPower.OfTwoSidedT(33, 2.9154759), 5e-7);

        // Without a difference the test is wrong as often as its level says.
        Assert.Equal(0.05, TestPower.OfTwoSidedT(9, 0), 1e-9);
    }

    [Fact]
    public void Smallest_difference_has_the_wanted_power_and_grows_with_the_deviation()
    {
        foreach (int seeds in (int[])[2, 3, 5, 10, 40])
        {
            double smallest = TestPower.SmallestDifference(seeds, 1.3);
            Assert.Equal(0.8, TestPower.OfTwoSidedT(seeds - 1, smallest / 1.3 * Math.Sqrt(seeds)), 1e-8);
        }

        Assert.True(TestPower.SmallestDifference(5, 1) > TestPower.SmallestDifference(10, 1));
        Assert.True(double.IsNaN(TestPower.SmallestDifference(1, 1)));
        Assert.Equal(0, TestPower.SmallestDifference(10, 0));

        // The normal approximation, (1.960 + 0.842) / √n, is reached from above.
        Assert.InRange(TestPower.SmallestDifference(1000, 1), 2.8016 / Math.Sqrt(1000), 1.002 * 2.8016 / Math.Sqrt(1000));
    }
}
