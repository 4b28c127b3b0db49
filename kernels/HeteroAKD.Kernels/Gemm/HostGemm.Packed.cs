using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Gemm;

/// <summary>A factor of a product.</summary>
public enum GemmSide
{
    /// <summary>The left one: a convolution's weight.</summary>
    A,

    /// <summary>The right one: a linear layer's weight.</summary>
    B,
}

/// <content>Products with a factor that never changes: packed once into the order in which the register tile reads it.</content>
internal static partial class HostGemm
{
    /// <summary>Elements of the packed factor; memory of the arguments is not looked at.</summary>
    public static int PackedLength(in GemmArguments arguments, GemmSide side, HostPrecision precision)
    {
        PackedLengthWork work = new(arguments, side);
        HostLanes.Run(ref work, precision);
        return work.Length;
    }

    /// <summary>Packs a factor for products of these sizes.</summary>
    /// <param name="pool">Threads.</param>
    /// <param name="arguments">Sizes, and where the factor lies; all else is not looked at.</param>
    /// <param name="side">Which factor.</param>
    /// <param name="packed"><see cref="PackedLength(in GemmArguments, GemmSide, HostPrecision)"/> elements, 64-byte aligned, overwritten.</param>
    /// <param name="precision">What both hold.</param>
    public static void Pack(HostPool pool, in GemmArguments arguments, GemmSide side, Mem packed, HostPrecision precision)
    {
        PackWork work = new(pool, arguments, side, packed);
        HostLanes.Run(ref work, precision);
    }

    /// <summary>
    /// As <see cref="Run(HostPool, in GemmArguments, HostPrecision)"/>, the same bits, with a factor from
    /// <see cref="Pack(HostPool, in GemmArguments, GemmSide, Mem, HostPrecision)"/>.
    /// </summary>
    public static void RunPacked(HostPool pool, in GemmArguments arguments, GemmSide side, Mem packed, HostPrecision precision)
    {
        PackedWork work = new(pool, arguments, new PackedSide(packed, side));
        HostLanes.Run(ref work, precision);
    }

    internal static int PackedLength<TLane>(in GemmArguments arguments, GemmSide side)
        where TLane : unmanaged, ILane<TLane>
    {
        GemmPartition partition = Partition<TLane>(arguments, arguments.K, arguments.Batch);
        GemmArguments g = partition.Chunks == 1 ? arguments : Pieces(arguments, partition.Chunks).Pieces;
        GemmOperand<TLane> operand = side == GemmSide.A ? GemmOperand<TLane>.Rows(g.A) : GemmOperand<TLane>.Columns(g.B);
        long bytes = (long)(operand.IsShared ? 1 : g.Batch) * operand.PackedBytes(side == GemmSide.A ? g.M : g.N, g.K);
        return checked((int)(bytes / RegisterTile<TLane>.ElementSize));
    }

    internal static unsafe void Pack<TLane>(HostPool pool, in GemmArguments arguments, GemmSide side, Mem packed)
        where TLane : unmanaged, ILane<TLane>
    {
        GemmPartition partition = Partition<TLane>(arguments, arguments.K, arguments.Batch);
        (GemmArguments g, int lastDepth) = partition.Chunks == 1 ? (arguments, arguments.K) : Pieces(arguments, partition.Chunks);
        if (partition.Chunks > 1)
        {
            partition = Partition<TLane>(g, g.K, g.Batch);
        }

        GemmOperand<TLane> a = GemmOperand<TLane>.Rows(g.A), b = GemmOperand<TLane>.Columns(g.B);
        byte* memory = (byte*)packed.Address;
        GemmPackingJob<TLane>.Pack(pool, g, partition, lastDepth, ref a, side == GemmSide.A ? memory : null, ref b, side == GemmSide.B ? memory : null);
    }

    private struct PackedLengthWork(in GemmArguments arguments, GemmSide side) : ILaneWork
    {
        private readonly GemmArguments _arguments = arguments;

        public int Length { get; private set; }

        public void Run<TLane>()
            where TLane : unmanaged, ILane<TLane> => Length = PackedLength<TLane>(_arguments, side);
    }

    private struct PackWork(HostPool pool, in GemmArguments arguments, GemmSide side, Mem packed) : ILaneWork
    {
        private readonly GemmArguments _arguments = arguments;

        public readonly void Run<TLane>()
            where TLane : unmanaged, ILane<TLane> => Pack<TLane>(pool, _arguments, side, packed);
    }

    private struct PackedWork(HostPool pool, in GemmArguments arguments, PackedSide packed) : ILaneWork
    {
        private readonly GemmArguments _arguments = arguments;

        public readonly void Run<TLane>()
            where TLane : unmanaged, ILane<TLane> => HostGemm.Run<TLane>(pool, _arguments, packed);
    }
}

/// <summary>A factor that lies packed; none where there is no memory.</summary>
/// <param name="Memory">The panels.</param>
/// <param name="Side">Which factor.</param>
internal readonly record struct PackedSide(Mem Memory, GemmSide Side)
{
    /// <summary>A packed left factor.</summary>
    public static PackedSide OfA(Mem memory) => new(memory, GemmSide.A);

    /// <summary>Tells the factor where its panels lie.</summary>
    public unsafe void Bind<TLane>(in GemmArguments g, ref GemmOperand<TLane> a, ref GemmOperand<TLane> b)
        where TLane : unmanaged, ILane<TLane>
    {
        if (Side == GemmSide.A)
        {
            a.PackInto((byte*)Memory.Address, g.M, g.K);
        }
        else
        {
            b.PackInto((byte*)Memory.Address, g.N, g.K);
        }
    }
}
