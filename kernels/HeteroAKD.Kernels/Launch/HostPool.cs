namespace HeteroAKD.Kernels.Launch;

/// <summary>A piece of work cut into tiles; the cut does not depend on the number of threads.</summary>
public abstract class HostJob
{
    /// <summary>Computes one tile. Tiles write to disjoint memory; <paramref name="worker"/> numbers the thread, for scratch.</summary>
    public abstract void Tile(int tile, int worker);

    /// <summary>What is left to do once all tiles are done, on the caller's thread.</summary>
    public virtual void Finish()
    {
    }

    internal HostJob Copy() => (HostJob)MemberwiseClone();
}

/// <summary>
/// Threads that work on the tiles of one job at a time. Which thread takes which tile is open, what a tile computes is not:
/// the same bits come out on any number of threads. Handing over a job makes no garbage.
/// </summary>
public sealed unsafe class HostPool : IDisposable
{
    // About 20 µs of spinning catches the next launch of a step without a system call; longer would steal from the data loader.
    private const int SpinIterations = 400;

    private readonly Thread[] _threads;
    private readonly object _bed = new();
    private readonly nint[] _arenas;
    private readonly nuint[] _arenaBytes;
    private readonly List<nint> _outgrown = [];
    private HostJob? _job;
    private int _tiles;
    private int _next;
    private int _running;
    private int _generation;
    private int _sleeping;
    private volatile bool _stop;
    private volatile Exception? _failure;

    /// <summary>Starts <paramref name="threads"/> - 1 threads; the caller of <see cref="Run"/> is one more. 0 takes one a core.</summary>
    public HostPool(int threads = 0)
    {
        ThreadCount = threads > 0 ? threads : Environment.ProcessorCount;
        _arenas = new nint[ThreadCount + 1];
        _arenaBytes = new nuint[ThreadCount + 1];
        _threads = new Thread[ThreadCount - 1];
        for (int i = 0; i < _threads.Length; i++)
        {
            int worker = i + 1;
            _threads[i] = new Thread(() => Work(worker)) { IsBackground = true, Name = $"kernel worker {worker}" };
            _threads[i].Start();
        }
    }

    /// <summary>Threads that compute, the caller's included.</summary>
    public int ThreadCount { get; }

    /// <summary>What is launched from now on is also noted here; null notes nothing.</summary>
    public LaunchRecording? Recording { get; set; }

    /// <summary>Computes all tiles of a job and returns when the last one is done. One call at a time.</summary>
    public void Run(HostJob job, int tiles)
    {
        Recording?.Add(job, tiles);
        RunTiles(job, tiles);
        job.Finish();
    }

    /// <summary>At least <paramref name="bytes"/> of memory of one worker, 64-byte aligned, contents undefined.</summary>
    public byte* Arena(int worker, nuint bytes)
    {
        if (_arenaBytes[worker] < bytes)
        {
            HostMemory.Free((void*)_arenas[worker]);
            nuint size = Math.Max(bytes, 1 << 20);
            _arenas[worker] = (nint)HostMemory.Allocate(size);
            _arenaBytes[worker] = size;
        }

        return (byte*)_arenas[worker];
    }

    /// <summary>
    /// At least <paramref name="bytes"/> of memory that one launch leaves for the next, 64-byte aligned, contents undefined. Recorded launches know its
    /// address, so what has become too small is kept until the end.
    /// </summary>
    public byte* SharedArena(nuint bytes)
    {
        if (_arenaBytes[ThreadCount] < bytes)
        {
            _outgrown.Add(_arenas[ThreadCount]);
            _arenas[ThreadCount] = 0;
            bytes = Math.Max(bytes, 2 * _arenaBytes[ThreadCount]);
        }

        return Arena(ThreadCount, bytes);
    }

    /// <summary>Ends the threads and frees their arenas.</summary>
    public void Dispose()
    {
        if (_stop)
        {
            return;
        }

        _stop = true;
        Interlocked.Increment(ref _generation);
        WakeSleepers();
        foreach (Thread thread in _threads)
        {
            thread.Join();
        }

        foreach (nint arena in _arenas.Concat(_outgrown))
        {
            HostMemory.Free((void*)arena);
        }
    }

    private void RunTiles(HostJob job, int tiles)
    {
        if (tiles <= 1 || _threads.Length == 0)
        {
            for (int i = 0; i < tiles; i++)
            {
                job.Tile(i, 0);
            }

            return;
        }

        _job = job;
        _tiles = tiles;
        Volatile.Write(ref _next, 0);
        Volatile.Write(ref _running, _threads.Length);
        Interlocked.Increment(ref _generation);
        WakeSleepers();

        TakeTiles(job, tiles, 0);
        SpinWait spin = default;
        while (Volatile.Read(ref _running) != 0)
        {
            spin.SpinOnce(sleep1Threshold: -1);
        }

        _job = null;
        if (_failure is { } failure)
        {
            _failure = null;
            throw new AggregateException("a kernel failed on a worker thread", failure);
        }
    }

    private void Work(int worker)
    {
        int seen = 0;
        while (true)
        {
            WaitForJob(seen);
            if (_stop)
            {
                return;
            }

            seen = Volatile.Read(ref _generation);
            try
            {
                TakeTiles(_job!, _tiles, worker);
            }
            catch (Exception exception)
            {
                _failure = exception;
            }

            Interlocked.Decrement(ref _running);
        }
    }

    private void WaitForJob(int seen)
    {
        for (int i = 0; i < SpinIterations; i++)
        {
            if (Volatile.Read(ref _generation) != seen)
            {
                return;
            }

            Thread.SpinWait(10);
        }

        lock (_bed)
        {
            Interlocked.Increment(ref _sleeping);
            while (Volatile.Read(ref _generation) == seen)
            {
                Monitor.Wait(_bed);
            }

            Interlocked.Decrement(ref _sleeping);
        }
    }

    // All or none: with counted permits a quick worker could come back and take the permit of one that has not woken yet.
    private void WakeSleepers()
    {
        if (Volatile.Read(ref _sleeping) > 0)
        {
            lock (_bed)
            {
                Monitor.PulseAll(_bed);
            }
        }
    }

    private void TakeTiles(HostJob job, int tiles, int worker)
    {
        for (int tile = Interlocked.Increment(ref _next) - 1; tile < tiles; tile = Interlocked.Increment(ref _next) - 1)
        {
            job.Tile(tile, worker);
        }
    }
}
