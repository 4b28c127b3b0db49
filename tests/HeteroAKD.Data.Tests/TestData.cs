namespace HeteroAKD.Data.Tests;

/// <summary>Where the real data sets are, if they are anywhere: never part of the repository.</summary>
internal static class TestData
{
    /// <summary>A folder of the shared data; the test is skipped where it is missing.</summary>
    public static string Require(params string[] parts)
    {
        string? root = Environment.GetEnvironmentVariable("HETEROAKD_DATA") ?? BesideRepository();
        string path = Path.Combine([root ?? "", .. parts]);
        if (root is null || !Path.Exists(path))
        {
            Assert.Skip($"Real data {Path.Combine(parts)} not found: set HETEROAKD_DATA or put it into ../shared/data beside the repository.");
        }
        return path;
    }

    /// <summary>Walks up from the test binary: the first ../shared/data beside a folder on the way.</summary>
    private static string? BesideRepository()
    {
        for (DirectoryInfo folder = new(AppContext.BaseDirectory); folder?.Parent is not null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.Parent.FullName, "shared", "data");
            if (Directory.Exists(candidate))
            {
                return candidate;
            }
        }
        return null;
    }
}

/// <summary>A folder that lives as long as its test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("heteroakd-data-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public string Write(string name, string text)
    {
        System.IO.File.WriteAllText(File(name), text);
        return File(name);
    }

    public string Write(string name, byte[] bytes)
    {
        System.IO.File.WriteAllBytes(File(name), bytes);
        return File(name);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
