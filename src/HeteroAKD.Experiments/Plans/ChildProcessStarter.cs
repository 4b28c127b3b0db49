using System.Diagnostics;

namespace HeteroAKD.Experiments.Plans;

/// <summary>
/// Each training is a process of this same program: a crash takes one run with it, and memory goes back in between. The end of a child's standard input tells
/// it to save and stop. That end comes when this process asks for it, and also when this process is killed: no child outlives it for long.
/// </summary>
public sealed class ChildProcessStarter : IRunStarter
{
    /// <summary>Environment variable that makes the program stop at the end of its standard input; its value is 1.</summary>
    public const string StopVariable = "HETEROAKD_STOP_AT_END_OF_INPUT";

    /// <inheritdoc/>
    public async Task<RunExit> Run(RunCommand command, CancellationToken cancellation)
    {
        using Process process = new() { StartInfo = StartInfo(command.Arguments) };
        string error = "";
        string last = "";
        process.ErrorDataReceived += (_, e) =>
        {
            const string Mark = "error: ";
            if (e.Data is { Length: > 0 } line)
            {
                last = line;
                error = line.Contains(Mark, StringComparison.Ordinal) ? line : error;
            }
        };
        process.OutputDataReceived += (_, _) => { };
        process.Start();
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        using (cancellation.Register(process.StandardInput.Close))
        {
            await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
        }

        return new RunExit(process.ExitCode, process.ExitCode == 0 ? "" : Reason(process.ExitCode, error, last));
    }

    /// <summary>Why a child failed.</summary>
    /// <param name="code">Its exit code.</param>
    /// <param name="error">Its error line; empty for none.</param>
    /// <param name="last">The last line it wrote to the standard error; empty for none.</param>
    internal static string Reason(int code, string error, string last) =>
        error.Length > 0 ? error : $"ended with code {code}{(last.Length > 0 ? $"; it last said: {last}" : " and said nothing")}";

    /// <summary>How this program starts itself: through <c>dotnet</c> where it was started so, else as the file that it is.</summary>
    private static ProcessStartInfo StartInfo(IReadOnlyList<string> arguments)
    {
        string program = Environment.ProcessPath ?? throw new InvalidOperationException("the system does not say which program this process runs");
        bool hosted = Path.GetFileNameWithoutExtension(program).Equals("dotnet", StringComparison.OrdinalIgnoreCase);
        ProcessStartInfo start = new(program, hosted ? [Environment.GetCommandLineArgs()[0], .. arguments] : arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment[StopVariable] = "1";
        return start;
    }
}
