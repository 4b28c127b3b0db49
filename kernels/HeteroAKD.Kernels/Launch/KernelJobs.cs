using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using HeteroAKD.Kernels.Lanes;

namespace HeteroAKD.Kernels.Launch;

/// <summary>A job object a kernel type, kept for reuse: launching makes no garbage.</summary>
internal abstract class KernelJob<TJob> : HostJob
    where TJob : KernelJob<TJob>, new()
{
    [ThreadStatic]
    private static TJob? s_instance;

    public static TJob Take() => s_instance ??= new TJob();
}

internal sealed class PixelJob<TKernel> : KernelJob<PixelJob<TKernel>>
    where TKernel : struct, IPixelKernel
{
    public TKernel Kernel;
    public TileGrid Grid;
    public HostPrecision Precision;

    public override void Tile(int tile, int worker)
    {
        Grid.Bounds(tile, out int row0, out int row1, out int column0, out int column1);
        if (Precision == HostPrecision.Float64)
        {
            Loop<F64>(Kernel, row0, row1, column0, column1);
            return;
        }

        int column = column0;
        if (Vector512.IsHardwareAccelerated)
        {
            column = Loop<F32x16>(Kernel, row0, row1, column, column1);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            column = Loop<F32x8>(Kernel, row0, row1, column, column1);
        }

        // A loop that is never entered is never compiled.
        if (column < column1)
        {
            column = Loop<F32x4>(Kernel, row0, row1, column, column1);
            Loop<F32>(Kernel, row0, row1, column, column1);
        }
    }

    // The columns that whole lanes fill; returns the first that is left. All rows in one call: the kernel is copied once, not for each row.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static int Loop<TLane>(TKernel kernel, int row0, int row1, int column0, int column1)
        where TLane : unmanaged, ILane<TLane>
    {
        int end = column1 - ((column1 - column0) % TLane.Width);
        if (end == column0)
        {
            return end;
        }

        for (int row = row0; row < row1; row++)
        {
            // Tested at its end: the compiler then takes what depends on the row alone, divisions above all, out of the loop.
            int column = column0;
            do
            {
                kernel.Run<TLane>(row, column);
                column += TLane.Width;
            }
            while (column < end);
        }

        return end;
    }
}

internal sealed unsafe class PixelSumJob<TKernel> : KernelJob<PixelSumJob<TKernel>>
    where TKernel : struct, IPixelSumKernel
{
    public TKernel Kernel;
    public TileGrid Grid;
    public HostPrecision Precision;
    public HostPool Pool = null!;
    public Mem Result;

    // Elements whose values are loaded and stored together: four cache lines of floats from each plane.
    private const int Block = 64;

    private double[] _partials = [];

    public void Reserve(int tiles)
    {
        if (_partials.Length < tiles * Sums<F64>.Count)
        {
            _partials = new double[tiles * Sums<F64>.Count];
        }
    }

    public override void Tile(int tile, int worker)
    {
        Grid.Bounds(tile, out int row0, out int row1, out int column0, out int column1);
        TKernel kernel = Kernel;
        byte* arena = Pool.Arena(worker, (nuint)(kernel.ScratchLength * Block * sizeof(double)));
        Span<double> sums = _partials.AsSpan(tile * Sums<F64>.Count, Sums<F64>.Count);
        sums.Clear();
        for (int row = row0; row < row1; row++)
        {
            if (Precision == HostPrecision.Float64)
            {
                Loop<F64>(kernel, row, column0, column1, arena, sums);
                continue;
            }

            int column = column0;
            if (Vector512.IsHardwareAccelerated)
            {
                column = Loop<F32x16>(kernel, row, column, column1, arena, sums);
            }
            else if (Vector256.IsHardwareAccelerated)
            {
                column = Loop<F32x8>(kernel, row, column, column1, arena, sums);
            }

            // A loop that is never entered is never compiled.
            if (column < column1)
            {
                column = Loop<F32x4>(kernel, row, column, column1, arena, sums);
                Loop<F32>(kernel, row, column, column1, arena, sums);
            }
        }
    }

    public override void Finish()
    {
        for (int k = 0; k < Sums<F64>.Count; k++)
        {
            double sum = 0;
            for (int tile = 0; tile < Grid.Count; tile++)
            {
                sum += _partials[(tile * Sums<F64>.Count) + k];
            }

            if (Precision == HostPrecision.Float64)
            {
                Result.Doubles[k] = sum;
            }
            else
            {
                Result.Floats[k] = (float)sum;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static int Loop<TLane>(TKernel kernel, int row, int column, int end, byte* arena, Span<double> sums)
        where TLane : unmanaged, ILane<TLane>
    {
        if (column + TLane.Width > end)
        {
            return column;
        }

        HostScratch<TLane> scratch = new(arena, kernel.ScratchLength);
        Sums<TLane> total = default;
        while (column + TLane.Width <= end)
        {
            int lanes = Math.Min(Block, end - column) / TLane.Width;
            kernel.Load<TLane, HostScratch<TLane>>(row, column, lanes, scratch);
            for (int lane = 0; lane < lanes; lane++)
            {
                total = Sums<TLane>.Add(total, kernel.Run<TLane, HostScratch<TLane>>(row, column + (lane * TLane.Width), scratch.Item(lane)));
            }

            kernel.Store<TLane, HostScratch<TLane>>(row, column, lanes, scratch);
            column += lanes * TLane.Width;
        }

        sums[0] += TLane.SumAcross(total.S0);
        sums[1] += TLane.SumAcross(total.S1);
        sums[2] += TLane.SumAcross(total.S2);
        sums[3] += TLane.SumAcross(total.S3);
        sums[4] += TLane.SumAcross(total.S4);
        sums[5] += TLane.SumAcross(total.S5);
        sums[6] += TLane.SumAcross(total.S6);
        sums[7] += TLane.SumAcross(total.S7);
        return column;
    }
}

internal sealed class RowJob<TKernel> : KernelJob<RowJob<TKernel>>
    where TKernel : struct, IRowKernel
{
    public TKernel Kernel;
    public int RowCount;
    public int RowsPerTile;
    public HostPrecision Precision;

    public override void Tile(int tile, int worker)
    {
        int row = tile * RowsPerTile;
        int end = Math.Min(RowCount, row + RowsPerTile);
        RowsWork work = new(Kernel, row, end);
        HostLanes.Run(ref work, Precision);
    }

    private struct RowsWork(in TKernel kernel, int row, int end) : ILaneWork
    {
        private readonly TKernel _kernel = kernel;

        public readonly void Run<TLane>()
            where TLane : unmanaged, ILane<TLane> => Loop<TLane>(_kernel, row, end);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Loop<TLane>(TKernel kernel, int row, int end)
        where TLane : unmanaged, ILane<TLane>
    {
        for (; row < end; row++)
        {
            kernel.Run<TLane, HostGroup<TLane>>(default, row);
        }
    }
}
