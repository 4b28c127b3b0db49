using System.Globalization;
using System.Runtime.InteropServices;
using HeteroAKD.Experiments.Plans;

namespace HeteroAKD.Cli;

/// <summary>
/// Turns the first Ctrl+C (or a polite kill) into a cancellation, so that training can save and leave. A second one ends the process. A process that another 'heteroakd'
/// started also stops at the end of its standard input: then that one has stopped, or was killed. A file that grows over the limit (<c>ulimit -f</c>) is a failed write, not
/// a killed process.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private const PosixSignal FileSizeExceeded = (PosixSignal)25;  // SIGXFSZ on Linux and macOS; a number that .NET takes as it is

    private readonly CancellationTokenSource source = new();
    private readonly List<PosixSignalRegistration> registrations;
    private readonly Lock gate = new();
    private bool signalled;
    private bool disposed;

    public Interruption(TextWriter error)
    {
        registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle),
            .. HangsUp() ? (PosixSignalRegistration[])[PosixSignalRegistration.Create(PosixSignal.SIGHUP, Handle)] : [],
            .. OperatingSystem.IsWindows() ? (PosixSignalRegistration[])[] : [PosixSignalRegistration.Create(FileSizeExceeded, context => context.Cancel = true)],
        ];

        if (Environment.GetEnvironmentVariable(ChildProcessStarter.StopVariable) == "1")
        {
            new Thread(CancelAtEndOfInput) { IsBackground = true, Name = "end of input" }.Start();
        }

        void Handle(PosixSignalContext context)
        {
            // Only a second signal ends the process: Ctrl+C reaches a child by itself and by the end of its input. The end of a session may come twice, from shell and system.
            context.Cancel = !signalled || context.Signal == PosixSignal.SIGHUP;
            if (signalled)
            {
                return;
            }

            signalled = true;
            error.WriteLine("stopping after this step; once more to stop without saving");
            Cancel();
        }
    }

    public CancellationToken Token => source.Token;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in registrations)
        {
            registration.Dispose();
        }

        lock (gate)
        {
            disposed = true;
            source.Dispose();
        }
    }

    // The end of a session is a polite kill, too, except under nohup. Linux says whether the process began with the signal ignored; elsewhere it keeps its usual meaning.
    private static bool HangsUp()
    {
        const string Status = "/proc/self/status";
        const string Ignored = "SigIgn:";
        string? mask = File.Exists(Status) ? File.ReadLines(Status).FirstOrDefault(l => l.StartsWith(Ignored, StringComparison.Ordinal)) : null;
        return mask is not null
            && ulong.TryParse(mask.AsSpan(Ignored.Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong bits) && (bits & 1) == 0;  // SIGHUP is number 1
    }

    private void CancelAtEndOfInput()
    {
        try
        {
            while (Console.In.Read() >= 0)
            {
            }
        }
        catch (IOException)
        {
            // An input that cannot be read is at its end.
        }

        Cancel();
    }

    private void Cancel()
    {
        lock (gate)
        {
            if (!disposed)
            {
                source.Cancel();
            }
        }
    }
}
