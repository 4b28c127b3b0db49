using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Conv;

/// <summary>
/// Copies the weights into panels [Depth, rows] for the register tile: for each pass, group and block of source channels, the target channels in panels. A tile
/// packs one such block.
/// </summary>
internal sealed unsafe class ConvWeightPacking<TLane> : KernelJob<ConvWeightPacking<TLane>>
    where TLane : unmanaged, ILane<TLane>
{
    private ConvPlan _plan = null!;
    private byte* _weight; // [O, C / groups, R, S]
    private byte* _packed; // for each pass, group and block: panels of [depth, rows]
    private int _targetStride;
    private int _sourceStride;

    /// <summary>Packs all weights. Strides say how far apart in the weight two target and two source channels of a group are.</summary>
    public static void Run(HostPool pool, ConvPlan plan, Mem weight, int targetStride, int sourceStride, Mem packed)
    {
        ConvWeightPacking<TLane> job = Take();
        job._plan = plan;
        job._weight = (byte*)weight.Address;
        job._packed = (byte*)packed.Address;
        job._targetStride = targetStride;
        job._sourceStride = sourceStride;
        pool.Run(job, plan.Geometry.Passes.Length * plan.Groups * plan.ChannelBlocks);
    }

    public override void Tile(int tile, int worker)
    {
        int block = tile % _plan.ChannelBlocks;
        int group = tile / _plan.ChannelBlocks % _plan.Groups;
        int pass = tile / _plan.ChannelBlocks / _plan.Groups;
        nint from = ((nint)group * Math.Max(_plan.TargetChannels * _targetStride, _plan.SourceChannels * _sourceStride))
            + ((nint)block * _plan.ChannelsPerBlock * _sourceStride);
        nint to = _plan.PackedStart<TLane>(pass, group, block);
        if (RegisterTile<TLane>.ElementSize == sizeof(float))
        {
            Pack(pass, _plan.ChannelsIn(block), (float*)_weight + from, (float*)_packed + to);
        }
        else
        {
            Pack(pass, _plan.ChannelsIn(block), (double*)_weight + from, (double*)_packed + to);
        }
    }

    private void Pack<T>(int pass, int channels, T* weight, T* packed)
        where T : unmanaged
    {
        ConvPass plan = _plan.Geometry.Passes[pass];
        for (int target = 0; target < _plan.TargetChannels;)
        {
            int rows = RegisterTile<TLane>.PanelRows(_plan.TargetChannels - target);
            for (int row = 0; row < rows; row++)
            {
                bool valid = target + row < _plan.TargetChannels;
                PackRow(plan, channels, valid ? weight + ((nint)(target + row) * _targetStride) : null, packed + row, rows);
            }

            packed += (nint)rows * channels * plan.Taps.Length;
            target += rows;
        }
    }

    // In the order of ConvPlan.Offsets; a row that only fills the panel is zero.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void PackRow<T>(ConvPass pass, int channels, T* weight, T* to, int rows)
        where T : unmanaged
    {
        ReadOnlySpan<ConvTap> taps = pass.Taps;
        if (_plan.Gathers)
        {
            foreach (ConvTap tap in taps)
            {
                for (int channel = 0; channel < channels; channel++, to += rows)
                {
                    *to = weight == null ? default : weight[((nint)channel * _sourceStride) + tap.Weight];
                }
            }

            return;
        }

        foreach (ConvKernelRow kernelRow in pass.KernelRows)
        {
            T* from = weight;
            for (int channel = 0; channel < channels; channel++)
            {
                for (int tap = kernelRow.FirstTap; tap < kernelRow.EndTap; tap++, to += rows)
                {
                    *to = weight == null ? default : from[taps[tap].Weight];
                }

                from += _sourceStride;
            }
        }
    }
}
