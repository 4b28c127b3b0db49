using HeteroAKD.Tensors;

namespace HeteroAKD.DeviceBench.Timing;

/// <summary>Marks points in the work of a device and says how much time lay between them.</summary>
internal abstract class DeviceClock : IDisposable
{
    /// <summary>How it measures, in words.</summary>
    public abstract string Method { get; }

    /// <summary>The clock of a device: its own events on <c>cuda</c>, elsewhere the host's clock around a wait.</summary>
    public static DeviceClock Of(Device device) =>
        device is CudaDevice cuda ? new CudaEventClock(cuda) : new WallClock(device);

    /// <summary>Marks the point that launches have come to.</summary>
    public abstract void Mark();

    /// <summary>Seconds from one mark to another, counted from 0 since <see cref="Reset"/>; waits for them.</summary>
    public abstract double Between(int first, int second);

    /// <summary>Forgets all marks.</summary>
    public abstract void Reset();

    /// <summary>Gives back what the clock holds of the device.</summary>
    public abstract void Dispose();
}
