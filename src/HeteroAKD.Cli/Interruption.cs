using System.Runtime.InteropServices;
using HeteroAKD.Experiments.Plans;
using HeteroAKD.Platform;

namespace HeteroAKD.Cli;

/// <summary>
/// Turns the first Ctrl+C (or a polite kill) into a cancellation, so that training can save and leave. A second one ends the process. A process that another
/// 'heteroakd' started also stops at the end of its standard input: then that one has stopped, or was killed. A file that grows over the limit (<c>ulimit
/// -f</c>) is a failed write, not a killed process.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private const PosixSignal FileSizeExceeded = (PosixSignal)25;  // SIGXFSZ on Linux and macOS; a number that .NET takes as it is

    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _registrations;
    private readonly Lock _gate = new();
    private bool _signalled;
    private bool _disposed;

    public Interruption(TextWriter error)
    {
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle),
            .. HangsUp() ? (PosixSignalRegistration[])[PosixSignalRegistration.Create(PosixSignal.SIGHUP, Handle)] : [],
            .. OperatingSystem.IsWindows() ? (PosixSignalRegistration[])[]
                : [PosixSignalRegistration.Create(FileSizeExceeded, context => context.Cancel = true)],
        ];

        if (Environment.GetEnvironmentVariable(ChildProcessStarter.StopVariable) == "1")
        {
            new Thread(CancelAtEndOfInput) { IsBackground = true, Name = "end of input" }.Start();
        }

        void Handle(PosixSignalContext context)
        {
            // Only a second signal ends the process: Ctrl+C reaches a child by itself and by the end of its input. The end of a session may come twice, from
            // shell and system.
            context.Cancel = !_signalled || context.Signal == PosixSignal.SIGHUP;
            if (_signalled)
            {
                return;
            }

            _signalled = true;
            error.WriteLine("stopping after this step; once more to stop without saving");
            Cancel();
        }
    }

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }

        lock (_gate)
        {
            _disposed = true;
            _source.Dispose();
        }
    }

    // The end of a session is a polite kill, too, except under nohup. Where the system does not say how the process began, the signal keeps its meaning.
    private static bool HangsUp() => OperatingSystem.IsLinux() && !LinuxProcess.IgnoresHangUp;

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
        lock (_gate)
        {
            if (!_disposed)
            {
                _source.Cancel();
            }
        }
    }
}
