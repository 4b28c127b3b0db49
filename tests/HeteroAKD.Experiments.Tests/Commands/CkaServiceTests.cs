using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Tests.Support;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Tests.Commands;

/// <summary>Two trained networks held against each other.</summary>
public sealed class CkaServiceTests : IDisposable
{
    private static readonly string[] s_maps = ["stage 1", "stage 2", "stage 3", "classifier's input", "logits"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Stages_and_projected_maps_are_compared_and_written()
    {
        (string teacher, string distilled) = Distil(validationImages: 6);
        CkaOutcome outcome = Run(teacher, distilled);
        Assert.Equal([.. s_maps, "projected"], outcome.First);
        Assert.Equal(outcome.First, outcome.Second);
        Assert.Equal(6, outcome.Images);
        Assert.All(outcome.Linear.Cast<double>().Concat(outcome.Rbf.Cast<double>()), value => Assert.InRange(value, -1, 1.000001));

        string[] lines = File.ReadAllLines(_folder.File("cka/cka.csv"));
        Assert.Equal("first,second,linear,rbf", lines[0]);
        Assert.Equal(outcome.First.Count * outcome.Second.Count, lines.Length - 1);
        Assert.True(new FileInfo(_folder.File("cka/cka.png")).Length > 1000);
    }

    [Fact]
    public void Network_is_equal_to_itself()
    {
        (string teacher, _) = Distil(validationImages: 5);
        CkaOutcome outcome = Run(teacher, teacher);
        Assert.Equal(s_maps, outcome.First);
        for (int i = 0; i < outcome.First.Count; i++)
        {
            Assert.Equal(1, outcome.Linear[i, i], 1e-9);
            Assert.Equal(1, outcome.Rbf[i, i], 1e-9);
        }
    }

    [Fact]
    public void Bad_input_is_named()
    {
        (string teacher, string distilled) = Distil(validationImages: 3);
        Assert.Equal(
            "analyze cka: the split has 3 images, and no 4 neighbours of one size; take a larger one",
            Assert.Throws<HeteroAkdException>(() => Run(teacher, distilled)).Message);
        Assert.Contains(
            "has no split 'test'; there are:", Assert.Throws<HeteroAkdException>(() => Run(teacher, distilled, "test")).Message, StringComparison.Ordinal);
    }

    private CkaOutcome Run(string first, string second, string split = "val") =>
        new CkaService().Run(new CkaRequest(first, second, split, [], _folder.File("cka")), new SilentSink(), CancellationToken.None);

    private (string Teacher, string Distilled) Distil(int validationImages)
    {
        ExperimentConfig config = TinyExperiment.Config(Path.Combine(_folder.Path, "run"));
        config = config with { Data = config.Data with { ValCount = validationImages }, Training = config.Training with { Steps = 2 } };
        TinyExperiment.Distil(config);
        return (Path.Combine(config.Out, "teacher.safetensors"), Path.Combine(config.Out, NetworkTrainer.LastFile(NetworkRoles.Distilled)));
    }
}
