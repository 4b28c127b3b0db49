using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Tensors.Devices;

/// <summary>What a device notes while a step runs, to repeat it.</summary>
internal abstract class StepRecording : IDisposable
{
    /// <summary>Launches.</summary>
    public abstract int Count { get; }

    /// <summary>Why it must not be replayed, or null.</summary>
    public abstract string? Spoiled { get; }

    /// <summary>Notes that something happens that a replay would not repeat.</summary>
    public abstract void Spoil(string reason);

    /// <summary>In what another recording of the same device differs, in words, or null.</summary>
    public abstract string? DifferenceTo(StepRecording other);

    /// <summary>Makes replays ready and says how they run; empty where there is only one way.</summary>
    public virtual string Prepare() => "";

    /// <summary>Repeats the step.</summary>
    public abstract void Replay();

    /// <summary>Frees what replays need; it can still be compared.</summary>
    public virtual void Dispose()
    {
    }
}

/// <summary>Launches of a host pool.</summary>
internal sealed class HostRecording(HostPool pool) : StepRecording
{
    private readonly LaunchRecording _launches = new();

    /// <inheritdoc/>
    public override int Count => _launches.Count;

    /// <inheritdoc/>
    public override string? Spoiled => _launches.Spoiled;

    /// <summary>Notes the pool's launches from now on.</summary>
    public HostRecording Start()
    {
        pool.Recording = _launches;
        return this;
    }

    /// <inheritdoc/>
    public override void Spoil(string reason) => _launches.Spoil(reason);

    /// <inheritdoc/>
    public override string? DifferenceTo(StepRecording other) => _launches.DifferenceTo(((HostRecording)other)._launches);

    /// <inheritdoc/>
    public override void Replay() => _launches.Replay(pool);
}
