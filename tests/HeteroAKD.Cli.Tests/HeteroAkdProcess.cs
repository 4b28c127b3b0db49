using System.Diagnostics;

namespace HeteroAKD.Cli.Tests;

/// <summary>The program as a process of its own, as a user starts it.</summary>
internal static class HeteroAkdProcess
{
    // The program is built beside the tests, which refer to it.
    private static readonly string s_assembly = Path.Combine(AppContext.BaseDirectory, "heteroakd.dll");

    /// <summary>What a process said and returned.</summary>
    public sealed record Result(int ExitCode, string Output, string Error);

    /// <summary>Runs a command to its end.</summary>
    public static Result Run(params IEnumerable<string> arguments) => Run([], arguments);

    /// <summary>Runs a command to its end with more environment variables.</summary>
    public static Result Run(IEnumerable<(string Name, string Value)> variables, IEnumerable<string> arguments)
    {
        using Process process = Start(arguments, variables);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return new Result(process.ExitCode, output.Result, error);
    }

    /// <summary>Runs a command until a line of its progress contains a text, then kills it (SIGKILL): nothing of it gets to tidy up.</summary>
    public static void RunAndKillAt(string text, params IEnumerable<string> arguments)
    {
        using Process process = Start(arguments);
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        while (process.StandardError.ReadLine() is { } line)
        {
            if (line.Contains(text, StringComparison.Ordinal))
            {
                process.Kill();
                process.WaitForExit();
                return;
            }
        }

        Assert.Fail($"the process ended (code {process.ExitCode}) before it said '{text}'");
    }

    /// <summary>
    /// Runs a command under a shell (POSIX), whose <paramref name="script"/> has it as <c>"$@"</c> and can send its outputs elsewhere,
    /// ignore signals or set limits.
    /// </summary>
    public static Result Shell(string script, params IEnumerable<string> arguments)
    {
        using Process process = StartShell(script, arguments);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return new Result(process.ExitCode, output.Result, error);
    }

    /// <summary>As <see cref="Shell"/>, not waiting for its end.</summary>
    public static Process StartShell(string script, params IEnumerable<string> arguments) =>
        Process.Start(
            new ProcessStartInfo(
                "sh", ["-c", script, "sh", "dotnet", s_assembly, .. arguments])
            { RedirectStandardOutput = true, RedirectStandardError = true })!;

    private static Process Start(IEnumerable<string> arguments, params IEnumerable<(string Name, string Value)> variables)
    {
        ProcessStartInfo start = new("dotnet", [s_assembly, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in variables)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }
}
