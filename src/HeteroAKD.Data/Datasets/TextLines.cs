using HeteroAKD.Tensors;

namespace HeteroAKD.Data;

/// <summary>The lines of a small text file, trimmed, with errors that name it.</summary>
internal static class TextLines
{
    private const long MaxBytes = 64L << 20; // half a million long paths

    public static string[] Read(string path)
    {
        string[] lines = Split(path);
        int broken = Array.FindIndex(lines, line => line.Contains('\0', StringComparison.Ordinal));
        return broken < 0 ? lines
            : throw new DatasetException(
                path, $"line {broken + 1} holds a NUL character, which no name or path can have", "Save it as a plain text file in UTF-8");
    }

    private static string[] Split(string path)
    {
        try
        {
            using StringReader reader = new(RegularFile.ReadText(path, MaxBytes));
            List<string> lines = new();
            while (reader.ReadLine() is { } line)
            {
                lines.Add(line.Trim());
            }
            return [.. lines];
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
