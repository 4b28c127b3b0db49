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
    private static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(5);

    /// <summary>The console of the process.</summary>
    public static Terminal Standard()
    {
        if (!Console.IsOutputRedirected)
        {
            Console.SetOut(TerminalStream.Writer(Console.OpenStandardOutput()));
        }

        if (!Console.IsErrorRedirected)
        {
            Console.SetError(TerminalStream.Writer(Console.OpenStandardError()));
        }

        return new(Console.Out, Console.Error, !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") != "dumb");
    }

    /// <summary>Runs work with a progress bar on a terminal, with plain lines elsewhere.</summary>
    public T WithProgress<T>(Func<IProgressSink, T> work)
    {
        if (!Interactive)
        {
            return work(new PlainProgress(Error, PlainInterval, TimeProvider.System));
        }

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Error) });
        return BarProgress.Run(console, work);
    }
}
