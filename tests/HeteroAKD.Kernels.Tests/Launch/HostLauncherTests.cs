using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Reduce;
using HeteroAKD.Kernels.Tests.Support;

namespace HeteroAKD.Kernels.Tests.Launch;

public sealed class HostLauncherTests
{
    public static TheoryData<int, int> Shapes => new() { { 0, 5 }, { 5, 0 }, { 1, 1 }, { 1, 15 }, { 1, 17 }, { 3, 64 }, { 130, 3 }, { 7, 1000 }, { 2, 5001 } };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void EveryElementIsVisitedOnce(int rows, int columns)
    {
        double[] once = [.. Enumerable.Repeat(1.0, rows * columns)];
        foreach (int cost in new[] { 1, 100, KernelCheck.SmallTiles })
        {
            KernelCheck.Matches(0, [once], host =>
            {
                Mem counts = host.Input(new double[rows * columns]);
                host.Launcher.Pixel(new CountKernel(counts, columns), rows, columns, cost, host.Precision);
                return [counts];
            });
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void SumsCoverEveryElement(int rows, int columns)
    {
        double[] x = KernelCheck.Numbers(rows * columns, 1);
        double[] expected = [x.Sum(), rows * columns, x.Sum(v => v * v), 0, 0, 0, 0, 0];
        foreach (int cost in new[] { 1, KernelCheck.SmallTiles })
        {
            KernelCheck.Matches(3e-6, [expected], host =>
            {
                Mem result = host.Output(Sums<F64>.Count);
                host.Launcher.PixelSums(new MomentsKernel(host.Input(x), columns), rows, columns, cost, result, host.Precision);
                return [result];
            });
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(67)]
    public void EveryRowIsVisitedOnce(int rows)
    {
        const int Columns = 21;
        double[] x = KernelCheck.Numbers(rows * Columns, 1);
        double[] expected = new double[rows];
        RowSumKernel<ElementTerm>.Reference(x, expected, Columns, 1);
        KernelCheck.Matches(3e-6, [expected], host =>
        {
            Mem sums = host.Output(rows);
            host.Launcher.Rows(new RowSumKernel<ElementTerm>(new(host.Input(x), Columns), sums, Columns, 1), rows, KernelCheck.SmallTiles, host.Precision);
            return [sums];
        });
    }

    [Fact]
    public void LaunchesMakeNoGarbage()
    {
        const int Columns = 1000;
        using HostRun host = new(HostPrecision.Float32, 2);
        Mem x = host.Input(new double[Columns]);
        Mem result = host.Output(Sums<F64>.Count);
        void Step()
        {
            host.Launcher.Pixel(new CountKernel(x, Columns), 1, Columns, KernelCheck.SmallTiles, host.Precision);
            host.Launcher.PixelSums(new MomentsKernel(x, Columns), 1, Columns, KernelCheck.SmallTiles, result, host.Precision);
            host.Launcher.Rows(new RowSumKernel<ElementTerm>(new(x, Columns), result, Columns, 1), 1, KernelCheck.SmallTiles, host.Precision);
        }

        for (int i = 0; i < 3; i++)
        {
            Step();
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            Step();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void ScratchOfAPixelIsItsOwn()
    {
        const int Rows = 3, Columns = 133;
        double[] expected = [Rows * Columns * 10.0, 0, 0, 0, 0, 0, 0, 0];
        KernelCheck.Matches(0, [expected], host =>
        {
            Mem result = host.Output(Sums<F64>.Count);
            host.Launcher.PixelSums(default(ScratchKernel), Rows, Columns, KernelCheck.SmallTiles, result, host.Precision);
            return [result];
        });
    }

    private readonly struct CountKernel(Mem counts, int columns) : IPixelKernel
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Run<TLane>(int row, int column)
            where TLane : unmanaged, ILane<TLane>
        {
            int i = (row * columns) + column;
            TLane.Store(counts, i, TLane.Load(counts, i) + TLane.Splat(1f));
        }
    }

    private readonly struct MomentsKernel(Mem x, int columns) : IPixelSumKernel
    {
        public int ScratchLength => 0;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Load<TLane, TScratch>(int row, int column, int lanes, TScratch scratch)
            where TLane : unmanaged, ILane<TLane>
            where TScratch : struct, IScratch<TLane>
        {
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Store<TLane, TScratch>(int row, int column, int lanes, TScratch scratch)
            where TLane : unmanaged, ILane<TLane>
            where TScratch : struct, IScratch<TLane>
        {
        }

        public Sums<TLane> Run<TLane, TScratch>(int row, int column, TScratch scratch)
            where TLane : unmanaged, ILane<TLane>
            where TScratch : struct, IScratch<TLane>
        {
            TLane value = TLane.Load(x, (row * columns) + column);
            Sums<TLane> sums = default;
            sums.S0 = value;
            sums.S1 = TLane.Splat(1f);
            sums.S2 = value * value;
            return sums;
        }
    }

    private readonly struct ScratchKernel : IPixelSumKernel
    {
        public int ScratchLength => 5;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Load<TLane, TScratch>(int row, int column, int lanes, TScratch scratch)
            where TLane : unmanaged, ILane<TLane>
            where TScratch : struct, IScratch<TLane>
        {
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Store<TLane, TScratch>(int row, int column, int lanes, TScratch scratch)
            where TLane : unmanaged, ILane<TLane>
            where TScratch : struct, IScratch<TLane>
        {
        }

        public Sums<TLane> Run<TLane, TScratch>(int row, int column, TScratch scratch)
            where TLane : unmanaged, ILane<TLane>
            where TScratch : struct, IScratch<TLane>
        {
            TLane total = TLane.Splat(0f);
            for (int k = 0; k < ScratchLength; k++)
            {
                scratch.Set(k, TLane.Splat(k));
            }

            for (int k = 0; k < ScratchLength; k++)
            {
                total += scratch.Get(k);
            }

            Sums<TLane> sums = default;
            sums.S0 = total;
            return sums;
        }
    }
}
