namespace HeteroAKD.Cli;

/// <summary>Tells a person what went wrong: one sentence, with the stack trace only where it was asked for.</summary>
internal static class ErrorReport
{
    /// <summary>Writes the error.</summary>
    public static void Write(TextWriter error, Exception e, bool debug)
    {
        error.WriteLine(IsExpected(e) ? $"error: {e.Message}" : $"internal error: {e.GetType().Name}: {e.Message}");
        if (debug)
        {
            error.WriteLine(e.ToString());
        }
        else if (!IsExpected(e))
        {
            error.WriteLine("this is a defect of the program; --debug shows where it happened");
        }
    }

    // Exceptions of our own speak to the user; so do those of files and memory. All others are defects.
    private static bool IsExpected(Exception e) =>
        e is IOException or UnauthorizedAccessException or OutOfMemoryException
        || e.GetType().Namespace?.StartsWith("HeteroAKD.", StringComparison.Ordinal) == true;
}
