namespace HeteroAKD.Tensors;

/// <summary>A file or run folder that cannot be written. The message says what is left as it was, and the remedy.</summary>
public sealed class StorageException : HeteroAkdException
{
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
}
