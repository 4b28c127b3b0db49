namespace HeteroAKD.Tensors;

/// <summary>The one name of a file or folder among all ways to write it.</summary>
internal static class RealPath
{
    /// <summary>The path, absolute, with the symbolic links in all its parts followed; what is not there stays as it is written.</summary>
    /// <exception cref="IOException">Links lead round in a circle.</exception>
    public static string Of(string path)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        string? parent = Path.GetDirectoryName(full);
        if (parent is null)
        {
            return full; // the root
        }

        return InFolder(Of(parent), Path.GetFileName(full));
    }

    /// <summary>The same of a name in a folder whose path has no links any more.</summary>
    /// <exception cref="IOException">Links lead round in a circle.</exception>
    public static string InFolder(string folder, string name)
    {
        string here = Path.Combine(folder, name);

        // LinkTarget is also set for a link whose target is missing, and null for a path that does not exist.
        return new FileInfo(here).LinkTarget is null ? here : Of(File.ResolveLinkTarget(here, returnFinalTarget: true)!.FullName);
    }

    /// <summary>Whether two paths lead to one place.</summary>
    public static bool Same(string a, string b) => Of(a) == Of(b);
}
