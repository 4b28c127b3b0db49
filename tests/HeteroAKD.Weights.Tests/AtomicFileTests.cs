namespace HeteroAKD.Weights.Tests;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void File_is_replaced_and_no_temporary_stays()
    {
        string path = folder.File("a.bin", "old");
        AtomicFile.WriteText(path, "new");
        Assert.Equal("new", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void Earlier_file_is_intact_until_the_new_one_is_whole()
    {
        string path = folder.File("a.bin", "old");
        AtomicFile.Write(path, stream =>
        {
            stream.Write("ne"u8);
            stream.Flush();
            Assert.Equal("old", File.ReadAllText(path));
            stream.Write("w"u8);
        });
        Assert.Equal("new", File.ReadAllText(path));
    }

    [Fact]
    public void Full_disk_is_named_and_the_earlier_file_stays()
    {
        string path = folder.File("a.bin", "old");
        var e = Assert.Throws<StorageException>(() => AtomicFile.Write(path, stream =>
        {
            stream.Write("half of it"u8);
            FillDisk();
        }));
        Assert.Equal($"{path} could not be written: the disk is full; free some space or choose another --out; the earlier file is as it was", e.Message);
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void Failure_of_the_writer_passes_through_and_leaves_nothing()
    {
        string path = folder.File("a.bin");
        Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(path, _ => throw new InvalidOperationException()));
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void Stale_temporary_of_a_killed_process_is_replaced()
    {
        string path = folder.File("a.bin", "old");
        File.WriteAllText(AtomicFile.TemporaryPath(path), "a much longer half-written file");
        AtomicFile.WriteText(path, "new");
        Assert.Equal("new", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void Missing_folder_is_a_clear_error()
    {
        string path = Path.Combine(folder.Path, "none", "a.bin");
        Assert.StartsWith($"{path} could not be written: ", Assert.Throws<StorageException>(() => AtomicFile.WriteText(path, "x")).Message, StringComparison.Ordinal);
    }

    // The kernel's own error where there is a device that is always full, its number elsewhere.
    private static void FillDisk()
    {
        if (!File.Exists("/dev/full"))
        {
            throw new IOException("no space", OperatingSystem.IsWindows() ? unchecked((int)0x80070070) : 28);
        }

        using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        full.Write("x"u8);
    }
}
