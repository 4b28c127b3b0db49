namespace HeteroAKD.Data;

/// <summary>The lines of a small text file, trimmed, with errors that name it.</summary>
internal static class TextLines
{
    public static string[] Read(string path)
    {
        try
        {
            return [.. File.ReadAllLines(path).Select(line => line.Trim())];
        }
        catch (Exception cause) when (cause is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DatasetException(path, "the file does not exist", "Correct the path of the data set", cause);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException(path, $"the file cannot be read ({cause.Message.TrimEnd('.')})", "Check that it is a text file you may read", cause);
        }
    }
}
