using HeteroAKD.Distillation.Terms;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Experiments.Tests.Support;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Tests;

/// <summary>Recipes of other papers, from the configuration to the trained student.</summary>
public sealed class PublishedRecipeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>What a term trains or remembers beside the student is part of the checkpoint: stopped and resumed, with other threads, it ends with the same bits.</summary>
    [Theory]
    [InlineData("fitnet")]
    [InlineData("cirkd")]
    public void Stopped_run_goes_on_to_the_same_bits(string method)
    {
        ExperimentConfig unbroken = Config("unbroken", method);
        TinyExperiment.Distil(unbroken with { Threads = 1 });
        ExperimentConfig stopped = Config("stopped", method);
        TinyExperiment.Distil(stopped, cancelAt: 4);
        TinyExperiment.Distil(stopped with { Threads = 1 }, RunMode.Resume);
        TinyExperiment.AssertSame(Last(unbroken), Last(stopped));
        Assert.Contains(Checkpoint.Load(Last(stopped)).Names, name => name.StartsWith("projectors.", StringComparison.Ordinal));
    }

    /// <summary>Replayed steps draw new pixels and slots: the same bits as steps that are not recorded.</summary>
    [Fact]
    public void Banks_are_the_same_where_steps_are_replayed()
    {
        ExperimentConfig replayed = Config("replayed", "cirkd");
        TinyExperiment.Distil(replayed);
        ExperimentConfig plain = Config("plain", "cirkd");
        TinyExperiment.Distil(plain with { Training = plain.Training with { Replay = false } });
        TinyExperiment.AssertSame(Last(plain), Last(replayed));
    }

    private ExperimentConfig Config(string name, string method)
    {
        ExperimentConfig config = TinyExperiment.Config(Path.Combine(_folder.Path, name));
        DistillationConfig distillation = new() { Baseline = false, Method = method };
        distillation.Terms["memoryBank"] = new MemoryBankTermOptions { PixelMemory = 64, RegionMemory = 8, PixelSamples = 20, RegionSamples = 10, PixelsAnImage = 4 };
        return config with { Distillation = distillation };
    }

    private static string Last(ExperimentConfig config) => Path.Combine(config.Out, NetworkTrainer.LastFile(NetworkRoles.Distilled));
}
