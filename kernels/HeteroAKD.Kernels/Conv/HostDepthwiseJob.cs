using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Conv;

/// <summary>
/// Depth-wise correlations: each plane is padded into the arena and convolved there; four lanes of the row at a time hide the latency of the sums.
/// </summary>
internal sealed unsafe class HostDepthwiseJob<TLane> : KernelJob<HostDepthwiseJob<TLane>>
    where TLane : unmanaged, ILane<TLane>
{
    private const int Vectors = 4;

    private HostPool _pool = null!;
    private ConvPlan _plan = null!;
    private ConvOperands _operands;
    private int _kernelSize;

    /// <summary>Computes the whole target; the weights are as the caller has them, [channels, 1, R, S].</summary>
    public static void Run(HostPool pool, ConvPlan plan, in ConvOperands operands, int kernelSize)
    {
        HostDepthwiseJob<TLane> job = Take();
        job._pool = pool;
        job._plan = plan;
        job._operands = operands;
        job._kernelSize = kernelSize;
        pool.Run(job, plan.Tiles);
    }

    public override void Tile(int tile, int worker)
    {
        ConvTile part = _plan.TileAt(tile);
        int size = RegisterTile<TLane>.ElementSize;
        int sumBytes = (Vectors + 1) * 64;
        byte* arena = _pool.Arena(worker, (nuint)sumBytes + ((nuint)_plan.Planes.Length(1) * (nuint)size));
        int channel = part.GroupBlock * _plan.GroupsPerTile;
        int end = Math.Min(_plan.Groups, channel + _plan.GroupsPerTile);
        for (; channel < end; channel++)
        {
            _plan.Pad<TLane>(_operands.Source, channel, 0, part.Image, part.Images, part.GridRow, arena + sumBytes);
            for (int pass = 0; pass < _plan.Geometry.Passes.Length; pass++)
            {
                Correlate(part, pass, channel, (TLane*)arena, arena + sumBytes);
            }
        }
    }

    private void Correlate(in ConvTile part, int pass, int channel, TLane* sums, byte* planes)
    {
        int size = RegisterTile<TLane>.ElementSize;
        nint plane = (nint)_plan.Geometry.TargetHeight * _plan.Geometry.TargetWidth;
        nint imageStride = plane * _plan.Groups;
        nint start = channel * plane * size;
        byte* output = (byte*)_operands.Target.Address + start;
        byte* added = _operands.Added == null ? null : _operands.Added + start;
        TLane bias = _operands.HasBias ? TLane.LoadSplat(_operands.Bias, channel) : TLane.Splat(0f);
        GridWalk walk = new(_plan.Geometry, _plan.Geometry.Passes[pass], _plan.Planes, part.GridRow, part.Image, part.Images, imageStride);
        while (walk.Next(Vectors * TLane.Width))
        {
            Sum(_plan.Geometry.Passes[pass].Taps, _plan.Offsets(pass, 0), channel * _kernelSize, planes + ((nint)walk.Position * size), sums);
            walk.Store((byte*)sums, output, bias, _operands.Activation, added);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Sum(ConvTap[] taps, int* offsets, int weight, byte* position, TLane* sums)
    {
        Mem weights = _operands.Weight;
        TLane s0 = TLane.Splat(0f), s1 = s0, s2 = s0, s3 = s0;
        for (int t = 0; t < taps.Length; t++)
        {
            TLane factor = TLane.LoadSplat(weights, weight + taps[t].Weight);
            TLane* from = (TLane*)(position + offsets[t]);
            TLane.AddProduct(ref s0, factor, from[0]);
            TLane.AddProduct(ref s1, factor, from[1]);
            TLane.AddProduct(ref s2, factor, from[2]);
            TLane.AddProduct(ref s3, factor, from[3]);
        }

        sums[0] = s0;
        sums[1] = s1;
        sums[2] = s2;
        sums[3] = s3;
    }
}
