using HeteroAKD.Training.Evaluation;

namespace HeteroAKD.Training.Tests.Evaluation;

public sealed class PairedComparisonTests
{
    [Fact]
    public void Statistics_are_those_of_the_differences()
    {
        // Differences 1, 2, 3: mean 2, sample deviation 1, standard error 1/sqrt 3, t = 3.4641 with 2 degrees of freedom.
        PairedComparison comparison = new([11, 22, 33], [10, 20, 30]);
        Assert.Equal([1.0, 2.0, 3.0], comparison.Differences);
        Assert.Equal(2, comparison.Mean, 12);
        Assert.Equal(1, comparison.StandardDeviation, 12);
        Assert.Equal(1 / Math.Sqrt(3), comparison.StandardError, 12);
        Assert.Equal(3, comparison.Wins);
        Assert.Equal(0.0741799, comparison.PValue, 6);
    }

    [Fact]
    public void One_seed_has_no_deviation()
    {
        PairedComparison comparison = new([2], [3]);
        Assert.Equal((-1.0, double.NaN, double.NaN, double.NaN, 0),
            (comparison.Mean, comparison.StandardDeviation, comparison.StandardError, comparison.PValue, comparison.Wins));
    }

    [Fact]
    public void Every_seed_needs_both_scores() => Assert.Throws<ArgumentException>(() => new PairedComparison([1, 2], [1]));
}
