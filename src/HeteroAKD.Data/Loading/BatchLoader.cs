using System.Diagnostics;
using System.Runtime.ExceptionServices;
using HeteroAKD.Nn;

namespace HeteroAKD.Data;

/// <summary>
/// An endless sequence of batches, epoch after epoch, made ahead by background threads into a ring of reused buffers. Batch k depends on the data set, the
/// options and k alone, so <see cref="Position"/> is all that a checkpoint has to keep, and the number of threads changes nothing.
/// </summary>
public sealed class BatchLoader : IBatchSource, IDisposable
{
    private readonly object _gate = new();
    private readonly Slot[] _ring;
    private readonly Thread[] _threads;
    private readonly BatchFiller? _inline;
    private Slot? _handedOut;
    private long _position; // the batch that Next will return
    private long _claimed;  // the batch that a free thread will make
    private bool _stopping;

    /// <summary>Starts making batches from position 0.</summary>
    /// <exception cref="DatasetException">The data set is empty or smaller than one batch, or an option is out of its range.</exception>
    public BatchLoader(ISegmentationDataset dataset, LoaderOptions options)
    {
        Validate(dataset, options);
        Dataset = dataset;
        Options = options;
        BatchesPerEpoch = BatchFiller.BatchesPerEpoch(dataset.Count, options);
        _inline = options.Threads == 0 ? new BatchFiller(dataset, options) : null;
        _ring = new Slot[options.Threads == 0 ? 1 : Math.Max(options.Prefetch, options.Threads) + 1]; // one more is in the consumer's hands
        for (int i = 0; i < _ring.Length; i++)
        {
            _ring[i] = new Slot();
        }
        _threads = new Thread[options.Threads];
        for (int i = 0; i < _threads.Length; i++)
        {
            _threads[i] = new Thread(Work) { IsBackground = true, Name = $"BatchLoader {i}" };
            _threads[i].Start();
        }
    }

    /// <summary>Where the batches come from.</summary>
    public ISegmentationDataset Dataset { get; }

    /// <summary>How they are made.</summary>
    public LoaderOptions Options { get; }

    /// <summary>Batches in one pass over the data set.</summary>
    public int BatchesPerEpoch { get; }

    /// <inheritdoc/>
    public long Position
    {
        get
        {
            lock (_gate)
            {
                return _position;
            }
        }
    }

    /// <summary>Seconds that <see cref="Next"/> has spent so far: near 0 while the loader keeps up.</summary>
    public double WaitSeconds { get; private set; }

    /// <summary>The next batch, valid until the next call. What went wrong on a thread is thrown here, again at every call until <see cref="Seek"/>.</summary>
    public Batch Next()
    {
        long start = Stopwatch.GetTimestamp();
        Slot slot = _inline is null ? WaitForSlot() : FillInline(_inline);
        WaitSeconds += Stopwatch.GetElapsedTime(start).TotalSeconds;
        return slot.Batch;
    }

    /// <inheritdoc/>
    public void Seek(long position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        lock (_gate)
        {
            foreach (Slot slot in _ring)
            {
                slot.Stale |= slot.State == SlotState.Filling;
                if (slot.State == SlotState.Ready)
                {
                    slot.State = SlotState.Free;
                }
            }
            _position = _claimed = position;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Stops the threads; a batch still held must not be used any more.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _stopping = true;
            Monitor.PulseAll(_gate);
        }
        foreach (Thread thread in _threads)
        {
            thread.Join();
        }
    }

    private static void Validate(ISegmentationDataset dataset, LoaderOptions options)
    {
        if (options.BatchSize < 1 || options.Threads < 0 || options.Prefetch < 0)
        {
            throw new DatasetException(
                null, $"BatchLoader: batch size {options.BatchSize}, {options.Threads} threads, prefetch {options.Prefetch}", "At least 1, 0 and 0 are needed");
        }
        if (dataset.Count == 0 || (options.DropLast && dataset.Count < options.BatchSize))
        {
            throw new DatasetException(
                null, $"{dataset.Count} images do not fill one batch of {options.BatchSize}", $"Set training.batchSize, and teacher.batchSize if there is "
                    + $"one, to at most {Math.Max(1, dataset.Count)}");
        }
        options.Augmentation.Validate();
    }

    private Slot FillInline(BatchFiller filler)
    {
        ObjectDisposedException.ThrowIf(_stopping, this);
        filler.Fill(_ring[0].Batch, _position);
        lock (_gate)
        {
            _position++;
        }
        return _ring[0];
    }

    private Slot WaitForSlot()
    {
        lock (_gate)
        {
            if (_handedOut is not null)
            {
                _handedOut.State = SlotState.Free;
                _handedOut = null;
                Monitor.PulseAll(_gate);
            }
            while (true)
            {
                ObjectDisposedException.ThrowIf(_stopping, this);
                if (Find(SlotState.Ready, _position) is { } slot)
                {
                    slot.Failure?.Throw();
                    slot.State = SlotState.HandedOut;
                    _handedOut = slot;
                    _position++;
                    return slot;
                }
                Monitor.Wait(_gate);
            }
        }
    }

    private void Work()
    {
        BatchFiller filler = new(Dataset, Options);
        while (Claim() is { } slot)
        {
            try
            {
                filler.Fill(slot.Batch, slot.Number);
            }
            catch (Exception failure)
            {
                slot.Failure = ExceptionDispatchInfo.Capture(failure);
            }
            lock (_gate)
            {
                slot.State = slot.Stale ? SlotState.Free : SlotState.Ready;
                Monitor.PulseAll(_gate);
            }
        }
    }

    /// <summary>
    /// Takes the next batch number and a free slot for it. Numbers are claimed in order, so the one that the consumer waits for always has a slot.
    /// </summary>
    private Slot? Claim()
    {
        lock (_gate)
        {
            while (!_stopping)
            {
                if (Find(SlotState.Free) is { } slot)
                {
                    (slot.State, slot.Number, slot.Stale, slot.Failure) = (SlotState.Filling, _claimed++, false, null);
                    return slot;
                }
                Monitor.Wait(_gate);
            }
            return null;
        }
    }

    private Slot? Find(SlotState state, long number = -1)
    {
        foreach (Slot slot in _ring)
        {
            if (slot.State == state && (number < 0 || slot.Number == number))
            {
                return slot;
            }
        }
        return null;
    }

    private enum SlotState
    {
        Free,
        Filling,
        Ready,
        HandedOut,
    }

    private sealed class Slot
    {
        public Batch Batch { get; } = new();

        public SlotState State { get; set; }

        public long Number { get; set; }

        /// <summary>A seek made the batch that is being filled worthless.</summary>
        public bool Stale { get; set; }

        public ExceptionDispatchInfo? Failure { get; set; }
    }
}
