using System.Runtime.InteropServices;

namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>Runs the blocks of a launch one after another: the warps in turn, each until it waits or ends.</summary>
internal sealed unsafe class BlockRunner : IDisposable
{
    private const int Turn = 1 << 20;

    private readonly Warp[] _warps;

    /// <summary>Prepares the warps of a block.</summary>
    /// <param name="launch">What to run.</param>
    /// <param name="memory">What the kernel reaches.</param>
    public BlockRunner(Launch launch, DeviceMemory memory)
    {
        Launch = launch;
        Memory = memory;
        Shared = new SharedMemory(launch.Kernel, launch.DynamicSharedBytes);
        ThreadCount = (int)launch.Block.Count;
        Parameters = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(launch.Parameters.Length, 1), 64);
        launch.Parameters.CopyTo(new Span<byte>(Parameters, launch.Parameters.Length));
        _warps = new Warp[(ThreadCount + 31) / 32];
        for (int i = 0; i < _warps.Length; i++)
        {
            _warps[i] = new Warp(this, i);
        }
    }

    /// <summary>What is run.</summary>
    public Launch Launch { get; }

    /// <summary>What the kernel reaches.</summary>
    public DeviceMemory Memory { get; }

    /// <summary>The block's own memory.</summary>
    public SharedMemory Shared { get; }

    /// <summary>The parameter buffer.</summary>
    public byte* Parameters { get; }

    /// <summary>Threads of the block.</summary>
    public int ThreadCount { get; }

    /// <summary>Where in the grid the block is.</summary>
    public Dim3 BlockIndex { get; private set; }

    /// <summary>Counts of the blocks so far.</summary>
    public Statistics Statistics { get; } = new();

    /// <summary>Runs a block to its end.</summary>
    /// <param name="block">Its number, along X first.</param>
    /// <exception cref="KernelFault">The block did what has no defined result.</exception>
    public void Run(long block)
    {
        BlockIndex = Launch.Grid.At(block);
        Shared.Clear();
        foreach (Warp warp in _warps)
        {
            warp.Start();
        }

        while (true)
        {
            bool ran = false;
            foreach (Warp warp in _warps)
            {
                if (warp.State == WarpState.Ready)
                {
                    warp.Run(Turn);
                    ran = true;
                }
            }

            if (!ReleaseBarriers() && !ran)
            {
                if (Array.TrueForAll(_warps, warp => warp.State == WarpState.Ended))
                {
                    return;
                }

                throw Deadlock();
            }
        }
    }

    /// <summary>Gives native memory back.</summary>
    public void Dispose()
    {
        foreach (Warp warp in _warps)
        {
            warp.Dispose();
        }

        Shared.Dispose();
        NativeMemory.AlignedFree(Parameters);
    }

    /// <summary>Lets the warps go on whose barrier is complete: all that have not ended are there, or as many threads as it wants.</summary>
    private bool ReleaseBarriers()
    {
        bool released = false;
        foreach (Warp first in _warps)
        {
            if (first.State != WarpState.AtBarrier)
            {
                continue;
            }

            int barrier = first.Barrier;
            int arrived = _warps.Where(w => w.State == WarpState.AtBarrier && w.Barrier == barrier).Sum(w => w.ThreadCount);
            int wanted = first.BarrierThreads > 0 ? first.BarrierThreads : _warps.Where(w => w.State != WarpState.Ended).Sum(w => w.ThreadCount);
            if (arrived < wanted)
            {
                continue;
            }

            released = true;
            Shared.NextEpoch();
            foreach (Warp warp in _warps)
            {
                warp.LeaveBarrier(barrier);
            }
        }

        return released;
    }

    private KernelFault Deadlock()
    {
        IEnumerable<string> waiting = _warps.Where(w => w.State == WarpState.AtBarrier)
            .Select(w => $"warp {w.Index} waits at barrier {w.Barrier} (PTX line {w.Line})");
        IEnumerable<string> ended = _warps.Where(w => w.State == WarpState.Ended).Select(w => $"warp {w.Index} has ended");
        return new KernelFault(
            FaultKind.LaunchTimeout,
            $"kernel {Launch.Kernel.Name}, block {BlockIndex}: deadlock, no barrier can complete: {string.Join(", ", waiting.Concat(ended))}");
    }
}
