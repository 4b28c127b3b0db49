using HeteroAKD.Cli.Tests;

namespace HeteroAKD.Cuda.Tests.Runtime;

/// <summary>What the program says of the card, and of one that is too small.</summary>
public sealed class CudaCommandTests : IDisposable
{
    private const string Experiment = """
        device: cuda
        data: {size: {width: 64, height: 64}, trainCount: 4, valCount: 1, testCount: 0, studentEvery: 1}
        student: {model: segformer-b0}
        training: {steps: 1, batchSize: 4, evalEvery: 0, checkpointEvery: 0}

        """;

    private readonly EmulatedCard _card;
    private readonly TemporaryFolder _folder = new();

    public CudaCommandTests(EmulatedCard card)
    {
        card.Require();
        _card = card;
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Info_describes_the_card_its_memory_and_what_is_compiled_for_it()
    {
        HeteroAkdProcess.Result result = Run([("HETEROAKD_EMULATED_MEMORY", "3221225472")], "info");
        Assert.Equal(0, result.ExitCode);
        string line = result.Output.Split('\n').Single(l => l.StartsWith("cuda", StringComparison.Ordinal));
        Assert.Matches(@"^cuda +3\.0 +yes +.+, compute capability 8\.0, \d+ multiprocessors, driver for CUDA 13\.0, PTX .+ for SM_80", line);
        Assert.Contains("3.0 GiB free; ", line);
        Assert.Contains("kernels of earlier runs in ", line);
    }

    [Theory]
    [InlineData("", "PTX 8.8 for")]
    [InlineData("8.0", "PTX 8.0 for")]
    [InlineData("8.9", "HETEROAKD_PTX_ISA=8.9 is no version of PTX that ILGPU writes; it writes 6.0, ")]
    [InlineData("soon", "HETEROAKD_PTX_ISA=soon is no version of PTX that ILGPU writes; it writes 6.0, ")]
    public void The_version_of_PTX_can_be_pinned(string version, string expected)
    {
        HeteroAkdProcess.Result result = Run([("HETEROAKD_PTX_ISA", version)], "info");
        Assert.Contains(expected, result.Output.Split('\n').Single(l => l.StartsWith("cuda", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_driver_that_does_not_start_is_told_from_one_that_is_missing()
    {
        HeteroAkdProcess.Result result = Run([("HETEROAKD_EMULATED_SM", "3.0")], "info");
        string line = result.Output.Split('\n').Single(l => l.StartsWith("cuda", StringComparison.Ordinal));
        Assert.Matches(@"^cuda +- +no +the NVIDIA driver is there, but cuInit failed: \w+ \(\d+", line);
    }

    [Fact]
    public void Too_little_memory_is_an_error_with_the_largest_owners_and_the_remedy()
    {
        string config = _folder.File("experiment.yaml", Experiment);
        HeteroAkdProcess.Result result = Run([("HETEROAKD_EMULATED_MEMORY", "25165824")], "train", config, "--out", _folder.File("run"));
        Assert.Equal(1, result.ExitCode);
        Assert.Matches(
            @"out of memory on 'cuda': asked for [\d.]+ MiB with [\d.]+ MiB in use, [\d.]+ MiB reserved and [\d.]+ MiB free on the card\. Largest: ",
            result.Error);
        Assert.Contains("Use a smaller batch, crop or model", result.Error);
    }

    private HeteroAkdProcess.Result Run((string Name, string Value)[] variables, params string[] arguments) =>
        HeteroAkdProcess.Run([.. variables, ("LD_LIBRARY_PATH", _card.Folder)], arguments);
}
