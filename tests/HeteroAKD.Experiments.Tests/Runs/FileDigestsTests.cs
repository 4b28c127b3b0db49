namespace HeteroAKD.Experiments.Tests.Runs;

public sealed class FileDigestsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_file_is_read_again_once_it_changed()
    {
        string before = Written("abc");
        Assert.Equal(before, Digest());
        Assert.NotEqual(before, Written("abcd"));
        Assert.Equal(before, Written("abc"));
        File.Delete(_folder.File("a"));
        Assert.NotEqual(before, Digest());
    }

    [Theory]
    [InlineData("written")]
    [InlineData("copied")]
    [InlineData("moved")]
    public void A_file_of_the_same_size_and_time_is_another(string way)
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("only Linux is asked when a file last changed");
        }

        string before = Written("abc");
        DateTime time = File.GetLastWriteTimeUtc(_folder.File("a"));
        Thread.Sleep(20); // longer than a tick of the file system's clock
        string other = _folder.File(way == "written" ? "a" : "b");
        File.WriteAllText(other, "xyz");
        File.SetLastWriteTimeUtc(other, time);
        if (way == "copied")
        {
            File.Copy(other, _folder.File("a"), overwrite: true);
        }
        else if (way == "moved")
        {
            File.Move(other, _folder.File("a"), overwrite: true);
        }

        Assert.Equal(time, File.GetLastWriteTimeUtc(_folder.File("a")));
        Assert.NotEqual(before, Digest());
    }

    private string Written(string text)
    {
        File.WriteAllText(_folder.File("a"), text);
        return Digest();
    }

    // As a process of its own would: through what the last one kept.
    private string Digest()
    {
        FileDigests digests = new(_folder.File(""));
        string digest = digests.OfFiles([_folder.File("a")]);
        digests.Keep();
        return digest;
    }
}
