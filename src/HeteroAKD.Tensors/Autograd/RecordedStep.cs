using HeteroAKD.Tensors.Devices;
using HeteroAKD.Tensors.Memory;

namespace HeteroAKD.Tensors.Autograd;

/// <summary>
/// A step whose launches were noted while it ran, to be repeated without tape, allocations or garbage. It keeps the step's tensors, whose contents every
/// replay renews, and the memory that the step used in between. For steps of fixed shapes whose every number lies in tensors: compare two recordings
/// (<see cref="DifferenceTo"/>) before trusting one.
/// </summary>
public sealed class RecordedStep : IDisposable
{
    private readonly Device _device;
    private readonly StepScope _scope;
    private readonly StepRecording _launches;
    private readonly List<Block> _claimed;
    private bool _disposed;

    private RecordedStep(Device device, StepScope scope, StepRecording launches, List<Block> claimed)
    {
        _device = device;
        _scope = scope;
        _launches = launches;
        _claimed = claimed;
    }

    /// <summary>Launches of a replay.</summary>
    public int Launches => _launches.Count;

    /// <summary>Why the step cannot be replayed, or null.</summary>
    public string? Spoiled => _launches.Spoiled;

    /// <summary>Whether steps of a device can be recorded.</summary>
    public static bool IsSupported(Device device) => device.CanRecord;

    /// <summary>Runs a step in a scope of its own and notes what it launches.</summary>
    /// <param name="device">A device that <see cref="IsSupported"/>.</param>
    /// <param name="step">The step.</param>
    /// <exception cref="NotSupportedException">The device cannot record.</exception>
    public static RecordedStep Record(Device device, Action step)
    {
        if (!IsSupported(device))
        {
            throw new NotSupportedException($"steps cannot be recorded on '{device.Name}'{(device.Allocator.Guarded ? " with guarded memory" : "")}");
        }

        StepScope scope = device.BeginStep();
        device.Allocator.StartTrace();
        StepRecording launches = device.StartRecording();
        bool done = false;
        try
        {
            step();
            done = true;
        }
        finally
        {
            device.StopRecording();
            if (!done)
            {
                launches.Dispose();
                scope.Dispose();
                Free(device, device.Allocator.ClaimTraced());
            }
        }

        scope.Detach();
        return new RecordedStep(device, scope, launches, device.Allocator.ClaimTraced());
    }

    /// <summary>In what another recording of the same step differs, in words, or null if it does not.</summary>
    public string? DifferenceTo(RecordedStep other) => _launches.DifferenceTo(other._launches);

    /// <summary>Makes replays ready, which the first of them would else do, and says how they run; empty where there is only one way.</summary>
    public string Prepare() => _launches.Prepare();

    /// <summary>Repeats the step.</summary>
    /// <exception cref="InvalidOperationException">The step is <see cref="Spoiled"/>.</exception>
    public void Replay()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (Spoiled is { } reason)
        {
            throw new InvalidOperationException($"the step cannot be replayed: {reason}");
        }

        _launches.Replay();
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _launches.Dispose();
            _scope.Release();
            Free(_device, _claimed);
        }
    }

    private static void Free(Device device, List<Block> blocks)
    {
        foreach (Block block in blocks)
        {
            device.Allocator.Free(block);
        }
    }
}
