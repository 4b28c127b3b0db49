using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Conv;

/// <summary>Copies the weights into panels [Depth, rows] for the register tile: for each pass and group, its target channels in panels. A tile packs the panels of one pass and group.</summary>
internal sealed unsafe class ConvWeightPacking<TLane> : KernelJob<ConvWeightPacking<TLane>>
    where TLane : unmanaged, ILane<TLane>
{
    private ConvPlan _plan = null!;
    private byte* _weight; // [O, C / groups, R, S]
    private byte* _packed; // for each pass and group: panels of [Depth, rows]
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
        pool.Run(job, plan.Geometry.Passes.Length * plan.Groups);
    }

    public override void Tile(int tile, int worker)
    {
        int pass = tile / _plan.Groups;
        int group = tile % _plan.Groups;
        nint from = (nint)group * Math.Max(_plan.TargetChannels * _targetStride, _plan.SourceChannels * _sourceStride);
        nint to = _plan.PackedStart<TLane>(pass, group);
        if (RegisterTile<TLane>.ElementSize == sizeof(float))
        {
            Pack(pass, (float*)_weight + from, (float*)_packed + to);
        }
        else
        {
            Pack(pass, (double*)_weight + from, (double*)_packed + to);
        }
    }

    private void Pack<T>(int pass, T* weight, T* packed)
        where T : unmanaged
    {
        ConvTap[] taps = _plan.Geometry.Passes[pass].Taps;
        for (int target = 0; target < _plan.TargetChannels;)
        {
            int rows = RegisterTile<TLane>.PanelRows(_plan.TargetChannels - target);
            for (int row = 0; row < rows; row++)
            {
                bool valid = target + row < _plan.TargetChannels;
                T* from = weight + ((nint)(target + row) * _targetStride);
                T* to = packed + row;
                for (int source = 0; source < _plan.SourceChannels; source++, from += _sourceStride)
                {
                    foreach (ConvTap tap in taps)
                    {
                        *to = valid ? from[tap.Weight] : default;
                        to += rows;
                    }
                }
            }

            packed += (nint)rows * _plan.Depth(pass);
            target += rows;
        }
    }
}
