namespace HeteroAKD.Tensors.Tests;

public sealed class NearestNameTests
{
    [Theory]
    [InlineData("relo", "relu")] // one letter
    [InlineData("rleu", "relu")] // neighbours swapped count as one
    [InlineData("conv2", "conv2d")]
    public void Slips_are_found(string name, string candidate) => Assert.Equal(candidate, NearestName.Of(name, ["softmax", candidate]));

    [Fact]
    public void The_nearest_of_several_lengths_wins() =>
        Assert.Equal("encoder.stage", NearestName.Of("encoder.stag", ["encoder", "encoder.st", "encoder.stages.0", "encoder.stage", "encoder.sta"]));

    [Fact]
    public void Names_of_very_different_lengths_are_not_compared() =>
        Assert.Null(NearestName.Of(new string('a', 100_000), [new string('a', 10_000_000)]));
}
