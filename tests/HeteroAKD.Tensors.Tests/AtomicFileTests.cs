using System.Diagnostics;

namespace HeteroAKD.Tensors.Tests;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void File_is_replaced_and_no_temporary_stays()
    {
        string path = _folder.File("a.bin", "old");
        AtomicFile.WriteText(path, "new");
        Assert.Equal("new", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Earlier_file_is_intact_until_the_new_one_is_whole()
    {
        string path = _folder.File("a.bin", "old");
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
        string path = _folder.File("a.bin", "old");
        StorageException e = Assert.Throws<StorageException>(() => AtomicFile.Write(path, stream =>
        {
            stream.Write("half of it"u8);
            FillDisk();
        }));
        Assert.Equal($"{path} could not be written: the disk is full; free some space or choose another --out; the earlier file is as it was", e.Message);
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Failure_of_the_writer_passes_through_and_leaves_nothing()
    {
        string path = _folder.File("a.bin");
        Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(path, _ => throw new InvalidOperationException()));
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Stale_temporary_of_a_killed_process_is_replaced()
    {
        string path = _folder.File("a.bin", "old");
        File.WriteAllText(AtomicFile.TemporaryPath(path), "a much longer half-written file");
        AtomicFile.WriteText(path, "new");
        Assert.Equal("new", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Missing_folder_is_a_clear_error()
    {
        string path = Path.Combine(_folder.Path, "none", "a.bin");
        Assert.StartsWith(
            $"{path} could not be written: ", Assert.Throws<StorageException>(() => AtomicFile.WriteText(path, "x")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("direct")]
    [InlineData("linked")]
    public void A_device_is_written_to_and_stays(string how)
    {
        Assert.SkipUnless(File.Exists("/dev/null"), "there is no /dev/null here");
        string path = how == "direct" ? "/dev/null" : _folder.File("link");
        if (how == "linked")
        {
            File.CreateSymbolicLink(path, "/dev/null");
        }

        AtomicFile.WriteText(path, "gone");
        Assert.Equal("a device", RegularFile.OtherKind("/dev/null"));
        Assert.Equal("", File.ReadAllText("/dev/null"));
        Assert.DoesNotContain(Directory.GetFiles(_folder.Path), file => file.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Fact]
    public void A_file_over_the_limit_of_sizes_is_said_to_be_one()
    {
        string path = _folder.File("a.bin", "old");
        StorageException e = Assert.Throws<StorageException>(() => AtomicFile.Write(path, stream => stream.SetLength(long.MaxValue)));
        Assert.Equal($"{path} could not be written: it would be larger than files may be here (ulimit -f); the earlier file is as it was", e.Message);
        Assert.Equal([path], Directory.GetFiles(_folder.Path));
        Assert.Contains(
            "(ulimit -f)",
            Assert.Throws<IOException>(() => AtomicFile.WriteCacheEntry(path, stream => stream.SetLength(long.MaxValue))).Message,
            StringComparison.Ordinal);
        Assert.Equal([path], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void A_device_that_is_full_is_named()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "there is no /dev/full here, the device that is always full");
        StorageException e = Assert.Throws<StorageException>(() => AtomicFile.WriteText("/dev/full", "x"));
        Assert.Equal("/dev/full could not be written: the disk is full; free some space or choose another --out", e.Message);
        Assert.Equal("a device", RegularFile.OtherKind("/dev/full"));
    }

    [Fact]
    public async Task A_fifo_hands_on_what_is_written()
    {
        string path = _folder.File("fifo");
        Assert.SkipUnless(MakeFifo(path), "there is no mkfifo here");
        Task<string> reader = Task.Run(() => File.ReadAllText(path), TestContext.Current.CancellationToken);
        AtomicFile.Write(path, stream =>
        {
            stream.Write("second"u8);
            stream.Position = 0; // a FIFO has no place to go back to
            stream.Write("SE"u8);
        });
        Assert.Equal("SEcond", await reader);
        Assert.Equal("a named pipe", RegularFile.OtherKind(path));
    }

    [Theory]
    [InlineData("target.bin", true)]
    [InlineData("none-yet.bin", false)]
    [InlineData("second-link", true)]
    public void A_link_is_followed_and_stays(string target, bool isThere)
    {
        _folder.File("target.bin", "old");
        File.CreateSymbolicLink(_folder.File("second-link"), "target.bin");
        string link = _folder.File("link");
        File.CreateSymbolicLink(link, target);
        Assert.Equal(isThere, File.Exists(_folder.File(target)));
        AtomicFile.WriteText(link, "new");
        Assert.Equal(target, new FileInfo(link).LinkTarget);
        Assert.Equal("new", File.ReadAllText(_folder.File(target)));
        Assert.Null(new FileInfo(_folder.File("target.bin")).LinkTarget);
    }

    [Fact]
    public void Links_in_a_circle_are_an_error()
    {
        File.CreateSymbolicLink(_folder.File("a"), "b");
        File.CreateSymbolicLink(_folder.File("b"), "a");
        Assert.StartsWith(
            $"{_folder.File("a")} could not be written: ",
            Assert.Throws<StorageException>(() => AtomicFile.WriteText(_folder.File("a"), "x")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Entries_of_a_cache_may_be_written_by_many_at_once()
    {
        string path = _folder.File("entry");
        Parallel.For(0, 64, i => AtomicFile.WriteCacheEntry(path, stream => stream.Write(new byte[1000])));
        Assert.Equal(1000, new FileInfo(path).Length);
        Assert.Equal([path], Directory.GetFiles(_folder.Path));
    }

    [Theory]
    [InlineData("dir/file", "dir/./file")]
    [InlineData("dir/file", "dir/../dir//file")]
    [InlineData("dir/file", "link/file")]
    [InlineData("dir", "link/")]
    [InlineData("dir/not-there", "link/not-there")]
    public void Paths_to_one_place_are_the_same(string a, string b)
    {
        _folder.File("dir/file", "x");
        Directory.CreateSymbolicLink(_folder.File("link"), "dir");
        Assert.True(RealPath.Same(_folder.File(a), _folder.File(b)));
        Assert.False(RealPath.Same(_folder.File(a), _folder.File(b.TrimEnd('/') + "2")));
    }

    private static bool MakeFifo(string path)
    {
        try
        {
            using Process mkfifo = System.Diagnostics.Process.Start("mkfifo", [path]);
            mkfifo.WaitForExit();
            return mkfifo.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    // The kernel's own error where there is a device that is always full, its number elsewhere.
    private static void FillDisk()
    {
        if (!File.Exists("/dev/full"))
        {
            throw new IOException("no space", OperatingSystem.IsWindows() ? unchecked((int)0x80070070) : 28);
        }

        using FileStream full = new("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        full.Write("x"u8);
    }
}
