using HeteroAKD.Training.Checkpoints;

namespace HeteroAKD.Cli.Tests;

/// <summary>The promise that matters when the power fails.</summary>
public sealed class ResumeAfterKillTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Killed_and_resumed_run_ends_with_the_bits_of_the_unbroken_one()
    {
        string config = _folder.File("tiny.yaml", TinyRun.Scenes.Replace("training: {steps: 4,", "training: {steps: 40,", StringComparison.Ordinal)
            .Replace("evalEvery: 0, logEvery: 1, checkpointEvery: 0", "evalEvery: 15, logEvery: 1, checkpointEvery: 7", StringComparison.Ordinal));
        string unbroken = _folder.File("unbroken");
        string killed = _folder.File("killed");
        HeteroAkdProcess.Result first = HeteroAkdProcess.Run("distill", config, "--out", unbroken);
        Assert.True(first.ExitCode == 0, first.Error);

        // The evaluation at step 15 is the first sign of life after the checkpoint of step 14.
        HeteroAkdProcess.RunAndKillAt("distilled step 15/40", "distill", config, "--out", killed, "--threads", "2");
        string last = Path.Combine(killed, "distilled-last.safetensors");
        Assert.Equal(14, Checkpoint.Load(last).Info.Step);
        HeteroAkdProcess.Result second = HeteroAkdProcess.Run("distill", config, "--out", killed, "--threads", "2", "--resume");
        Assert.True(second.ExitCode == 0, second.Error);

        foreach (string name in (string[])["teacher-last", "distilled-last", "distilled-best"])
        {
            Checkpoint expected = Checkpoint.Load(Path.Combine(unbroken, name + ".safetensors"));
            Checkpoint found = Checkpoint.Load(Path.Combine(killed, name + ".safetensors"));
            Assert.Equal(expected.Info.Step, found.Info.Step);
            Assert.Equal(expected.Names.Order(), found.Names.Order());
            Assert.All(
                expected.Names, tensor => Assert.True(expected[tensor].Bytes.AsSpan().SequenceEqual(found[tensor].Bytes), $"{name}: '{tensor}' differs"));
        }
    }
}
