using HeteroAKD.Tensors.Devices.Cuda;

namespace HeteroAKD.Tensors.Tests.Devices.Cuda;

public sealed class KernelCacheTests : IDisposable
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"heteroakd-cache-{Guid.NewGuid():N}");

    public void Dispose()
    {
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    [Fact]
    public void What_was_written_is_read_by_the_next()
    {
        new KernelCache(_folder).Write("a-1", "text\nof a kernel");
        Assert.Equal("text\nof a kernel", new KernelCache(_folder).Read("a-1"));
        Assert.Null(new KernelCache(_folder).Read("a-2"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(90)]
    public void A_file_that_is_not_whole_is_a_miss_and_goes(int length)
    {
        KernelCache cache = new(_folder);
        cache.Write("a", "a kernel of some length");
        string file = Assert.Single(Directory.GetFiles(_folder));
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..length]);
        Assert.Null(cache.Read("a"));
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public void A_changed_file_is_a_miss()
    {
        KernelCache cache = new(_folder);
        cache.Write("a", "a kernel");
        string file = Assert.Single(Directory.GetFiles(_folder));
        File.WriteAllText(file, File.ReadAllText(file).Replace("a kernel", "b kernel", StringComparison.Ordinal));
        Assert.Null(cache.Read("a"));
    }

    [Fact]
    public void The_folder_stays_below_its_limit_and_loses_the_oldest()
    {
        KernelCache cache = new(_folder, limit: 2500);
        for (int i = 0; i < 5; i++)
        {
            cache.Write($"a-{i}", new string('x', 1000));
            File.SetLastWriteTimeUtc(Path.Combine(_folder, $"a-{i}.ptx"), DateTime.UtcNow.AddHours(i - 10));
        }

        Assert.Equal(["a-3", "a-4"], cache.Names("a-"));
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_no_error()
    {
        File.WriteAllText(_folder + ".file", "");
        try
        {
            KernelCache cache = new(_folder + ".file");
            cache.Write("a", "text");
            Assert.NotNull(cache.Problem);
            Assert.Null(cache.Read("a"));
            Assert.Empty(cache.Names(""));
        }
        finally
        {
            File.Delete(_folder + ".file");
        }
    }

    [Fact]
    public void Without_a_folder_nothing_is_kept()
    {
        KernelCache cache = new(null);
        cache.Write("a", "text");
        Assert.Null(cache.Read("a"));
        Assert.Empty(cache.Names(""));
    }

    [Fact]
    public void A_name_depends_on_target_entry_and_type()
    {
        KernelKey key = new("sm_80");
        string name = key.NameOf(typeof(List<int>), "Pixel");
        Assert.Equal(name, new KernelKey("sm_80").NameOf(typeof(List<int>), "Pixel"));
        Assert.StartsWith(key.Prefix, name);
        string[] others =
        [
            key.NameOf(typeof(List<long>), "Pixel"), key.NameOf(typeof(List<int>), "Rows"), new KernelKey("sm_90").NameOf(typeof(List<int>), "Pixel")
        ];
        Assert.DoesNotContain(name, others);
        Assert.Equal(3, others.Distinct().Count());
    }
}
