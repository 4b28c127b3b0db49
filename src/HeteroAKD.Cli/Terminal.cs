using HeteroAKD.Cli.Progress;
using HeteroAKD.Training.Loop;
using Spectre.Console;

namespace HeteroAKD.Cli;

/// <summary>Where the program writes: results to the standard output, progress and errors to the standard error.</summary>
/// <param name="Out">Results.</param>
/// <param name="Error">Progress and errors.</param>
/// <param name="Interactive">Whether <paramref name="Error"/> is a terminal that can redraw a line.</param>
internal sealed record Terminal(TextWriter Out, TextWriter Error, bool Interactive)
{
    // A log of a long run stays short: this often at most.
    private static readonly TimeSpan s_plainInterval = TimeSpan.FromSeconds(5);

    private readonly TextWriter _drawing = Error;  // a bar is drawn with what other lines may not hold

    /// <summary>Results.</summary>
    public TextWriter Out { get; } = new VisibleWriter(Out);

    /// <summary>Progress and errors.</summary>
    public TextWriter Error { get; } = new VisibleWriter(Error);

    /// <summary>Why results did not reach the file or the program that they were sent to; null where they did.</summary>
    public Func<string?> LostResults { get; private init; } = () => null;

    /// <summary>The console of the process.</summary>
    public static Terminal Standard()
    {
        LossyStream output = LossyStream.Open(Console.OpenStandardOutput);
        LossyStream error = LossyStream.Open(Console.OpenStandardError);
        Console.SetOut(output.Writer());
        Console.SetError(error.Writer());
        bool toTerminal = !Console.IsOutputRedirected;
        return new(Console.Out, Console.Error, !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") != "dumb")
        {
            LostResults = () => toTerminal ? null : output.Failure,  // a terminal that was closed has no reader
        };
    }

    /// <summary>Runs work with a progress bar on a terminal, with plain lines elsewhere.</summary>
    public T WithProgress<T>(Func<IProgressSink, T> work)
    {
        if (!Interactive)
        {
            return work(new PlainProgress(Error, s_plainInterval, TimeProvider.System));
        }

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(_drawing) });
        return BarProgress.Run(console, work);
    }
}
