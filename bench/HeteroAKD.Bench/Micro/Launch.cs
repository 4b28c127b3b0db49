using System.Runtime.CompilerServices;
using BenchmarkDotNet.Attributes;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Bench.Micro;

/// <summary>What a launch on the host costs: a kernel that does nothing, on the caller's thread alone and handed over to all of them.</summary>
public class Launch
{
    // With the cost of a whole tile to an element, the launcher makes its smallest tiles, of 64 elements.
    private const int Cost = 1 << 15;
    private const int TileElements = 64;

    private HostPool _pool = null!;
    private HostLauncher _launcher = null!;
    private int _columns;

    /// <summary>Starts the threads.</summary>
    [GlobalSetup]
    public void Start()
    {
        _pool = new HostPool();
        _launcher = new HostLauncher(_pool);
        _columns = TileElements * _pool.ThreadCount;
    }

    /// <summary>Ends them.</summary>
    [GlobalCleanup]
    public void Stop() => _pool.Dispose();

    /// <summary>One tile: stays on the caller's thread.</summary>
    [Benchmark(Baseline = true)]
    public void OneTile() => _launcher.Pixel(default(Nothing), 1, 1, 1, HostPrecision.Float32);

    /// <summary>A tile for every thread.</summary>
    [Benchmark]
    public void TileForEachThread() => _launcher.Pixel(default(Nothing), 1, _columns, Cost, HostPrecision.Float32);

    private readonly struct Nothing : IPixelKernel
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Run<TLane>(int row, int column)
            where TLane : unmanaged, ILane<TLane>
        {
        }
    }
}
