using ILGPU.Runtime.Cuda;

namespace HeteroAKD.DeviceBench.Timing;

/// <summary>CUDA events on the stream that all launches go to: recording one does not wait.</summary>
internal sealed class CudaEventClock : DeviceClock
{
    private const double SecondsPerMillisecond = 1e-3;

    private readonly nint _stream;
    private readonly List<nint> _events = []; // kept from measurement to measurement
    private int _used;

    public CudaEventClock(HeteroAKD.Tensors.CudaDevice device)
    {
        device.Bind();
        _stream = device.Stream;
    }

    /// <inheritdoc/>
    public override string Method => "CUDA events on the device's stream";

    /// <inheritdoc/>
    public override void Mark()
    {
        if (_used == _events.Count)
        {
            CudaException.ThrowIfFailed(CudaAPI.CurrentAPI.CreateEvent(out nint created, CudaEventFlags.CU_EVENT_DEFAULT));
            _events.Add(created);
        }

        CudaException.ThrowIfFailed(CudaAPI.CurrentAPI.RecordEvent(_events[_used++], _stream));
    }

    /// <inheritdoc/>
    public override double Between(int first, int second)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(second, _used);
        CudaException.ThrowIfFailed(CudaAPI.CurrentAPI.SynchronizeEvent(_events[second]));
        CudaException.ThrowIfFailed(CudaAPI.CurrentAPI.ElapsedTime(out float milliseconds, _events[first], _events[second]));
        return milliseconds * SecondsPerMillisecond;
    }

    /// <inheritdoc/>
    public override void Reset() => _used = 0;

    /// <inheritdoc/>
    public override void Dispose()
    {
        foreach (nint created in _events)
        {
            CudaException.ThrowIfFailed(CudaAPI.CurrentAPI.DestroyEvent(created));
        }

        _events.Clear();
        _used = 0;
    }
}
