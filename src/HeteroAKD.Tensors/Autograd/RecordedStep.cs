using HeteroAKD.Kernels.Launch;
using HeteroAKD.Tensors.Memory;

namespace HeteroAKD.Tensors.Autograd;

/// <summary>
/// A step whose launches were noted while it ran, to be repeated without tape, allocations or garbage. It keeps the step's tensors, whose contents every
/// replay renews, and the memory that the step used in between. For steps of fixed shapes whose every number lies in tensors: compare two recordings
/// (<see cref="DifferenceTo"/>) before trusting one.
/// </summary>
public sealed class RecordedStep : IDisposable
{
    private readonly HostDevice _device;
    private readonly StepScope _scope;
    private readonly LaunchRecording _launches;
    private readonly List<Block> _claimed;
    private bool _disposed;

    private RecordedStep(HostDevice device, StepScope scope, LaunchRecording launches, List<Block> claimed)
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
    public static bool IsSupported(Device device) => device is HostDevice && !device.Allocator.Guarded;

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

        HostDevice host = (HostDevice)device;
        LaunchRecording launches = new();
        StepScope scope = device.BeginStep();
        host.Allocator.StartTrace();
        host.Pool.Recording = launches;
        bool done = false;
        try
        {
            step();
            done = true;
        }
        finally
        {
            host.Pool.Recording = null;
            if (!done)
            {
                scope.Dispose();
                Free(host, host.Allocator.ClaimTraced());
            }
        }

        scope.Detach();
        return new RecordedStep(host, scope, launches, host.Allocator.ClaimTraced());
    }

    /// <summary>In what another recording of the same step differs, in words, or null if it does not.</summary>
    public string? DifferenceTo(RecordedStep other) => _launches.DifferenceTo(other._launches);

    /// <summary>Repeats the step.</summary>
    /// <exception cref="InvalidOperationException">The step is <see cref="Spoiled"/>.</exception>
    public void Replay()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (Spoiled is { } reason)
        {
            throw new InvalidOperationException($"the step cannot be replayed: {reason}");
        }

        _launches.Replay(_device.Pool);
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _scope.Release();
            Free(_device, _claimed);
        }
    }

    private static void Free(HostDevice device, List<Block> blocks)
    {
        foreach (Block block in blocks)
        {
            device.Allocator.Free(block);
        }
    }
}
