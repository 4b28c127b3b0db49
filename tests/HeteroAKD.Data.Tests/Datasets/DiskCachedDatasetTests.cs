using System.IO.Hashing;
using HeteroAKD.Nn;

namespace HeteroAKD.Data.Tests;

public sealed class DiskCachedDatasetTests : IDisposable
{
    private const string Classes = "0 a 0 0 0\n1 b 9 9 9\n";

    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _warnings = [];

    public DiskCachedDatasetTests()
    {
        _folder.Write("classes.txt", Classes);
        _folder.Write("list.txt", "i.png l.png\n");
        Put(7, 1);
    }

    public void Dispose() => _folder.Dispose();

    private string Cache => _folder.File("cache");

    private string Entry => Assert.Single(Directory.GetFiles(Cache));

    private void Put(byte red, byte id)
    {
        RgbImage image = new(6, 4);
        Array.Fill(image.Pixels, red);
        SkiaImageCodec.Instance.WritePng(_folder.File("i.png"), image);
        byte[] labels = new byte[24];
        Array.Fill(labels, id);
        LabelPng.Write(_folder.File("l.png"), labels, 6, 4);
    }

    private Sample Load(string? cache = null, Sample? reuse = null) =>
        new DiskCachedDataset(new ListFileDataset(_folder.Path, "list.txt"), cache ?? Cache, _warnings.Add).Load(0, reuse);

    private static void AssertIs(Sample sample, byte red, byte id)
    {
        Assert.Equal("i", sample.Id);
        Assert.All(sample.Image.Pixels, value => Assert.Equal(red, value));
        Assert.All(sample.Labels, value => Assert.Equal(id, value));
    }

    [Fact]
    public void SecondLoad_ReadsTheEntry()
    {
        AssertIs(Load(), 7, 1);

        // What only the entry says: other pixels and labels under a hash that holds.
        byte[] entry = File.ReadAllBytes(Entry);
        Span<byte> hashed = entry.AsSpan(0, entry.Length - 8);
        hashed[40..^24].Fill(5);
        hashed[^24..].Fill(0);
        XxHash3.Hash(hashed, entry.AsSpan(hashed.Length));
        File.WriteAllBytes(Entry, entry);
        AssertIs(Load(), 5, 0);
        AssertIs(Load(reuse: Load()), 5, 0);
        Assert.Equal(entry, File.ReadAllBytes(Entry));
    }

    [Fact]
    public void FileOfTheSameSizeAndTime_ReplacesTheEntry()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("only Linux is asked when a file last changed");
        }
        Load();
        (string image, DateTime time) = (_folder.File("i.png"), File.GetLastWriteTimeUtc(_folder.File("i.png")));
        long size = new FileInfo(image).Length;
        Thread.Sleep(20); // longer than a tick of the file system's clock
        Put(9, 1);
        Assert.Equal(size, new FileInfo(image).Length);
        File.SetLastWriteTimeUtc(image, time);
        AssertIs(Load(), 9, 1);
    }

    [Fact]
    public void ChangedFile_ReplacesTheEntry()
    {
        Load();
        Put(9, 0);
        File.SetLastWriteTimeUtc(_folder.File("i.png"), DateTime.UtcNow.AddMinutes(1));
        AssertIs(Load(), 9, 0);
        AssertIs(Load(), 9, 0);
        Assert.Single(Directory.GetFiles(Cache));
    }

    [Theory]
    [InlineData(0, 5)] // cut short
    [InlineData(45, 0)] // a pixel
    [InlineData(130, 0)] // a label
    [InlineData(33, 0)] // the width
    public void DamagedEntry_IsDecodedAgain(int flipped, int cut)
    {
        AssertIs(Load(), 7, 1);
        byte[] good = File.ReadAllBytes(Entry);
        byte[] bad = good.ToArray();
        bad[flipped] ^= 1;
        File.WriteAllBytes(Entry, bad[..^cut]);
        AssertIs(Load(), 7, 1);
        Assert.Equal(good, File.ReadAllBytes(Entry));
    }

    [Fact]
    public void FolderThatTakesNothing_IsOneWarning()
    {
        string file = _folder.Write("not-a-folder", "");
        DiskCachedDataset dataset = new(new ListFileDataset(_folder.Path, "list.txt"), file, _warnings.Add);
        AssertIs(dataset.Load(0), 7, 1);
        AssertIs(dataset.Load(0), 7, 1);
        Assert.Contains(file, Assert.Single(_warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void AnotherLabelMap_HasAnEntryOfItsOwn()
    {
        AssertIs(Load(), 7, 1);
        DiskCachedDataset mapped = new(new ListFileDataset(_folder.Path, "list.txt", map: LabelMap.FromOne), Cache, _warnings.Add);
        AssertIs(mapped.Load(0), 7, 0);
        AssertIs(Load(), 7, 1);
        Assert.Equal(2, Directory.GetFiles(Cache).Length);
        Assert.Empty(_warnings);
    }

    [Fact]
    public void MissingImage_IsRefusedAsWithoutCache()
    {
        Load();
        File.Delete(_folder.File("i.png"));
        Assert.Contains("does not exist", Assert.ThrowsAny<DatasetException>(() => Load()).Message, StringComparison.Ordinal);
    }
}
