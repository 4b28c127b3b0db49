using System.Security.Cryptography;
using System.Text;

namespace HeteroAKD.Tensors.Devices.Cuda;

/// <summary>
/// PTX of earlier runs on the disk, by content: a name is a hash of all that the text depends on, so nothing ever has to be made invalid. A file that is not
/// whole is a miss. Whatever goes wrong with the disk, the run goes on without.
/// </summary>
internal sealed class KernelCache
{
    /// <summary>Most bytes that the folder keeps; the files read longest ago go first.</summary>
    public const long DefaultLimit = 256L << 20;

    private const string Variable = "HETEROAKD_KERNEL_CACHE";
    private const string Extension = ".ptx";
    private const string Header = "// heteroakd kernel ";

    private readonly long _limit;
    private bool _writes = true;

    /// <summary>A cache in a folder, which need not exist; null keeps nothing.</summary>
    public KernelCache(string? folder, long limit = DefaultLimit)
    {
        Folder = folder;
        _limit = limit;
    }

    /// <summary>Where the files are, or null if there is no cache.</summary>
    public string? Folder { get; }

    /// <summary>Why new kernels are not kept, or null.</summary>
    public string? Problem { get; private set; }

    /// <summary>
    /// The cache of this user, in its <see cref="CacheFolder"/>; none with <c>HETEROAKD_KERNEL_CACHE=off</c>.
    /// </summary>
    public static KernelCache OfUser()
    {
        if (string.Equals(Environment.GetEnvironmentVariable(Variable), "off", StringComparison.OrdinalIgnoreCase))
        {
            return new KernelCache(null) { Problem = $"{Variable}=off" };
        }

        return CacheFolder.OfUser() is { } folder ? new KernelCache(folder) : new KernelCache(null) { Problem = "the user has no home folder" };
    }

    /// <summary>The text under a name, or null.</summary>
    public string? Read(string name)
    {
        if (Folder is null)
        {
            return null;
        }

        string path = PathOf(name);
        try
        {
            string content = File.ReadAllText(path, Encoding.UTF8);
            int end = content.IndexOf('\n', StringComparison.Ordinal);
            string text = content[(end + 1)..];
            if (end < 0 || content[..end] != HeaderOf(text))
            {
                File.Delete(path);
                return null;
            }

            File.SetLastWriteTimeUtc(path, DateTime.UtcNow);
            return text;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Keeps a text under a name; other processes see it whole or not at all.</summary>
    public void Write(string name, string text)
    {
        if (Folder is null || !_writes)
        {
            return;
        }

        try
        {
            Directory.CreateDirectory(Folder);
            AtomicFile.WriteCacheEntry(PathOf(name), file => file.Write(Encoding.UTF8.GetBytes($"{HeaderOf(text)}\n{text}")));
            Shrink();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A full or read-only disk stays so: no further tries in this process.
            _writes = false;
            Problem = e.Message;
        }
    }

    /// <summary>The names in the cache that begin so.</summary>
    public IReadOnlyList<string> Names(string prefix)
    {
        if (Folder is null)
        {
            return [];
        }

        try
        {
            IEnumerable<string> files = Directory.EnumerateFiles(Folder, prefix + "*" + Extension);
            return [.. files.Select(p => Path.GetFileNameWithoutExtension(p)).Order(StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static string HeaderOf(string text) => Header + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private string PathOf(string name) => Path.Combine(Folder!, name + Extension);

    private void Shrink()
    {
        try
        {
            List<FileInfo> files = [.. new DirectoryInfo(Folder!).EnumerateFiles("*" + Extension + "*").OrderBy(f => f.LastWriteTimeUtc)];
            long bytes = files.Sum(f => f.Length);
            foreach (FileInfo file in files.TakeWhile(_ => bytes > _limit))
            {
                bytes -= file.Length;
                file.Delete();
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another process makes room at the same time.
        }
    }
}
