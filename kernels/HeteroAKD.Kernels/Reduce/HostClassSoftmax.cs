using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Reduce;

/// <summary>
/// <see cref="ClassSoftmaxKernel"/> and its gradient on host threads. Planes of the classes are often a multiple of 4 KiB apart and share a set of the cache:
/// a second walk over the classes would find nothing left of the first. So some pixels of all planes are brought together in a worker's arena, the kernels run
/// there, and the result goes back; memory is read and written once.
/// </summary>
internal static class HostClassSoftmax
{
    // Planes a multiple of this apart share one set of a first-level cache: 64 sets of 64 bytes.
    private const int SetBytes = 4096;

    // So many lines, or fewer, are in a set.
    private const int Ways = 8;

    /// <summary>Whether the planes drive each other out of the caches, so that the copy pays; otherwise launch the kernels themselves.</summary>
    /// <param name="classes">C.</param>
    /// <param name="pixels">Pixels of a plane.</param>
    public static bool Serves(int classes, int pixels) => classes > Ways && pixels > 0 && (long)pixels * sizeof(float) % SetBytes == 0;

    /// <summary>y = softmax of x over its classes, or its logarithm.</summary>
    /// <param name="pool">Threads.</param>
    /// <param name="x">[N, C, pixels].</param>
    /// <param name="y">[N, C, pixels], overwritten; may be <paramref name="x"/>.</param>
    /// <param name="images">N.</param>
    /// <param name="classes">C.</param>
    /// <param name="pixels">Pixels of a plane.</param>
    /// <param name="logarithm">1 for the logarithm.</param>
    /// <param name="precision">What the memories hold.</param>
    public static void Forward(HostPool pool, Mem x, Mem y, int images, int classes, int pixels, int logarithm, HostPrecision precision)
    {
        Work work = new(pool, new ClassSoftmaxPlan(x, x, y, images, classes, pixels, logarithm, false));
        HostLanes.Run(ref work, precision);
    }

    /// <summary>∂L/∂x from the result y and ∂L/∂y, all [N, C, pixels]; <paramref name="dx"/> may be <paramref name="dy"/>.</summary>
    public static void Backward(HostPool pool, Mem y, Mem dy, Mem dx, int images, int classes, int pixels, int logarithm, HostPrecision precision)
    {
        Work work = new(pool, new ClassSoftmaxPlan(y, dy, dx, images, classes, pixels, logarithm, true));
        HostLanes.Run(ref work, precision);
    }

    private struct Work(HostPool pool, ClassSoftmaxPlan plan) : ILaneWork
    {
        public readonly void Run<TLane>()
            where TLane : unmanaged, ILane<TLane> => ClassSoftmaxJob<TLane>.Run(pool, plan);
    }
}

/// <summary>What is computed: the first input is x or y, the second dy; the output may be the second.</summary>
internal readonly record struct ClassSoftmaxPlan(Mem First, Mem Second, Mem Output, int Images, int Classes, int Pixels, int Logarithm, bool Backward);

/// <summary>Tiles of some pixels of an image, all classes.</summary>
internal sealed unsafe class ClassSoftmaxJob<TLane> : KernelJob<ClassSoftmaxJob<TLane>>
    where TLane : unmanaged, ILane<TLane>
{
    // Eight cache lines from each plane: shorter runs are fetched too slowly. With 150 classes two inputs are 170 KiB.
    private const int Block = 128;

    // A line more keeps the classes of a pixel in different sets of the cache.
    private const int Pitch = Block + 16;

    // Elements of a tile.
    private const int TileElements = 1 << 14;

    private HostPool _pool = null!;
    private ClassSoftmaxPlan _plan;
    private int _pixelsPerTile;
    private int _pieces;

    public static void Run(HostPool pool, in ClassSoftmaxPlan plan)
    {
        ClassSoftmaxJob<TLane> job = Take();
        job._pool = pool;
        job._plan = plan;
        job._pixelsPerTile = Math.Max(1, TileElements / (Math.Max(1, plan.Classes) * Block)) * Block;
        job._pieces = (plan.Pixels + job._pixelsPerTile - 1) / job._pixelsPerTile;
        pool.Run(job, plan.Images * job._pieces);
    }

    public override void Tile(int tile, int worker)
    {
        int elements = _plan.Classes * Pitch;
        int size = RegisterTile<TLane>.ElementSize;
        byte* arena = _pool.Arena(worker, (nuint)(2 * elements * size));
        Mem first = new(arena); // [classes, pitch]
        Mem second = new(arena + (elements * size)); // [classes, pitch]
        int end = Math.Min(_plan.Pixels, ((tile % _pieces) + 1) * _pixelsPerTile);
        for (int pixel = tile % _pieces * _pixelsPerTile; pixel < end; pixel += Block)
        {
            int count = Math.Min(Block, end - pixel);
            nint start = ((nint)(tile / _pieces) * _plan.Classes * _plan.Pixels) + pixel;
            Compute(first, second, start, count, size);
        }
    }

    private void Compute(Mem first, Mem second, nint start, int count, int size)
    {
        Gather(At(_plan.First, start, size), count, first);
        if (!_plan.Backward)
        {
            ClassSoftmaxKernel forward = new(first, second, _plan.Classes, Pitch, _plan.Logarithm);
            for (int i = 0; i < count; i += TLane.Width)
            {
                forward.Run<TLane>(0, i);
            }

            Scatter(second, count, At(_plan.Output, start, size));
            return;
        }

        Gather(At(_plan.Second, start, size), count, second);
        ClassSoftmaxGradientKernel backward = new(first, second, second, _plan.Classes, Pitch, _plan.Logarithm);
        for (int i = 0; i < count; i += TLane.Width)
        {
            backward.Run<TLane>(0, i);
        }

        Scatter(second, count, At(_plan.Output, start, size));
    }

    private static Mem At(Mem memory, nint element, int size) => new((byte*)memory.Address + (element * size));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Gather(Mem planes, int count, Mem block)
    {
        TLane zero = TLane.Splat(0f);
        for (int c = 0; c < _plan.Classes; c++)
        {
            for (int i = 0; i < count; i += TLane.Width)
            {
                TLane.Store(block, (c * Pitch) + i, TLane.LoadPart(planes, (c * _plan.Pixels) + i, count - i, zero));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Scatter(Mem block, int count, Mem planes)
    {
        for (int c = 0; c < _plan.Classes; c++)
        {
            for (int i = 0; i < count; i += TLane.Width)
            {
                TLane.StorePart(planes, (c * _plan.Pixels) + i, count - i, TLane.Load(block, (c * Pitch) + i));
            }
        }
    }
}
