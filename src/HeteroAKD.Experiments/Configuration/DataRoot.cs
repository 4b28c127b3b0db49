namespace HeteroAKD.Experiments.Configuration;

/// <summary>Finds a data set's folder without the configuration having to know the machine.</summary>
internal static class DataRoot
{
    /// <summary>Environment variable that names the folder holding all data sets.</summary>
    public const string Variable = "HETEROAKD_DATA";

    /// <summary>
    /// The folder, absolute. A relative root is looked for under the working folder, then as <c>$HETEROAKD_DATA/ROOT</c>,
    /// then as <c>$HETEROAKD_DATA/LAST-PART-OF-ROOT</c>.
    /// </summary>
    /// <exception cref="DirectoryNotFoundException">No candidate exists; the message lists them.</exception>
    public static string Resolve(string root)
    {
        List<string> candidates = [Path.GetFullPath(root)];
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } home && !Path.IsPathRooted(root))
        {
            candidates.Add(Path.GetFullPath(Path.Combine(home, root)));
            candidates.Add(Path.GetFullPath(Path.Combine(home, Path.GetFileName(Path.TrimEndingDirectorySeparator(root)))));
        }

        return candidates.Find(Directory.Exists) ?? throw new DirectoryNotFoundException(
            $"data.root: there is no folder {string.Join(" nor ", candidates.Distinct())}; "
            + $"set data.root, or set {Variable} to the folder that holds the data set");
    }
}
