using System.Diagnostics;
using System.Runtime.InteropServices;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Bench.Machine;

/// <summary>The memory ceiling: the system's own copy, all threads at once, on buffers that no cache holds.</summary>
internal sealed unsafe class CopyBandwidth : HostJob
{
    private const long Bytes = 128L << 20;
    private const int Tiles = 64;
    private const int Repetitions = 8;

    private readonly byte* _source;
    private readonly byte* _target;

    private CopyBandwidth(byte* source, byte* target)
    {
        _source = source;
        _target = target;
    }

    /// <summary>Bytes read plus bytes written per second: the best of several copies.</summary>
    public static double Measure(HostPool pool)
    {
        byte* source = (byte*)NativeMemory.AlignedAlloc((nuint)Bytes, 4096);
        byte* target = (byte*)NativeMemory.AlignedAlloc((nuint)Bytes, 4096);
        try
        {
            NativeMemory.Fill(source, (nuint)Bytes, 1);
            CopyBandwidth job = new(source, target);
            pool.Run(job, Tiles); // the target's pages come into being here
            double best = double.PositiveInfinity;
            for (int i = 0; i < Repetitions; i++)
            {
                long start = Stopwatch.GetTimestamp();
                pool.Run(job, Tiles);
                best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
            }

            return 2.0 * Bytes / best;
        }
        finally
        {
            NativeMemory.AlignedFree(source);
            NativeMemory.AlignedFree(target);
        }
    }

    /// <inheritdoc/>
    public override void Tile(int tile, int worker)
    {
        long piece = Bytes / Tiles;
        Buffer.MemoryCopy(_source + (tile * piece), _target + (tile * piece), piece, piece);
    }
}
