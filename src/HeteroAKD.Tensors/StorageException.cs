namespace HeteroAKD.Tensors;

/// <summary>A file or run folder that cannot be written. The message says what is left as it was, and the remedy.</summary>
public sealed class StorageException : HeteroAkdException
{
    private const int LinuxNoSpace = 28;                           // ENOSPC
    private const int LinuxQuota = 122;                            // EDQUOT
    private const int WindowsDiskFull = unchecked((int)0x80070070);  // ERROR_DISK_FULL

    /// <summary>Creates the exception.</summary>
    public StorageException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with its cause.</summary>
    public StorageException(string message, Exception inner)
        : base(message, inner)
    {
    }

    /// <summary>
    /// Whether an error is the system's refusal to write a file. .NET reports a file over its limit (EFBIG, <c>ulimit -f</c>) as an argument.
    /// </summary>
    public static bool IsRefusal(Exception e) =>
        e is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException { Source: "System.Private.CoreLib", ParamName: "value" };

    /// <summary>The sentence for a file that could not be written.</summary>
    /// <param name="path">The file.</param>
    /// <param name="e">The system's refusal, <see cref="IsRefusal"/>.</param>
    /// <param name="left">What is left of it, as the sentence's end.</param>
    public static StorageException Of(string path, Exception e, string left = "")
    {
        string reason = e.HResult is LinuxNoSpace or LinuxQuota or WindowsDiskFull ? "the disk is full; free some space or choose another --out"
            : e is ArgumentException ? "it would be larger than files may be here (ulimit -f)"
            : e.Message;
        return new StorageException($"{path} could not be written: {reason}{left}", e);
    }
}
