using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Tiles;
using HeteroAKD.Tensors.Devices;

namespace HeteroAKD.Tensors.Ops;

/// <summary>Matrix products on accelerators: chooses the kernel by layout, element types, precision and size. The host has <see cref="HostGemm"/>.</summary>
internal static class DeviceProduct
{
    /// <summary>Computes a product.</summary>
    public static void Run(Device device, in GemmArguments g)
    {
        g.Validate();
        if (g.M == 0 || g.N == 0 || g.Batch == 0 || device.TryLibrary(g))
        {
            return;
        }

        ProductPlan plan = ProductPlan.For(g.M, g.N, g.K, g.Batch);
        if (plan.Pieces == 1)
        {
            Left(device, plan, g, g);
            return;
        }

        using Tensor pieces = Tensor.Empty(device, new Shape(plan.Pieces, g.M, g.N));
        Left(device, plan, g, new GemmArguments { M = g.M, N = g.N, C = GemmMatrix.RowMajor(pieces.Mem, g.N, batchStride: g.M * g.N) });
        device.Pixel(new PieceSumKernel(pieces.Mem, plan.Pieces, g), g.M, g.N, plan.Pieces, DType.Float32);
    }

    /// <summary>Launches C = A B by tiles, in the precision of the device.</summary>
    /// <param name="device">An accelerator.</param>
    /// <param name="plan">How it is cut.</param>
    /// <param name="left">A.</param>
    /// <param name="right">B.</param>
    /// <param name="sink">C.</param>
    /// <param name="rows">Rows of C.</param>
    /// <param name="columns">Columns of C.</param>
    /// <param name="items">Products of a batch, or pieces.</param>
    /// <param name="repeatable">Whether C comes out the same if it is computed again.</param>
    /// <exception cref="DTypeMismatchException">A side holds bf16 numbers, but the device does not multiply those.</exception>
    public static void Launch<TLeft, TRight, TSink>(
        Device device, ProductPlan plan, in TLeft left, in TRight right, in TSink sink, int rows, int columns, int items, bool repeatable = true)
        where TLeft : struct, ITileSource<TLeft>
        where TRight : struct, ITileSource<TRight>
        where TSink : struct, ITileSink
    {
        if ((TLeft.Narrow || TRight.Narrow) && device.MatrixPrecision != MatrixPrecision.Bf16)
        {
            string expected = $"{DType.Float32}, as '{device.Name}' multiplies in {device.MatrixPrecision.ToString().ToLowerInvariant()}; open it with "
                + $"precision bf16 or convert with '{Cast.To.Name}'";
            throw new DTypeMismatchException("matrix product", "a factor", expected, DType.BFloat16);
        }

        switch (device.MatrixPrecision)
        {
            case MatrixPrecision.Tf32:
                new Tiled<Tf32Math, TLeft, TRight, TSink>(device, left, right, sink, rows, columns, plan.PieceDepth, items).Launch(plan.Large, repeatable);
                break;
            case MatrixPrecision.Bf16:
                new Tiled<Bf16Math, TLeft, TRight, TSink>(device, left, right, sink, rows, columns, plan.PieceDepth, items).Launch(plan.Large, repeatable);
                break;
            default:
                new Tiled<Fp32Math, TLeft, TRight, TSink>(device, left, right, sink, rows, columns, plan.PieceDepth, items).Launch(plan.Large, repeatable);
                break;
        }
    }

    // Pieces of one sum follow one another along K, the products of a batch as the matrices lie.
    private static MatrixRuns Runs(in GemmMatrix matrix, int lines, ProductPlan plan, int depth, int stepStride)
    {
        ItemStep items = plan.Pieces > 1 ? new(plan.PieceDepth * stepStride, depth) : new(matrix.BatchStride, 0);
        return new(matrix.Memory, matrix.Offset, Stride(matrix), lines, plan.PieceDepth, items);
    }

    private static void Left(Device device, ProductPlan plan, in GemmArguments g, in GemmArguments target)
    {
        switch (g.A.Memory.Narrow, Alignment.IsWhole(g.A.Memory, g.A.Offset, Stride(g.A), g.A.BatchStride))
        {
            case (0, 0):
                Left<LoosePieces>(device, plan, g, target);
                break;
            case (0, _):
                Left<WholePieces>(device, plan, g, target);
                break;
            case (_, 0):
                Left<LooseNarrowPieces>(device, plan, g, target);
                break;
            default:
                Left<WholeNarrowPieces>(device, plan, g, target);
                break;
        }
    }

    private static void Left<TPieces>(Device device, ProductPlan plan, in GemmArguments g, in GemmArguments target)
        where TPieces : struct, IPieces
    {
        MatrixRuns runs = Runs(g.A, g.M, plan, g.K, g.A.ColumnStride);
        if (g.A.ColumnStride == 1)
        {
            Right(device, plan, new DepthMatrix<TPieces>(runs), g, target);
        }
        else
        {
            Right(device, plan, new LineMatrix<TPieces>(runs), g, target);
        }
    }

    private static void Right<TLeft>(Device device, ProductPlan plan, in TLeft left, in GemmArguments g, in GemmArguments target)
        where TLeft : struct, ITileSource<TLeft>
    {
        switch (g.B.Memory.Narrow, Alignment.IsWhole(g.B.Memory, g.B.Offset, Stride(g.B), g.B.BatchStride))
        {
            case (0, 0):
                Right<TLeft, LoosePieces>(device, plan, left, g, target);
                break;
            case (0, _):
                Right<TLeft, WholePieces>(device, plan, left, g, target);
                break;
            case (_, 0):
                Right<TLeft, LooseNarrowPieces>(device, plan, left, g, target);
                break;
            default:
                Right<TLeft, WholeNarrowPieces>(device, plan, left, g, target);
                break;
        }
    }

    private static void Right<TLeft, TPieces>(Device device, ProductPlan plan, in TLeft left, in GemmArguments g, in GemmArguments target)
        where TLeft : struct, ITileSource<TLeft>
        where TPieces : struct, IPieces
    {
        MatrixRuns runs = Runs(g.B, g.N, plan, g.K, g.B.RowStride);
        MatrixSink sink = new(target);
        int count = plan.Pieces > 1 ? plan.Pieces : g.Batch;
        if (g.B.ColumnStride == 1)
        {
            Launch(device, plan, left, new LineMatrix<TPieces>(runs), sink, g.M, g.N, count, g.Beta == 0 && g.HasResidual == 0);
        }
        else
        {
            Launch(device, plan, left, new DepthMatrix<TPieces>(runs), sink, g.M, g.N, count, g.Beta == 0 && g.HasResidual == 0);
        }
    }

    // From one run of neighbours to the next.
    private static int Stride(in GemmMatrix matrix) => matrix.ColumnStride == 1 ? matrix.RowStride : matrix.ColumnStride;

    /// <summary>A product whose tile is yet to be chosen.</summary>
    private readonly struct Tiled<TMath, TLeft, TRight, TSink>(
        Device device, TLeft left, TRight right, TSink sink, int rows, int columns, int depth, int items)
        where TMath : struct, ITileMath
        where TLeft : struct, ITileSource<TLeft>
        where TRight : struct, ITileSource<TRight>
        where TSink : struct, ITileSink
    {
        public void Launch(bool planned, bool repeatable)
        {
            bool large = device.ForcedTile ?? planned;
            if (repeatable && device.ForcedTile is null)
            {
                TiledProduct product = new(typeof(TLeft), typeof(TRight), device.MatrixPrecision, rows, columns, depth, items);
                large = device.IsLargeTile(product, planned) ?? device.TryTiles(product, Launch);
            }

            Launch(large);
        }

        private void Launch(bool large)
        {
            if (large)
            {
                TiledProductKernel<LargeTile, TMath, TLeft, TRight, TSink> kernel = new(left, right, sink, rows, columns, depth, items);
                device.Block(kernel, kernel.Blocks, TMath.Threads<LargeTile>(), Tile.SharedBytes<LargeTile, TLeft, TRight>());
            }
            else
            {
                TiledProductKernel<SmallTile, TMath, TLeft, TRight, TSink> kernel = new(left, right, sink, rows, columns, depth, items);
                device.Block(kernel, kernel.Blocks, TMath.Threads<SmallTile>(), Tile.SharedBytes<SmallTile, TLeft, TRight>());
            }
        }
    }
}
