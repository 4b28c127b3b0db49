using HeteroAKD.Distillation.Terms;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Experiments.Tests.Support;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Training.Evaluation;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Tests;

/// <summary>Recipes of other papers, from the configuration to the trained student.</summary>
public sealed class PublishedRecipeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>
    /// What a term trains or remembers beside the student is part of the checkpoint: stopped and resumed, with other threads, it ends with the same bits.
    /// </summary>
    [Theory]
    [InlineData("fitnet")]
    [InlineData("cirkd")]
    [InlineData("cirkdv2")]
    [InlineData("afdcd")]
    [InlineData("skd with a discriminator")]
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

    /// <summary>Replayed steps draw new pixels and slots, and move a discriminator's power iteration: the same bits as steps that are not recorded.</summary>
    [Theory]
    [InlineData("cirkd")]
    [InlineData("cirkdv2")]
    [InlineData("afdcd")]
    [InlineData("skd with a discriminator")]
    public void Terms_are_the_same_where_steps_are_replayed(string method)
    {
        ExperimentConfig replayed = Config("replayed", method);
        TinyExperiment.Distil(replayed);
        ExperimentConfig plain = Config("plain", method);
        TinyExperiment.Distil(plain with { Training = plain.Training with { Replay = false } });
        TinyExperiment.AssertSame(Last(plain), Last(replayed));
    }

    private ExperimentConfig Config(string name, string method)
    {
        ExperimentConfig config = TinyExperiment.Config(Path.Combine(_folder.Path, name));
        bool adversarial = method.EndsWith("discriminator", StringComparison.Ordinal);
        DistillationConfig distillation = new() { Baseline = false, Method = adversarial ? "skd" : method };
        distillation.Terms["adversarial"] = new AdversarialTermOptions { Weight = adversarial ? 0.001 : null, Layers = 1, Width = 8 };
        distillation.Terms["channelContrast"] = new ChannelContrastTermOptions { Grid = 2, Memory = 64, Samples = 32, ChannelsAnImage = 8 };
        distillation.Terms["afdcd"] = new AfDcdTermOptions { Pool = 1, Patch = 1 };
        distillation.Terms["memoryBank"] = new MemoryBankTermOptions
        {
            PixelMemory = 64,
            RegionMemory = 8,
            PixelSamples = 20,
            RegionSamples = 10,
            PixelsAnImage = 4,
        };
        PixelSize size = adversarial ? new PixelSize { Width = 64, Height = 64 } : config.Data.Size;
        return config with { Data = config.Data with { Size = size }, Distillation = distillation };
    }

    private static string Last(ExperimentConfig config) => Path.Combine(config.Out, NetworkTrainer.LastFile(NetworkRoles.Distilled));
}
