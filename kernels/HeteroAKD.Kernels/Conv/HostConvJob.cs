using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Pixelwise;

namespace HeteroAKD.Kernels.Conv;

/// <summary>The buffers and the epilogue of a correlation on the host; strides in elements.</summary>
internal struct ConvOperands
{
    /// <summary>[N, groups x SourceChannels, SourceHeight, SourceWidth].</summary>
    public Mem Source;

    /// <summary>[N, groups x TargetChannels, TargetHeight, TargetWidth].</summary>
    public Mem Target;

    /// <summary>Weights: panels for <see cref="HostConvJob{TLane}"/>, as they are for <see cref="HostDepthwiseJob{TLane}"/>.</summary>
    public Mem Weight;

    /// <summary>[groups x TargetChannels] where <see cref="HasBias"/>.</summary>
    public Mem Bias;

    /// <summary>Whether there is a bias.</summary>
    public bool HasBias;

    /// <summary>Applied last.</summary>
    public ActivationKind Activation;

    /// <summary>Add to the target instead of overwriting it.</summary>
    public bool Accumulate;
}

/// <summary>
/// Correlations as matrix products without im2col: a tile pads its piece of the source into the worker's arena, where it stays in the cache while all
/// target channels are computed from it.
/// </summary>
internal sealed unsafe class HostConvJob<TLane> : KernelJob<HostConvJob<TLane>>
    where TLane : unmanaged, ILane<TLane>
{
    private HostPool _pool = null!;
    private ConvPlan _plan = null!;
    private ConvOperands _operands;

    /// <summary>Computes the whole target from the source and packed weights.</summary>
    public static void Run(HostPool pool, ConvPlan plan, in ConvOperands operands)
    {
        HostConvJob<TLane> job = Take();
        job._pool = pool;
        job._plan = plan;
        job._operands = operands;
        pool.Run(job, plan.Tiles);
    }

    public override void Tile(int tile, int worker)
    {
        int targets = tile % _plan.TargetBlocks;
        int rest = tile / _plan.TargetBlocks;
        int groupBlock = rest % _plan.GroupBlocks;
        rest /= _plan.GroupBlocks;
        int gridRow = rest % _plan.RowBlocks * _plan.Planes.GridRows;
        int image = rest / _plan.RowBlocks * _plan.Planes.Images;
        int images = Math.Min(_plan.Planes.Images, _plan.Batch - image);

        // One more lane: a segment of a run is read in whole lanes.
        int size = RegisterTile<TLane>.ElementSize;
        int tileBytes = (((2 * RegisterTile<TLane>.MaxRows) + 1) * sizeof(TLane) + 63) / 64 * 64;
        byte* arena = _pool.Arena(worker, (nuint)tileBytes + ((nuint)_plan.Planes.Length(_plan.SourceChannels) * (nuint)size));
        int group = groupBlock * _plan.GroupsPerTile;
        int groupEnd = Math.Min(_plan.Groups, group + _plan.GroupsPerTile);
        for (; group < groupEnd; group++)
        {
            Pad(group, image, images, gridRow, arena + tileBytes);
            for (int pass = 0; pass < _plan.Geometry.Passes.Length; pass++)
            {
                Correlate(pass, group, targets, image, images, gridRow, (TLane*)arena, arena + tileBytes);
            }
        }
    }

    private void Pad(int group, int image, int images, int gridRow, byte* planes)
    {
        nint plane = (nint)_plan.Geometry.SourceHeight * _plan.Geometry.SourceWidth;
        nint imageStride = plane * _plan.SourceChannels * _plan.Groups;
        nint start = (image * imageStride) + (plane * _plan.SourceChannels * group);
        if (RegisterTile<TLane>.ElementSize == sizeof(float))
        {
            _plan.Planes.Fill(_operands.Source.Floats + start, imageStride, _plan.SourceChannels, images, gridRow, (float*)planes);
        }
        else
        {
            _plan.Planes.Fill(_operands.Source.Doubles + start, imageStride, _plan.SourceChannels, images, gridRow, (double*)planes);
        }
    }

    private void Correlate(int pass, int group, int targetBlock, int image, int images, int gridRow, TLane* tile, byte* planes)
    {
        int size = RegisterTile<TLane>.ElementSize;
        int depth = _plan.Depth(pass);
        int perBlock = (_plan.TargetChannels + _plan.TargetBlocks - 1) / _plan.TargetBlocks;
        byte* panel = (byte*)_operands.Weight.Address + ((nint)_plan.PackedStart<TLane>(pass, group) * size);
        for (int target = 0; target < _plan.TargetChannels;)
        {
            int rows = RegisterTile<TLane>.PanelRows(_plan.TargetChannels - target);

            // A panel belongs to the part of the channels in which it begins.
            if (target / perBlock == targetBlock)
            {
                int valid = Math.Min(rows, _plan.TargetChannels - target);
                CorrelatePanel(pass, (group * _plan.TargetChannels) + target, rows, valid, image, images, gridRow, panel, tile, planes);
            }

            panel += (nint)rows * depth * size;
            target += rows;
        }
    }

    private void CorrelatePanel(int pass, int target, int rows, int valid, int image, int images, int gridRow, byte* panel, TLane* tile, byte* planes)
    {
        int size = RegisterTile<TLane>.ElementSize;
        int depth = _plan.Depth(pass);
        int* offsets = _plan.Offsets(pass);
        nint plane = (nint)_plan.Geometry.TargetHeight * _plan.Geometry.TargetWidth;
        nint imageStride = plane * _plan.TargetChannels * _plan.Groups;
        byte* output = (byte*)_operands.Target.Address + (((image * imageStride) + (target * plane)) * size);
        GridWalk walk = new(_plan.Geometry, _plan.Geometry.Passes[pass], _plan.Planes, gridRow, images, imageStride);
        while (walk.Next(RegisterTile<TLane>.MaxColumns))
        {
            int vectors = walk.Columns > TLane.Width ? 2 : 1;
            TableColumns columns = new(planes + ((nint)walk.Position * size), offsets, size);
            RegisterTile<TLane>.Multiply(rows, vectors, panel, columns, depth, tile);
            for (int row = 0; row < valid; row++)
            {
                TLane bias = _operands.HasBias ? TLane.LoadSplat(_operands.Bias, target + row) : TLane.Splat(0f);
                walk.Store((byte*)(tile + (row * vectors)), output + (row * plane * size), bias, _operands.Activation, _operands.Accumulate);
            }
        }
    }
}
