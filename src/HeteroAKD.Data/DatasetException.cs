using HeteroAKD.Tensors;

namespace HeteroAKD.Data;

/// <summary>Data that cannot be used: which file, what is wrong with it, and what to do. Every error of this library derives from it.</summary>
public class DatasetException : HeteroAkdException
{
    /// <summary>Makes the sentence "FILE: PROBLEM. REMEDY.".</summary>
    /// <param name="file">The file or folder at fault; null where the fault is in the options alone.</param>
    /// <param name="problem">What is wrong, without the final full stop.</param>
    /// <param name="remedy">What the user should do, without the final full stop.</param>
    /// <param name="inner">The lower-level cause, where there is one.</param>
    public DatasetException(string? file, string problem, string remedy, Exception? inner = null)
        : base(file is null ? $"{problem}. {remedy}." : $"{file}: {problem}. {remedy}.", inner!)
    {
        File = file;
        Remedy = remedy;
    }

    /// <summary>The file or folder at fault, or null.</summary>
    public string? File { get; }

    /// <summary>What the user should do.</summary>
    public string Remedy { get; }
}

/// <summary>An image or label file that is cut short, corrupt, of an unsupported kind or of an unreasonable size.</summary>
public sealed class ImageFormatException : DatasetException
{
    /// <inheritdoc cref="DatasetException(string, string, string, Exception)"/>
    public ImageFormatException(string? file, string problem, string remedy, Exception? inner = null)
        : base(file, problem, remedy, inner)
    {
    }
}
