using HeteroAKD.Bench.Machine;
using HeteroAKD.Tensors;
using TorchSharp;

namespace HeteroAKD.Bench.Peers;

/// <summary>Runs cases on one number of threads: results first, then times and memory.</summary>
internal sealed class PeerRunner : IDisposable
{
    private readonly HostDevice _device;
    private readonly Duel _duel;
    private readonly bool _hasPeer;

    /// <summary>Opens our device and sets libtorch's threads.</summary>
    /// <param name="threads">Threads of both sides.</param>
    /// <param name="hasPeer">Whether libtorch is there.</param>
    /// <param name="seconds">How long a case is timed, both sides together, after its warm-up.</param>
    public PeerRunner(int threads, bool hasPeer, double seconds)
    {
        _device = (HostDevice)Device.Open("cpu", threads);
        _hasPeer = hasPeer;
        _duel = new Duel(seconds);
        if (hasPeer)
        {
            torch.set_num_threads(threads);
        }

        Ceilings = Ceilings.Measure(_device.Pool);
    }

    /// <summary>What the machine could do.</summary>
    public Ceilings Ceilings { get; }

    /// <summary>Runs a case. What it throws becomes the row's message: one broken operation does not keep the others from being measured.</summary>
    public PeerRow Run(PeerCase @case)
    {
        PeerRow row = new()
        {
            Group = @case.Group,
            Case = @case.Name,
            Threads = Ceilings.Threads,
            Goal = @case.Goal,
            Work = @case.Work,
            ComputeBound = Ceilings.IsComputeBound(@case.Work),
            Status = RowStatus.Failed,
        };
        try
        {
            return Run(@case, row);
        }
        catch (Exception e)
        {
            return row with { Message = $"{e.GetType().Name}: {e.Message.Split('\n')[0].Trim()}" };
        }
        finally
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            _device.Allocator.Trim();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _device.Dispose();

    private PeerRow Run(PeerCase @case, PeerRow row)
    {
        long inUse = _device.Allocator.InUse;
        using IContender ours = @case.Ours(_device);
        using IContender? theirs = _hasPeer ? @case.Theirs(torch.ScalarType.Float32) : null;
        if (theirs is not null)
        {
            Agreement agreement = Compare(@case, ours, theirs);
            row = row with { Agreement = agreement };
            if (!agreement.Passed)
            {
                return row with
                {
                    Status = RowStatus.Wrong,
                    Message = FormattableString.Invariant($"error {agreement.Ours:E1} in {agreement.Worst}; libtorch's own is {agreement.Theirs:E1}"),
                };
            }
        }

        (Timing ourTiming, Timing? theirTiming) = _duel.Run(ours, theirs);
        return row with
        {
            Status = theirs is null ? RowStatus.NoPeer : RowStatus.Ok,
            Ours = ourTiming,
            Theirs = theirTiming,
            OursShare = Ceilings.Share(@case.Work, ourTiming.Full.Median),
            TheirsShare = theirTiming is null ? null : Ceilings.Share(@case.Work, theirTiming.Full.Median),
            Memory = Measure(ours, theirs, @case.IsReplayed ? inUse : null),
        };
    }

    private static Agreement Compare(PeerCase @case, IContender ours, IContender theirs)
    {
        using IContender truth = @case.Theirs(torch.ScalarType.Float64);
        Agreement[] agreements = [.. Enumerable.Range(0, @case.Batches)
            .Select(batch => Agreement.Of(@case, ours.Results(batch), theirs.Results(batch), truth.Results(batch)))
            .OrderBy(agreement => double.IsNaN(agreement.Ours) ? double.PositiveInfinity : agreement.Ours)];
        return agreements[agreements.Length / 2];
    }

    // Counted from what was in use before the case where that is given, else before the iteration.
    private MemoryUse Measure(IContender ours, IContender? theirs, long? before)
    {
        long inUse = before ?? _device.Allocator.InUse;
        _device.Allocator.ResetPeak();
        long garbage = GC.GetAllocatedBytesForCurrentThread();
        ours.Run();
        garbage = GC.GetAllocatedBytesForCurrentThread() - garbage;
        long peak = _device.Allocator.Peak - inUse;
        return new MemoryUse(peak, theirs is null ? null : ProcessMemory.RiseDuring(() => theirs.Run()), garbage);
    }
}
