using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments.Commands;

/// <summary>Where results go: what is checked and made before any work.</summary>
internal static class OutputFile
{
    /// <summary>Why a file cannot be written, or null.</summary>
    /// <param name="output">The file, as <c>--out</c> gave it.</param>
    /// <param name="source">The file it is made from, which must stay.</param>
    /// <param name="sourceName">What that is, for a person: the checkpoint.</param>
    public static string? Problem(string output, string source, string sourceName)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(output))!;
        return !Directory.Exists(folder) ? $"--out {output}: there is no folder {folder}; make it first."
            : RealPath.Same(output, source) ? $"--out {output} is {sourceName} itself; give another name."
            : null;
    }

    /// <summary>Makes a folder where it is not there.</summary>
    /// <exception cref="StorageException">The disk refuses.</exception>
    public static void MakeFolder(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"{folder} could not be made: {e.Message}", e);
        }
    }
}
