using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using ILGPU;

namespace HeteroAKD.Kernels.Launch;

/// <summary>Scratch of one device thread: element i of all threads lies together, so that a warp's accesses coalesce.</summary>
public readonly struct DeviceScratch(ArrayView<float> memory, int thread, int threads) : IScratch<DeviceF32>
{
    private readonly ArrayView<float> _memory = memory; // [lanes, threads]
    private readonly int _thread = thread;
    private readonly int _threads = threads;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public DeviceF32 Get(int index) => new(_memory[(index * _threads) + _thread]);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Set(int index, DeviceF32 value) => _memory[(index * _threads) + _thread] = value.Value;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public DeviceF32 Get(int lane, int index) => Get(index);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Set(int lane, int index, DeviceF32 value) => Set(index, value);
}

/// <summary>The methods that ILGPU compiles, one for each kind of launch. A kernel type makes an instance of each.</summary>
public static class DeviceEntry
{
    /// <summary>Threads in a block of <see cref="PixelSums"/>; a power of two.</summary>
    public const int SumBlock = 128;

    /// <summary>One thread an element.</summary>
    public static void Pixel<TKernel>(TKernel kernel, int rows, int columns)
        where TKernel : struct, IPixelKernel
    {
        int i = (Grid.IdxX * Group.DimX) + Group.IdxX;
        if (i < rows * columns)
        {
            int row = i / columns;
            kernel.Run<DeviceF32>(row, i - (row * columns));
        }
    }

    /// <summary>One thread four neighbouring elements of a row; columns are a multiple of four.</summary>
    public static void WidePixel<TKernel>(TKernel kernel, int rows, int columns)
        where TKernel : struct, IPixelKernel
    {
        int i = (Grid.IdxX * Group.DimX) + Group.IdxX;
        int quads = columns >> 2;
        if (i < rows * quads)
        {
            int row = i / quads;
            kernel.Run<DeviceF32x4>(row, (i - (row * quads)) << 2);
        }
    }

    /// <summary>A fixed number of threads walk over the elements; each block leaves its eight sums in <paramref name="partials"/>.</summary>
    public static void PixelSums<TKernel>(TKernel kernel, int rows, int columns, ArrayView<float> scratch, ArrayView<float> partials)
        where TKernel : struct, IPixelSumKernel
    {
        DeviceScratch own = new(scratch, (Grid.IdxX * Group.DimX) + Group.IdxX, Grid.DimX * Group.DimX);
        SumPixels(kernel, rows, columns, own, partials);
    }

    /// <summary>As <see cref="PixelSums"/>, with the scratch in dynamic shared memory; <paramref name="scratch"/> is not used.</summary>
    public static void SharedPixelSums<TKernel>(TKernel kernel, int rows, int columns, ArrayView<float> scratch, ArrayView<float> partials)
        where TKernel : struct, IPixelSumKernel
    {
        DeviceScratch own = new(SharedMemory.GetDynamic<float>(), Group.IdxX, Group.DimX);
        SumPixels(kernel, rows, columns, own, partials);
    }

    /// <summary>Second stage of <see cref="PixelSums"/>: eight threads add the blocks' sums in block order.</summary>
    public static void Combine(ArrayView<float> partials, int blocks, ArrayView<float> result)
    {
        int k = Group.IdxX;
        if (k < Sums<DeviceF32>.Count)
        {
            float sum = 0;
            for (int block = 0; block < blocks; block++)
            {
                sum += partials[(block * Sums<DeviceF32>.Count) + k];
            }

            result[k] = sum;
        }
    }

    /// <summary>One block a row.</summary>
    public static void Rows<TKernel>(TKernel kernel, int rows)
        where TKernel : struct, IRowKernel
    {
        // rows equals the grid; it is a parameter so that every launch has the same form.
        if (Grid.IdxX < rows)
        {
            kernel.Run<DeviceF32, DeviceGroup>(default, Grid.IdxX);
        }
    }

    /// <summary>One block a row, four elements a thread; rows are a multiple of four long.</summary>
    public static void WideRows<TKernel>(TKernel kernel, int rows)
        where TKernel : struct, IRowKernel
    {
        // rows equals the grid; it is a parameter so that every launch has the same form.
        if (Grid.IdxX < rows)
        {
            kernel.Run<DeviceF32x4, WideDeviceGroup>(default, Grid.IdxX);
        }
    }

    /// <summary>One warp a row.</summary>
    public static void WarpRows<TKernel>(TKernel kernel, int rows)
        where TKernel : struct, IRowKernel
    {
        int row = ((Grid.IdxX * Group.DimX) + Group.IdxX) / WarpGroup.Size;
        if (row < rows)
        {
            kernel.Run<DeviceF32, WarpGroup>(default, row);
        }
    }

    /// <summary>One warp a row, four elements a thread; rows are a multiple of four long.</summary>
    public static void WideWarpRows<TKernel>(TKernel kernel, int rows)
        where TKernel : struct, IRowKernel
    {
        int row = ((Grid.IdxX * Group.DimX) + Group.IdxX) / WarpGroup.Size;
        if (row < rows)
        {
            kernel.Run<DeviceF32x4, WideWarpGroup>(default, row);
        }
    }

    /// <summary>A kernel with a block shape of its own.</summary>
    public static void Block<TKernel>(TKernel kernel)
        where TKernel : struct, IDeviceKernel => kernel.Run();

    private static void SumPixels<TKernel>(TKernel kernel, int rows, int columns, DeviceScratch own, ArrayView<float> partials)
        where TKernel : struct, IPixelSumKernel
    {
        int threads = Grid.DimX * Group.DimX;
        Sums<DeviceF32> total = default;
        for (int i = (Grid.IdxX * Group.DimX) + Group.IdxX; i < rows * columns; i += threads)
        {
            int row = i / columns;
            int column = i - (row * columns);
            kernel.Load<DeviceF32, DeviceScratch>(row, column, 1, own);
            total = Sums<DeviceF32>.Add(total, kernel.Run<DeviceF32, DeviceScratch>(row, column, own));
            kernel.Store<DeviceF32, DeviceScratch>(row, column, 1, own);
        }

        // One tree for all eight: a tree each would be eight times the code and the barriers.
        ArrayView<float> shared = SharedMemory.Allocate<float>(SumBlock * 8);
        int local = Group.IdxX;
        int size = Group.DimX;
        shared[local] = total.S0.Value;
        shared[size + local] = total.S1.Value;
        shared[(2 * size) + local] = total.S2.Value;
        shared[(3 * size) + local] = total.S3.Value;
        shared[(4 * size) + local] = total.S4.Value;
        shared[(5 * size) + local] = total.S5.Value;
        shared[(6 * size) + local] = total.S6.Value;
        shared[(7 * size) + local] = total.S7.Value;
        Group.Barrier();
        for (int half = size >> 1; half > 0; half >>= 1)
        {
            if (local < half)
            {
                for (int k = 0; k < Sums<DeviceF32>.Count; k++)
                {
                    shared[(k * size) + local] += shared[(k * size) + local + half];
                }
            }

            Group.Barrier();
        }

        if (local < Sums<DeviceF32>.Count)
        {
            partials[(Grid.IdxX * Sums<DeviceF32>.Count) + local] = shared[local * size];
        }
    }

    internal static float TreeSum(float value)
    {
        ArrayView<float> shared = SharedMemory.Allocate<float>(DeviceGroup.MaxSize);
        int thread = Group.IdxX;
        shared[thread] = value;
        Group.Barrier();
        for (int half = Group.DimX >> 1; half > 0; half >>= 1)
        {
            if (thread < half)
            {
                shared[thread] += shared[thread + half];
            }

            Group.Barrier();
        }

        float sum = shared[0];

        // Nobody may overwrite element 0 for the next tree before all have read it.
        Group.Barrier();
        return sum;
    }

    internal static float TreeMax(float value)
    {
        ArrayView<float> shared = SharedMemory.Allocate<float>(DeviceGroup.MaxSize);
        int thread = Group.IdxX;
        shared[thread] = value;
        Group.Barrier();
        for (int half = Group.DimX >> 1; half > 0; half >>= 1)
        {
            if (thread < half)
            {
                shared[thread] = DeviceF32.Max(new(shared[thread]), new(shared[thread + half])).Value;
            }

            Group.Barrier();
        }

        float max = shared[0];
        Group.Barrier();
        return max;
    }
}
