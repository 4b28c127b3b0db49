using System.Diagnostics;
using HeteroAKD.Tensors;

namespace HeteroAKD.DeviceBench.Timing;

/// <summary>The host's clock; every mark waits for the device.</summary>
internal sealed class WallClock(Device device) : DeviceClock
{
    private readonly List<long> _marks = [];

    /// <inheritdoc/>
    public override string Method => "host clock around a wait";

    /// <inheritdoc/>
    public override void Mark()
    {
        device.Synchronize();
        _marks.Add(Stopwatch.GetTimestamp());
    }

    /// <inheritdoc/>
    public override double Between(int first, int second) => Stopwatch.GetElapsedTime(_marks[first], _marks[second]).TotalSeconds;

    /// <inheritdoc/>
    public override void Reset() => _marks.Clear();

    /// <inheritdoc/>
    public override void Dispose() => _marks.Clear();
}
