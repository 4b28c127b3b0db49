using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments.Configuration;

/// <summary>An experiment file or override that cannot be used. The message names the source, the line, the key and the remedy.</summary>
public sealed class ConfigurationException : HeteroAkdException
{
    /// <summary>What the source of an override begins with.</summary>
    internal const string Override = "--set ";

    /// <summary>Creates the exception for one place in a source.</summary>
    /// <param name="source">The file, or the text of a <c>--set</c> override.</param>
    /// <param name="line">Line in the file, from 1; 0 where the source has no lines.</param>
    /// <param name="problem">What is wrong, beginning with the key.</param>
    public ConfigurationException(string source, long line, string problem)
        : base(line > 0 ? $"{source}:{line}: {problem}" : $"{source}: {problem}")
    {
        IsOverride = IsOverrideSource(source);
    }

    /// <summary>Creates the exception for one character of a source.</summary>
    /// <param name="source">The file, or the text of a <c>--set</c> override.</param>
    /// <param name="line">Line, from 1; 0 where the source has no lines.</param>
    /// <param name="column">Column, from 1; 0 where it is not known.</param>
    /// <param name="problem">What is wrong.</param>
    /// <param name="inner">The parser's own error, where there is one.</param>
    public ConfigurationException(string source, long line, long column, string problem, Exception? inner)
        : base(column < 1 ? $"{source}: {problem}" : line > 0 ? $"{source}:{line}:{column}: {problem}" : $"{source}: column {column}: {problem}", inner!)
    {
        IsOverride = IsOverrideSource(source);
    }

    /// <summary>Creates the exception with the parser's own error inside.</summary>
    public ConfigurationException(string source, long line, string problem, Exception inner)
        : base(line > 0 ? $"{source}:{line}: {problem}" : $"{source}: {problem}", inner)
    {
        IsOverride = IsOverrideSource(source);
    }

    /// <summary>Whether it is an override of the command line that cannot be used, no file.</summary>
    public bool IsOverride { get; }

    private static bool IsOverrideSource(string source) => source.StartsWith(Override, StringComparison.Ordinal);
}
