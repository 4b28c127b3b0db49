using HeteroAKD.Tensors.Memory;

namespace HeteroAKD.Cli;

/// <summary>Tells a person what went wrong: one sentence, with the stack trace only where it was asked for.</summary>
internal static class ErrorReport
{
    /// <summary>Writes the error. Never throws: where nothing can be said, the exit code is left.</summary>
    public static void Write(TextWriter error, Exception e, bool debug)
    {
        if (e is OutOfMemoryException)
        {
            GC.Collect();  // what the work held is garbage by now, and a sentence needs room
        }

        try
        {
            string? sentence = Sentence(e);
            error.WriteLine(sentence is null ? $"internal error: {e.GetType().Name}: {e.Message}" : $"error: {sentence}");
            if (debug)
            {
                error.WriteLine(e.ToString());
            }
            else if (sentence is null)
            {
                error.WriteLine("this is a defect of the program; --debug shows where it happened");
            }
        }
        catch (Exception)
        {
            Write(error, e is OutOfMemoryException ? "error: out of memory" : "error: what failed cannot be told");
        }
    }

    // The last word needs nothing that could fail but the writer itself.
    private static void Write(TextWriter error, string sentence)
    {
        try
        {
            error.WriteLine(sentence);
        }
        catch (Exception)
        {
            // The exit code is left.
        }
    }

    // Exceptions of our own speak to the user; so do those of files and memory. All others are defects.
    private static string? Sentence(Exception e) =>
        e is AggregateException or TypeInitializationException && e.InnerException is { } cause && Sentence(cause) is { } sentence ? sentence
        : e.GetType().Namespace?.StartsWith("HeteroAKD.", StringComparison.Ordinal) == true ? e.Message
        : DescriptorLimit.Explains(e) ? "too many files are open at once; raise the limit (ulimit -n), or set data.workers lower"
        : e is OutOfMemoryException ? $"out of memory: {ProcessMemory.Describe()}. Use a smaller batch, crop or model, or raise the limit. Large pictures "
            + $"can be evaluated in windows: evaluation.mode=slide."
        : e is IOException or UnauthorizedAccessException ? e.Message
        : null;
}
