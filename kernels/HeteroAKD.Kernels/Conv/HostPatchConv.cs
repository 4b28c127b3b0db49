using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Conv;

/// <summary>
/// Convolutions whose stride is the kernel's size (SegFormer's spatial reduction): every input element meets one output position, so the input in the order
/// of its patches, no larger than before, makes all three products plain ones. <see cref="HostConv"/> decides when.
/// </summary>
internal static class HostPatchConv
{
    /// <summary>Elements of all patches [N, OH·OW, C·R·S].</summary>
    public static int Length(in ConvShape shape) => checked(shape.Batch * Positions(shape) * Depth(shape));

    /// <summary>y = activation(weight · patches + bias + residual).</summary>
    public static void Forward<TLane>(HostPool pool, in ConvShape shape, in ConvOperands operands, Mem patches)
        where TLane : unmanaged, ILane<TLane>
    {
        PatchJob<TLane>.Gather(pool, shape, operands.Source, patches);
        HostGemm.Run<TLane>(pool, Product(shape, operands, patches), operands.IsPacked ? PackedSide.OfA(operands.Weight) : default);
    }

    /// <summary>The product of the weight with the patches.</summary>
    public static GemmArguments Product(in ConvShape shape, in ConvOperands operands, Mem patches)
    {
        int positions = Positions(shape);
        int depth = Depth(shape);
        return new GemmArguments
        {
            M = shape.OutChannels,
            N = positions,
            K = depth,
            Batch = shape.Batch,
            A = GemmMatrix.RowMajor(operands.Weight, depth),
            B = GemmMatrix.Transposed(patches, depth, batchStride: positions * depth),
            C = GemmMatrix.RowMajor(operands.Target, positions, batchStride: shape.OutChannels * positions),
            Bias = operands.Bias,
            BiasKind = operands.HasBias ? GemmBias.PerRow : GemmBias.None,
            Activation = operands.Activation,
            Residual = operands.Residual,
            HasResidual = operands.HasResidual ? 1 : 0,
        };
    }

    /// <summary>The patches of ∂L/∂x = ∂L/∂yᵀ · weight, put where they came from.</summary>
    public static void InputGradient<TLane>(HostPool pool, in ConvShape shape, in ConvOperands operands, Mem patches)
        where TLane : unmanaged, ILane<TLane>
    {
        int positions = Positions(shape);
        int depth = Depth(shape);
        HostGemm.Run<TLane>(pool, new GemmArguments
        {
            M = positions,
            N = depth,
            K = shape.OutChannels,
            Batch = shape.Batch,
            A = GemmMatrix.Transposed(operands.Source, positions, batchStride: shape.OutChannels * positions),
            B = GemmMatrix.RowMajor(operands.Weight, depth),
            C = GemmMatrix.RowMajor(patches, depth, batchStride: positions * depth),
        });
        PatchJob<TLane>.Scatter(pool, shape, patches, operands.Target, operands.Accumulate);
    }

    /// <summary>∂L/∂weight = Σ over the images of ∂L/∂y · patches.</summary>
    public static void WeightGradient<TLane>(HostPool pool, in ConvShape shape, Mem x, Mem outputGradient, Mem weightGradient, bool accumulate, Mem patches)
        where TLane : unmanaged, ILane<TLane>
    {
        int positions = Positions(shape);
        int depth = Depth(shape);
        PatchJob<TLane>.Gather(pool, shape, x, patches);
        HostGemm.RunSum<TLane>(pool, new GemmArguments
        {
            M = shape.OutChannels,
            N = depth,
            K = positions,
            Batch = shape.Batch,
            A = GemmMatrix.RowMajor(outputGradient, positions, batchStride: shape.OutChannels * positions),
            B = GemmMatrix.RowMajor(patches, depth, batchStride: positions * depth),
            C = GemmMatrix.RowMajor(weightGradient, depth),
            Beta = accumulate ? 1 : 0,
        });
    }

    private static int Positions(in ConvShape shape) => shape.OutHeight * shape.OutWidth;

    private static int Depth(in ConvShape shape) => shape.InChannels * shape.KernelSize;
}

/// <summary>Moves elements between images [N, C, H, W] and their patches [N, OH·OW, C·R·S]; a tile is some rows of patches.</summary>
internal sealed unsafe class PatchJob<TLane> : KernelJob<PatchJob<TLane>>
    where TLane : unmanaged, ILane<TLane>
{
    // So many elements a tile at least, or handing it over would cost more than the work.
    private const int TileElements = 1 << 13;

    private ConvShape _shape;
    private Mem _images; // [N, C, H, W]
    private Mem _patches; // [N, OH·OW, C·R·S]
    private Direction _direction;
    private int _rowsPerTile;

    private enum Direction
    {
        Gather,
        Scatter,
        ScatterAdd,
    }

    /// <summary>Patches from images.</summary>
    public static void Gather(HostPool pool, in ConvShape shape, Mem images, Mem patches) => Run(pool, shape, images, patches, Direction.Gather);

    /// <summary>Images from patches, overwritten or added to; what no patch covers gets 0.</summary>
    public static void Scatter(HostPool pool, in ConvShape shape, Mem patches, Mem images, bool accumulate) =>
        Run(pool, shape, images, patches, accumulate ? Direction.ScatterAdd : Direction.Scatter);

    public override void Tile(int tile, int worker)
    {
        int end = Math.Min(_shape.Batch * _shape.OutHeight, (tile + 1) * _rowsPerTile);
        for (int row = tile * _rowsPerTile; row < end; row++)
        {
            if (RegisterTile<TLane>.ElementSize == sizeof(float))
            {
                Move(_images.Floats, _patches.Floats, row);
            }
            else
            {
                Move(_images.Doubles, _patches.Doubles, row);
            }
        }
    }

    private static void Run(HostPool pool, in ConvShape shape, Mem images, Mem patches, Direction direction)
    {
        PatchJob<TLane> job = Take();
        job._shape = shape;
        job._images = images;
        job._patches = patches;
        job._direction = direction;
        job._rowsPerTile = Math.Max(1, TileElements / Math.Max(1, shape.OutWidth * shape.InChannels * shape.KernelSize));
        pool.Run(job, ((shape.Batch * shape.OutHeight) + job._rowsPerTile - 1) / job._rowsPerTile);
    }

    // Row of patches index, counted through all images.
    private void Move<T>(T* images, T* patches, int index)
        where T : unmanaged, System.Numerics.IAdditionOperators<T, T, T>
    {
        int image = index / _shape.OutHeight;
        int patchRow = index - (image * _shape.OutHeight);
        int depth = _shape.InChannels * _shape.KernelSize;
        T* row = patches + ((nint)index * _shape.OutWidth * depth);
        for (int c = 0; c < _shape.InChannels; c++)
        {
            T* plane = images + (((nint)image * _shape.InChannels) + c) * _shape.Height * _shape.Width;
            for (int r = 0; r < _shape.KernelHeight; r++)
            {
                T* line = plane + ((nint)((patchRow * _shape.KernelHeight) + r) * _shape.Width);
                MoveLine(line, row + (((c * _shape.KernelHeight) + r) * _shape.KernelWidth), depth);
            }

            if (_direction == Direction.Scatter && patchRow == _shape.OutHeight - 1)
            {
                int covered = _shape.OutHeight * _shape.KernelHeight;
                new Span<T>(plane + ((nint)covered * _shape.Width), (_shape.Height - covered) * _shape.Width).Clear();
            }
        }
    }

    // A line of an image and the piece of it that each patch of the row holds.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void MoveLine<T>(T* line, T* piece, int depth)
        where T : unmanaged, System.Numerics.IAdditionOperators<T, T, T>
    {
        int width = _shape.KernelWidth;
        for (int j = 0; j < _shape.OutWidth; j++, line += width, piece += depth)
        {
            switch (_direction)
            {
                case Direction.Gather:
                    for (int s = 0; s < width; s++)
                    {
                        piece[s] = line[s];
                    }

                    break;
                case Direction.Scatter:
                    for (int s = 0; s < width; s++)
                    {
                        line[s] = piece[s];
                    }

                    break;
                default:
                    for (int s = 0; s < width; s++)
                    {
                        line[s] += piece[s];
                    }

                    break;
            }
        }

        if (_direction == Direction.Scatter)
        {
            new Span<T>(line, _shape.Width - (_shape.OutWidth * width)).Clear();
        }
    }
}
