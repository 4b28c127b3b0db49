namespace HeteroAKD.Cli.Tests;

/// <summary>Few files that may be open at once: one sentence before anything is begun, or all works.</summary>
public sealed class DescriptorLimitTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public DescriptorLimitTests()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("needs sh and 'ulimit -n'");
        }
    }

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(40)]
    [InlineData(64)]
    [InlineData(DescriptorLimit.Needed - 1)]
    public void Too_few_are_said_before_anything_is_begun(int limit)
    {
        HeteroAkdProcess.Result result = HeteroAkdProcess.Shell($"ulimit -n {limit}; exec \"$@\"", "train", folder.File("tiny.yaml", TinyRun.Scenes), "--out", folder.File("run"));
        Assert.Equal(1, result.ExitCode);
        Assert.Equal(
            $"error: this process may have {limit} files open at once (ulimit -n), and heteroakd needs {DescriptorLimit.Needed}; raise the limit, for example with 'ulimit -n 1024'\n",
            result.Error);
        Assert.False(Directory.Exists(folder.File("run")));
    }

    [Fact]
    public void So_many_are_enough_to_train_and_to_export()
    {
        string enough = $"ulimit -n {DescriptorLimit.Needed}; exec \"$@\"";
        string run = folder.File("run");
        HeteroAkdProcess.Result trained = HeteroAkdProcess.Shell(enough, "distill", folder.File("tiny.yaml", TinyRun.Scenes), "--out", run);
        Assert.True(trained.ExitCode == 0, trained.Error);
        HeteroAkdProcess.Result exported = HeteroAkdProcess.Shell(enough, "export", Path.Combine(run, "distilled.safetensors"), "--out", folder.File("x.onnx"));
        Assert.True(exported.ExitCode == 0, exported.Error);
    }

    [Theory]
    [InlineData(24)]
    [InlineData(23)]
    public void The_system_s_own_word_is_understood_however_deep_it_lies(int number)
    {
        using StringWriter error = new();
        IOException cause = new("Too many open files", number);
        ErrorReport.Write(error, new TypeInitializationException("X", new InvalidOperationException("y", cause)), debug: false);
        Assert.StartsWith("error: too many files are open at once", error.ToString(), StringComparison.Ordinal);
    }
}
