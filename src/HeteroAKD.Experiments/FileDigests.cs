using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments;

/// <summary>
/// SHA-256 of files. What was computed is kept in the user's <see cref="CacheFolder"/> and serves as long as a file's <see cref="FileStamp"/> stays: a large
/// data set is read once, not at every start. No digest holds a time.
/// </summary>
internal sealed class FileDigests
{
    private const int HexDigits = 64;

    private readonly string? _cache;
    private readonly ConcurrentDictionary<string, string> _known = [];
    private int _added;

    /// <summary>Takes what is known of files below a folder.</summary>
    public FileDigests(string root)
    {
        _cache = CacheFolder.OfUser() is { } folder ? Path.Combine(folder, "digests", Of(root)[..16] + ".txt") : null;
        try
        {
            foreach (string line in _cache is not null && File.Exists(_cache) ? File.ReadLines(_cache) : [])
            {
                if (line.Length > HexDigits && line[HexDigits] == ' ')
                {
                    _known[line[(HexDigits + 1)..]] = line[..HexDigits];
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Then they are computed.
        }
    }

    /// <summary>One digest of the contents of files, in their order. A file that is not there, or cannot be read, has a digest of its own.</summary>
    public string OfFiles(IReadOnlyList<string> paths)
    {
        string[] each = new string[paths.Count];
        Parallel.For(0, paths.Count, new ParallelOptions { MaxDegreeOfParallelism = 2 }, i => each[i] = OfFile(paths[i]));
        return Of(string.Join('\n', each));
    }

    /// <summary>The digest of a text.</summary>
    public static string Of(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>Keeps what was added for other processes; where that cannot be written, they compute it again.</summary>
    public void Keep()
    {
        if (_cache is null || _added == 0)
        {
            return;
        }

        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_cache)!);
            byte[] text = Encoding.UTF8.GetBytes(string.Concat(_known.OrderBy(k => k.Key, StringComparer.Ordinal).Select(k => $"{k.Value} {k.Key}\n")));
            AtomicFile.WriteCacheEntry(_cache, file => file.Write(text));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A cache that cannot be kept costs time alone.
        }
    }

    private string OfFile(string path)
    {
        try
        {
            FileInfo file = new(path);
            if (!file.Exists)
            {
                return "missing";
            }

            string key = $"{FileStamp.Of(file)} {file.FullName}";
            if (key.Contains('\n') || !_known.TryGetValue(key, out string? digest))
            {
                using FileStream stream = file.OpenRead();
                digest = Convert.ToHexStringLower(SHA256.HashData(stream));
                if (!key.Contains('\n'))
                {
                    _known[key] = digest;
                    Interlocked.Increment(ref _added);
                }
            }

            return digest;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "unreadable"; // the training reports the file when it reads it
        }
    }
}
