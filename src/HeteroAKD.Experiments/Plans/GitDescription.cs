using System.ComponentModel;
using System.Diagnostics;

namespace HeteroAKD.Experiments.Plans;

/// <summary>Which commit a result belongs to.</summary>
internal static class GitDescription
{
    /// <summary>
    /// <c>git describe --always</c> of the working tree that holds the plan, with <c>-dirty</c> where a tracked file differs; empty outside a working tree or
    /// without git. The results beside the plan do not count: they change with every run.
    /// </summary>
    public static string Of(string planPath)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(planPath))!;
        string commit = Run(folder, "describe", "--always", "--abbrev=10");
        return commit.Length == 0 ? ""
            : Run(folder, "status", "--porcelain", "--untracked-files=no", "--", ":(top)", ":(exclude)results").Length > 0 ? commit + "-dirty"
            : commit;
    }

    private static string Run(string folder, params IEnumerable<string> arguments)
    {
        ProcessStartInfo start = new("git", ["-C", folder, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using Process process = Process.Start(start)!;
            process.ErrorDataReceived += (_, _) => { };
            process.BeginErrorReadLine();
            string output = process.StandardOutput.ReadToEnd().Trim();
            process.WaitForExit();
            return process.ExitCode == 0 ? output : "";
        }
        catch (Win32Exception)
        {
            return "";  // no git here
        }
    }
}
