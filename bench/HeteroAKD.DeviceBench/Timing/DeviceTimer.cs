using HeteroAKD.DeviceBench.Rows;
using HeteroAKD.Kernels.Pixelwise;
using HeteroAKD.Tensors;

namespace HeteroAKD.DeviceBench.Timing;

/// <summary>
/// Times work as triton.testing.do_bench does: warm-up, then repetitions for a given time, before each of them a large buffer is cleared so that the
/// second-level cache holds nothing of the work, all queued without a wait where the device has events.
/// </summary>
internal sealed class DeviceTimer : IDisposable
{
    private const int EstimateRuns = 5;
    private const int MostRepetitions = 1000;
    private const int FewestRepetitions = 3;

    // do_bench's own proportion: 25 ms of warm-up for 100 ms of measurement.
    private const double WarmUpShare = 0.25;

    private readonly Device _device;
    private readonly DeviceClock _clock;
    private readonly Tensor _flushed;
    private readonly double _seconds;

    /// <summary>Prepares a device.</summary>
    /// <param name="device">Where the work runs.</param>
    /// <param name="seconds">How long a row is measured.</param>
    /// <param name="flushBytes">Bytes that are cleared before every repetition.</param>
    public DeviceTimer(Device device, double seconds, int flushBytes)
    {
        _device = device;
        _seconds = seconds;
        _clock = DeviceClock.Of(device);
        _flushed = Tensor.Persistent(device, new Shape(flushBytes / sizeof(float)));
    }

    /// <summary>How time is measured, in words.</summary>
    public string Method => _clock.Method;

    /// <summary>Times work that has run before, so that its kernels are compiled.</summary>
    public RowTiming Measure(RowWork work)
    {
        double estimate = Estimate(work);
        Series(work, (int)Math.Clamp(WarmUpShare * _seconds / estimate, 1, MostRepetitions));
        List<Lap> laps = Series(work, (int)Math.Clamp(_seconds / estimate, FewestRepetitions, MostRepetitions));
        return new RowTiming(
            Spread.Of(laps.Select(lap => lap.Full)),
            work.IsDivided ? Spread.Of(laps.Select(lap => lap.Forward)) : null,
            work.IsDivided ? Spread.Of(laps.Select(lap => lap.Full - lap.Forward)) : null,
            laps.Count);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _clock.Dispose();
        _flushed.Dispose();
    }

    // What takes longer than the whole measurement is not repeated for its estimate.
    private double Estimate(RowWork work)
    {
        double once = Series(work, 1)[0].Full;
        return Math.Max(1e-7, once < _seconds ? Series(work, EstimateRuns).Average(lap => lap.Full) : once);
    }

    private List<Lap> Series(RowWork work, int repetitions)
    {
        int marks = work.IsDivided ? 3 : 2;
        _device.Synchronize();
        _clock.Reset();
        for (int i = 0; i < repetitions; i++)
        {
            _device.Pixel(new FillKernel(_flushed.Mem, 0, _flushed.Shape.Count), 1, _flushed.Shape.Count, 1, DType.Float32);
            _clock.Mark();
            work.Run(_clock.Mark);
            _clock.Mark();
        }

        _device.Synchronize();
        List<Lap> laps = [];
        for (int i = 0; i < repetitions; i++)
        {
            int first = i * marks;
            laps.Add(new Lap(_clock.Between(first, first + 1), _clock.Between(first, first + marks - 1)));
        }

        return laps;
    }

    private readonly record struct Lap(double Forward, double Full);
}
