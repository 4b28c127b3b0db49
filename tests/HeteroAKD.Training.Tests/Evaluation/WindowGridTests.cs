using HeteroAKD.Training.Evaluation;

namespace HeteroAKD.Training.Tests.Evaluation;

public sealed class WindowGridTests
{
    /// <summary>By hand: on the grid while the window fits, the last one moved back.</summary>
    [Theory]
    [InlineData(64, 64, 48, new[] { 0 })]
    [InlineData(128, 64, 64, new[] { 0, 64 })]
    [InlineData(100, 64, 48, new[] { 0, 36 })]
    [InlineData(160, 64, 48, new[] { 0, 48, 96 })]
    [InlineData(161, 64, 48, new[] { 0, 48, 96, 97 })]
    [InlineData(30, 64, 48, new[] { 0 })]
    public void Windows_stand_where_mmsegmentation_puts_them(int side, int crop, int stride, int[] expected)
    {
        EvaluationOptions config = Slide(crop, stride);
        Assert.Equal(expected, WindowGrid.Of(side, crop, config).Places.Select(p => p.Top));
        Assert.Equal(expected, WindowGrid.Of(crop, side, config).Places.Select(p => p.Left));
    }

    [Theory]
    [InlineData(64, 64)]
    [InlineData(100, 161)]
    [InlineData(30, 70)]
    public void Counts_are_those_of_the_windows(int height, int width)
    {
        WindowGrid grid = WindowGrid.Of(height, width, Slide(64, 48));
        float[] counts = new float[height * width];
        foreach ((int top, int left) in grid.Places)
        {
            for (int i = 0; i < counts.Length; i++)
            {
                (int y, int x) = (i / width, i % width);
                counts[i] += y >= top && y < top + 64 && x >= left && x < left + 64 ? 1 : 0;
            }
        }

        Assert.Equal(counts, grid.Counts());
        Assert.Equal(counts.All(c => c == 1), grid.IsDisjoint);
        Assert.DoesNotContain(0f, counts);
    }

    [Fact]
    public void A_whole_image_is_one_window_of_at_least_32_pixels()
    {
        WindowGrid grid = WindowGrid.Of(45, 20, new EvaluationOptions());
        Assert.Equal([(0, 0)], grid.Places);
        Assert.Equal((45, 32, false), (grid.WindowHeight, grid.WindowWidth, grid.IsImage));
        Assert.True(WindowGrid.Of(45, 33, new EvaluationOptions()).IsImage);
    }

    private static EvaluationOptions Slide(int crop, int stride) => new()
    {
        Mode = EvaluationMode.Slide,
        Crop = new PixelSize { Width = crop, Height = crop },
        Stride = new PixelSize { Width = stride, Height = stride },
    };
}
