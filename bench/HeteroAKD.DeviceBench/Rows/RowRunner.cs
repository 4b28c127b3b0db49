using HeteroAKD.DeviceBench.Timing;
using HeteroAKD.Tensors;

namespace HeteroAKD.DeviceBench.Rows;

/// <summary>Runs rows on a device: results first, then times and memory.</summary>
internal sealed class RowRunner : IDisposable
{
    private const int SmallFlushBytes = 1 << 20;
    private const int FullFlushBytes = 256 << 20; // as do_bench: several times the second-level cache of any card

    private readonly Device _device;
    private readonly Device _cpu;
    private readonly DeviceTimer _timer;
    private readonly bool _small;

    /// <summary>Opens the host as the reference.</summary>
    /// <param name="device">Where rows run.</param>
    /// <param name="seconds">How long a row is measured.</param>
    /// <param name="small">Whether rows have their small sizes.</param>
    public RowRunner(Device device, double seconds, bool small)
    {
        _device = device;
        _cpu = Device.Open("cpu");
        _small = small;
        _timer = new DeviceTimer(device, seconds, small ? SmallFlushBytes : FullFlushBytes);
    }

    /// <summary>How time is measured, in words.</summary>
    public string Method => _timer.Method;

    /// <summary>Runs a row. What it throws becomes its message: one broken operation does not keep the others from being measured.</summary>
    /// <param name="row">The row.</param>
    /// <param name="precision">Another precision than the row's own, or null.</param>
    public RowResult Run(RowSpec row, string? precision = null)
    {
        RowResult result = new() { Id = row.Id, Status = RowStatus.Failed, Precision = precision ?? row.Precision };
        try
        {
            PrecisionSetting.Apply(_device, result.Precision);
        }
        catch (HeteroAkdException e)
        {
            return result with { Status = RowStatus.Unavailable, Message = e.Message };
        }

        try
        {
            return Run(row, result);
        }
        catch (Exception e)
        {
            return result with { Message = $"{e.GetType().Name}: {e.Message.Split('\n')[0].Trim()}" };
        }
        finally
        {
            _device.Allocator.Trim();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer.Dispose();
        _cpu.Dispose();
    }

    private RowResult Run(RowSpec row, RowResult result)
    {
        RowCheck check = Check(row, result.Precision);
        result = result with { Error = check.Error, Allowed = check.Allowed };
        if (!check.Passed)
        {
            return result with
            {
                Status = RowStatus.Wrong,
                Message = FormattableString.Invariant($"{check.Worst} is off by {check.Error:0.0e0}, allowed {check.Allowed:0.0e0}"),
            };
        }

        RowSizes sizes = _small ? row.Small : row.Full;
        OpRecipe? recipe = OpRecipe.Of(row.Kind, sizes);
        using RowWork work = recipe is not null ? new OpWork(recipe, _device) : Compose(row.Kind, sizes, _device);
        WarmUp(work);
        long peak = Peak(work);
        RowTiming timing = _timer.Measure(work);
        double? moved = recipe?.Moved ?? (work as AdamWork)?.Moved;
        return result with
        {
            Status = RowStatus.Ok,
            Message = work.Note,
            Full = timing.Full,
            Forward = timing.Forward,
            Backward = timing.Backward,
            Repetitions = timing.Repetitions,
            PeakBytes = peak,
            MinimalBytes = sizeof(float) * moved,
            Flops = recipe is { Flops: > 0 } ? recipe.Flops : null,
        };
    }

    private RowCheck Check(RowSpec row, string precision) => row.Kind switch
    {
        "step" => StepWork.Check(_device, _cpu, row.Small, precision),
        "adamw" => AdamWork.Check(_device, row.Small),
        _ => RowCheck.Of(_device, _cpu, OpRecipe.Of(row.Kind, row.Small) ?? throw Unknown(row.Kind), precision),
    };

    private static RowWork Compose(string kind, RowSizes sizes, Device device) => kind switch
    {
        "step" => new StepWork(device, sizes),
        "adamw" => new AdamWork(device, sizes),
        _ => throw Unknown(kind),
    };

    private static HeteroAkdException Unknown(string kind) => new($"rows.json: there is no kind of row '{kind}'");

    // Kernels are compiled at their first launch; a step is recorded in its first ones.
    private void WarmUp(RowWork work)
    {
        for (int i = 0; i < work.WarmUpRuns; i++)
        {
            work.Run(() => { });
        }

        _device.Synchronize();
    }

    private long Peak(RowWork work)
    {
        long inUse = _device.Allocator.InUse;
        _device.Allocator.ResetPeak();
        work.Run(() => { });
        _device.Synchronize();
        return _device.Allocator.Peak - inUse;
    }
}
