using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Nn.Models;
using HeteroAKD.Training.Optimization;

namespace HeteroAKD.Experiments.Tests.Configuration;

/// <summary>The experiments that are shipped: each can be read, and says what the published schedules say.</summary>
public sealed class RecipeTests
{
    private static readonly string s_folder = RepositoryRoot.File("configs");

    public static TheoryData<string> Files =>
        [.. Directory.EnumerateFiles(s_folder, "*.yaml", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(s_folder, f)).Order()];

    public static TheoryData<string> Pairs =>
        [.. Directory.EnumerateFiles(s_folder, "*-to-*.yaml", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(s_folder, f)).Order()];

    [Theory]
    [MemberData(nameof(Files))]
    public void Names_networks_that_exist(string file)
    {
        ExperimentConfig config = ConfigurationReader.ReadFile(Path.Combine(s_folder, file));
        Assert.Contains(config.Teacher.Model, ModelZoo.Names);
        Assert.Contains(config.Student.Model, ModelZoo.Names);
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void A_pair_is_what_its_file_is_called(string file)
    {
        ExperimentConfig config = ConfigurationReader.ReadFile(Path.Combine(s_folder, file));
        Assert.Equal($"{config.Teacher.Model}-to-{config.Student.Model}", Path.GetFileNameWithoutExtension(file));
        Assert.Equal(Path.GetDirectoryName(file), config.Data.Kind.ToString().ToLowerInvariant());
    }

    // Optimiser, peak rate, batch, steps and window of the CIRKD code base.
    [Theory]
    [InlineData("cityscapes/deeplabv3-resnet101-to-deeplabv3-resnet18", OptimizerKind.Sgd, 0.02, 16, 40_000, 1024, 512)]
    [InlineData("cityscapes/segformer-b4-to-segformer-b0", OptimizerKind.AdamW, 2e-4, 8, 160_000, 1024, 1024)]
    [InlineData("voc/deeplabv3-resnet101-to-pspnet-resnet18", OptimizerKind.Sgd, 0.02, 16, 40_000, 512, 512)]
    [InlineData("ade20k/deeplabv3-resnet101-to-deeplabv3-resnet18", OptimizerKind.Sgd, 0.02, 16, 40_000, 512, 512)]
    [InlineData("camvid/deeplabv3-resnet101-to-deeplabv3-resnet18", OptimizerKind.Sgd, 0.02, 16, 40_000, 360, 360)]
    [InlineData("cocostuff/deeplabv3-resnet101-to-deeplabv3-resnet18", OptimizerKind.Sgd, 0.02, 16, 80_000, 512, 512)]
    public void Schedules_are_the_published_ones(string pair, OptimizerKind kind, double rate, int batch, int steps, int width, int height)
    {
        ExperimentConfig config = ConfigurationReader.ReadFile(Path.Combine(s_folder, pair + ".yaml"));
        Assert.Equal((kind, rate, batch, steps, width, height),
            (config.Optimizer.Kind, config.Optimizer.Lr, config.Training.BatchSize, config.Training.Steps, config.Data.Size.Width, config.Data.Size.Height));
        Assert.Equal(
            (1e-4, ScheduleKind.Poly, 0.9, 0.0), (config.Optimizer.WeightDecay, config.Schedule.Kind, config.Schedule.Power, config.Schedule.WarmupFraction));
        Assert.Equal((0.5, 2.0, 0.5), (config.Augmentation.ScaleMin, config.Augmentation.ScaleMax, config.Augmentation.Flip));
    }
}
