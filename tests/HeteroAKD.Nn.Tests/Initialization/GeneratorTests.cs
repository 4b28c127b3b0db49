using HeteroAKD.Nn.Initialization;

namespace HeteroAKD.Nn.Tests.Initialization;

public sealed class GeneratorTests
{
    private const int Draws = 200_000;

    [Fact]
    public void The_counter_is_the_whole_state()
    {
        Generator first = new(3);
        for (int i = 0; i < 1000; i++)
        {
            first.NextNormal();
        }

        Generator second = new(3) { Counter = first.Counter };
        Assert.Equal(first.NextBits(), second.NextBits());
        Assert.Equal(first.NextNormal(), second.NextNormal());
    }

    [Fact]
    public void Uniform_numbers_have_the_moments_of_the_unit_interval()
    {
        Generator generator = new(1);
        double[] values = [.. Enumerable.Range(0, Draws).Select(_ => generator.NextUniform())];
        Assert.All(values, v => Assert.InRange(v, 0, 1 - 1e-12));

        // Four standard errors: deviation of the mean 1/√(12n), of the variance 1/√(180n).
        Assert.InRange(values.Average() - 0.5, -4 / Math.Sqrt(12.0 * Draws), 4 / Math.Sqrt(12.0 * Draws));
        Assert.InRange(values.Average(v => (v - 0.5) * (v - 0.5)) - (1 / 12.0), -4 / Math.Sqrt(180.0 * Draws), 4 / Math.Sqrt(180.0 * Draws));
    }

    [Fact]
    public void Normal_numbers_have_the_moments_and_tails_of_the_normal_distribution()
    {
        Generator generator = new(2);
        double[] values = [.. Enumerable.Range(0, Draws).Select(_ => generator.NextNormal())];
        Assert.InRange(values.Average(), -4 / Math.Sqrt(Draws), 4 / Math.Sqrt(Draws));
        Assert.InRange(values.Average(v => v * v) - 1, -4 * Math.Sqrt(2.0 / Draws), 4 * Math.Sqrt(2.0 / Draws));
        Assert.InRange(values.Average(v => v * v * v * v) - 3, -4 * Math.Sqrt(96.0 / Draws), 4 * Math.Sqrt(96.0 / Draws));
        double beyondTwo = values.Count(v => Math.Abs(v) > 2) / (double)Draws; // 0.0455
        Assert.InRange(beyondTwo - 0.045500, -4 * Math.Sqrt(0.0455 / Draws), 4 * Math.Sqrt(0.0455 / Draws));
    }

    [Fact]
    public void Neighbouring_seeds_and_neighbouring_draws_are_uncorrelated()
    {
        Generator first = new(1);
        Generator second = new(2);
        double across = 0;
        double along = 0;
        double last = 0;
        for (int i = 0; i < Draws; i++)
        {
            double x = first.NextUniform() - 0.5;
            across += 12 * x * (second.NextUniform() - 0.5) / Draws;
            along += 12 * x * last / Draws;
            last = x;
        }

        Assert.InRange(across, -4 / Math.Sqrt(Draws), 4 / Math.Sqrt(Draws));
        Assert.InRange(along, -4 / Math.Sqrt(Draws), 4 / Math.Sqrt(Draws));
    }
}
