namespace HeteroAKD.Data;

/// <summary>Whole files in memory, with errors that say which file and why.</summary>
internal static class FileBytes
{
    public static byte[] Read(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception cause) when (cause is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ImageFormatException(path, "the file does not exist", "Correct the path, or restore the file", cause);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new ImageFormatException(path, $"the file cannot be read ({cause.Message.TrimEnd('.')})", "Check that it is a file you may read", cause);
        }
    }
}
