namespace HeteroAKD.Tests;

/// <summary>The folder that holds the solution, found from the test's binary upwards.</summary>
internal static class RepositoryRoot
{
    public static string Path { get; } = Find();

    public static string File(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    private static string Find()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (System.IO.File.Exists(System.IO.Path.Combine(folder.FullName, "HeteroAKD.Kernels.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("no folder above the tests holds HeteroAKD.Kernels.sln");
    }
}
