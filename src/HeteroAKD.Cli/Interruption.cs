using System.Runtime.InteropServices;

namespace HeteroAKD.Cli;

/// <summary>
/// Turns the first Ctrl+C (or a polite kill) into a cancellation, so that training can save and leave. A second one ends the process.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource source = new();
    private readonly List<PosixSignalRegistration> registrations;

    public Interruption(TextWriter error)
    {
        registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle),
        ];

        void Handle(PosixSignalContext context)
        {
            if (source.IsCancellationRequested)
            {
                return;
            }

            context.Cancel = true;
            error.WriteLine("stopping after this step; once more to stop without saving");
            source.Cancel();
        }
    }

    public CancellationToken Token => source.Token;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in registrations)
        {
            registration.Dispose();
        }

        source.Dispose();
    }
}
