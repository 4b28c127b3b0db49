using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments.Commands;

/// <summary>The files that a command reads, which it must not write over, whatever ways lead to them.</summary>
internal sealed class InputFiles
{
    private readonly Dictionary<string, string> _folders = [];
    private readonly HashSet<string> _files;

    /// <summary>Notes the files; one that is not there does no harm.</summary>
    public InputFiles(params IEnumerable<string> paths) => _files = [.. paths.Select(Real)];

    /// <summary>Makes sure that a file to write is none of them.</summary>
    /// <exception cref="StorageException">It is one.</exception>
    public void RequireOther(string output)
    {
        if (_files.Contains(Real(output)))
        {
            throw new StorageException($"{output} would be written over, and it is a file that this command reads; choose another --out");
        }
    }

    // A data set has many files in few folders.
    private string Real(string path)
    {
        string full = Path.GetFullPath(path);
        string folder = Path.GetDirectoryName(full) ?? full;
        if (!_folders.TryGetValue(folder, out string? real))
        {
            _folders[folder] = real = RealPath.Of(folder);
        }

        return RealPath.InFolder(real, Path.GetFileName(full));
    }
}
