using System.Text.RegularExpressions;

namespace HeteroAKD.Experiments.Runs;

/// <summary>Words as a POSIX shell takes them, for commands that people copy.</summary>
internal static partial class ShellText
{
    /// <summary>A word as it is where that is safe, else in single quotes.</summary>
    public static string Quoted(string word) => Plain().IsMatch(word) ? word : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    [GeneratedRegex(@"^[A-Za-z0-9_./:=+,@%-]+$")]
    private static partial Regex Plain();
}
