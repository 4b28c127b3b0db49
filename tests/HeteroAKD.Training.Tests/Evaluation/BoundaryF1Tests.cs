using HeteroAKD.Training.Evaluation;

namespace HeteroAKD.Training.Tests.Evaluation;

public sealed class BoundaryF1Tests
{
    private const int Width = 20;
    private const int Height = 10;

    [Fact]
    public void Equal_maps_score_one()
    {
        BoundaryF1 f1 = new(2, 255);
        f1.Add(SplitAt(10), SplitAt(10), Width, Height);
        Assert.Equal((1.0, 1.0, 1.0), (f1.Of(0), f1.Of(1), f1.Mean()));
    }

    [Theory]
    [InlineData(11, 1.0)]  // one pixel off: within the tolerance of 1
    [InlineData(12, 0.0)]  // two off: nothing matches
    public void Boundary_matches_within_the_tolerance_only(int column, double expected)
    {
        BoundaryF1 f1 = new(2, 255, tolerance: 0.001);
        Assert.Equal(1, f1.Radius(Width, Height));
        f1.Add(SplitAt(10), SplitAt(column), Width, Height);
        Assert.Equal(expected, f1.Mean());
    }

    [Fact]
    public void Extra_boundary_costs_precision_and_missing_boundary_recall()
    {
        // Truth: one edge at 10. Prediction: that edge and a stripe of class 1 at columns 3 and 4.
        int[] prediction = SplitAt(10);
        for (int y = 0; y < Height; y++)
        {
            prediction[(y * Width) + 3] = 1;
            prediction[(y * Width) + 4] = 1;
        }

        BoundaryF1 f1 = new(2, 255, tolerance: 0.001);
        f1.Add(SplitAt(10), prediction, Width, Height);

        // Class 1: predicted columns 3, 4, 10 of which one is true; recall 1. Class 0: columns 2, 5, 9.
        Assert.Equal(2 * (1.0 / 3) / (4.0 / 3), f1.Of(1), 12);
        Assert.Equal(f1.Of(1), f1.Of(0), 12);
    }

    [Fact]
    public void Ignored_pixels_are_no_boundary_and_make_none()
    {
        int[] truth = SplitAt(10);
        int[] prediction = SplitAt(5);
        for (int y = 0; y < Height; y++)
        {
            for (int x = 4; x <= 10; x++)
            {
                truth[(y * Width) + x] = 255;  // hides both edges
            }
        }

        BoundaryF1 f1 = new(2, 255);
        f1.Add(truth, prediction, Width, Height);
        Assert.Equal(double.NaN, f1.Mean());
    }

    [Fact]
    public void Tolerance_is_a_fraction_of_the_diagonal()
    {
        BoundaryF1 f1 = new(2, 255);
        Assert.Equal((1, 17), (f1.Radius(128, 96), f1.Radius(2048, 1024)));
    }

    private static int[] SplitAt(int column)
    {
        int[] map = new int[Width * Height];
        for (int i = 0; i < map.Length; i++)
        {
            map[i] = i % Width < column ? 0 : 1;
        }

        return map;
    }
}
