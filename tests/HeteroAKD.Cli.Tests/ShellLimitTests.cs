namespace HeteroAKD.Cli.Tests;

/// <summary>Limits of a shell: few files that may be open at once are said before anything is begun, a file that may not grow ends in a sentence.</summary>
public sealed class ShellLimitTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public ShellLimitTests()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("needs sh and ulimit");
        }
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(40)]
    [InlineData(64)]
    [InlineData(DescriptorLimit.Needed - 1)]
    public void Too_few_are_said_before_anything_is_begun(int limit)
    {
        HeteroAkdProcess.Result result = HeteroAkdProcess.Shell(
            $"ulimit -n {limit}; exec \"$@\"", "train", _folder.File("tiny.yaml", TinyRun.Scenes), "--out", _folder.File("run"));
        Assert.Equal(1, result.ExitCode);
        Assert.Equal(
            $"error: this process may have {limit} files open at once (ulimit -n), and heteroakd needs {DescriptorLimit.Needed}; raise the limit, for "
                + "example with 'ulimit -n 1024'\n",
            result.Error);
        Assert.False(Directory.Exists(_folder.File("run")));
    }

    [Fact]
    public void So_many_are_enough_to_train_and_to_export()
    {
        string enough = $"ulimit -n {DescriptorLimit.Needed}; exec \"$@\"";
        string run = _folder.File("run");
        HeteroAkdProcess.Result trained = HeteroAkdProcess.Shell(enough, "distill", _folder.File("tiny.yaml", TinyRun.Scenes), "--out", run);
        Assert.True(trained.ExitCode == 0, trained.Error);
        HeteroAkdProcess.Result exported = HeteroAkdProcess.Shell(
            enough, "export", Path.Combine(run, "distilled.safetensors"), "--out", _folder.File("x.onnx"));
        Assert.True(exported.ExitCode == 0, exported.Error);
    }

    [Fact]
    public void A_file_over_the_limit_of_sizes_ends_in_a_sentence_not_in_a_signal()
    {
        // 64 blocks of 512 bytes or a KiB: enough for configuration and log, not for a checkpoint. The runtime's own file for its code is 2 GiB, unless it does
        // without.
        HeteroAkdProcess.Result result = HeteroAkdProcess.Shell(
            "export DOTNET_EnableWriteXorExecute=0; ulimit -f 64; exec \"$@\"",
            "train",
            _folder.File("tiny.yaml", TinyRun.Scenes),
            "--out",
            _folder.File("run"));
        Assert.Equal(1, result.ExitCode);
        Assert.Contains(
            "it would be larger than files may be here (ulimit -f)",
            Assert.Single(result.Error.Split('\n'), line => line.StartsWith("error: ", StringComparison.Ordinal)),
            StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder.File("run"), "*.safetensors"));
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
