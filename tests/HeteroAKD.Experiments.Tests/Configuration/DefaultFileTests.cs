using HeteroAKD.Experiments.Configuration;

namespace HeteroAKD.Experiments.Tests.Configuration;

/// <summary>configs/default.yaml is the reference a user reads: it must be the program's own defaults, whole and explained.</summary>
public sealed class DefaultFileTests
{
    private static readonly string s_defaultFile = RepositoryRoot.File("configs", "default.yaml");

    [Fact]
    public void Default_file_reads_to_the_defaults_of_the_program()
    {
        string fromFile = ConfigurationWriter.Write(ConfigurationReader.ReadFile(s_defaultFile));
        Assert.Equal(ConfigurationWriter.Write(new ExperimentConfig()), fromFile);
    }

    [Fact]
    public void Default_file_names_every_option_with_a_comment()
    {
        HashSet<string> explained = [];
        List<string> path = [];
        foreach (string line in File.ReadLines(s_defaultFile).Where(l => l.Contains(':', StringComparison.Ordinal) && !l.StartsWith('#')))
        {
            int depth = (line.Length - line.TrimStart().Length) / 2;
            path = [.. path.Take(depth), line.Trim()[..line.Trim().IndexOf(':', StringComparison.Ordinal)]];
            string full = string.Join('.', path);
            if (line.Contains(" # ", StringComparison.Ordinal))
            {
                explained.Add(full);
            }
        }

        Assert.Empty(ConfigurationKeys.All.Except(explained));
    }

    [Theory]
    [InlineData("scenes.yaml")]
    [InlineData("scenes-practical.yaml")]
    [InlineData("camvid-128x96.yaml")]
    public void Shipped_experiments_are_valid(string name) =>
        Assert.NotNull(ConfigurationReader.ReadFile(RepositoryRoot.File("configs", name)));

    [Fact]
    public void Camvid_file_is_recipe_two_of_the_reference_runs()
    {
        ExperimentConfig config = ConfigurationReader.ReadFile(RepositoryRoot.File("configs", "camvid-128x96.yaml"));
        Assert.Equal(ClassWeighting.Enet, config.Loss.ClassWeights);
        Assert.Equal((0.4, 0.12), (config.Augmentation.BrightnessGain, config.Augmentation.BrightnessOffset));
        Assert.Equal((2e-3, 1e-3), (config.Optimizer.Lr, config.Teacher.Lr));
        Assert.Equal((600, 1200, 16), (config.Training.Steps, config.Teacher.Steps, config.Training.BatchSize));
        Assert.False(config.Optimizer.NoDecayOnNormsAndBiases);
        Assert.Equal(11, config.Data.IgnoreLabel);
    }
}
