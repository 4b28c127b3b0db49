using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;

namespace HeteroAKD.Kernels.Conv;

/// <summary>
/// How depth-wise 3x3 convolutions that keep the size of the map are computed: some rows of a plane are copied three times, once for each kernel column,
/// with zeros where that column sees padding. Input and output then have the same pitch, so a plane is one long row and no lane is wasted, however narrow
/// the map. Made once a shape.
/// </summary>
internal sealed unsafe class ShiftedPlan
{
    // Elements of output in a block: three copies of 4 KiB and what the taps reach beyond them stay in the first-level cache.
    private const int BlockElements = 1024;

    // Multiply-adds that make a tile worth handing over.
    private const int TileWork = 1 << 17;

    private readonly byte[] _masks; // [2, MaskLength]: 1 where an element has a right neighbour, then where it has a left one

    public ShiftedPlan(in ConvShape shape, int elementSize)
    {
        Shape = shape;
        Reach = shape.DilationHeight * shape.Width;
        RowsPerBlock = Math.Clamp(BlockElements / shape.Width, Math.Min(shape.Height, shape.DilationHeight), shape.Height);
        int length = (RowsPerBlock * shape.Width) + (2 * Reach);

        // Vectors are loaded and stored past the end, and shifted ones begin before it.
        Front = (shape.DilationWidth + 15) / 16 * 16;
        Stride = (Front + length + shape.DilationWidth + 63) / 16 * 16;
        MaskLength = length + 16;
        _masks = GC.AllocateArray<byte>(2 * MaskLength * elementSize, pinned: true);
        for (int i = 0; i < MaskLength; i++)
        {
            int column = i % shape.Width;
            Set(i, column + shape.DilationWidth < shape.Width, elementSize);
            Set(MaskLength + i, column >= shape.DilationWidth, elementSize);
        }

        int planes = Math.Max(1, shape.Batch * shape.InChannels);
        PlanesPerTile = Math.Clamp(TileWork / (9 * shape.Width * shape.Height), 1, planes);
        ChannelsPerTile = Math.Clamp(TileWork / (9 * shape.Width * shape.Height * Math.Max(1, shape.Batch)), 1, shape.InChannels);
    }

    /// <summary>The convolution.</summary>
    public ConvShape Shape { get; }

    /// <summary>Elements from a position to the one that the next kernel row sees.</summary>
    public int Reach { get; }

    /// <summary>Output rows for which a plane is copied at a time.</summary>
    public int RowsPerBlock { get; }

    /// <summary>Elements before a copy begins.</summary>
    public int Front { get; }

    /// <summary>Elements from a copy to the next.</summary>
    public int Stride { get; }

    /// <summary>Elements of a mask.</summary>
    public int MaskLength { get; }

    /// <summary>Planes of a tile of a correlation.</summary>
    public int PlanesPerTile { get; }

    /// <summary>Channels of a tile of a weight gradient.</summary>
    public int ChannelsPerTile { get; }

    /// <summary>The masks; pinned.</summary>
    public Mem Masks => new(Unsafe.AsPointer(ref _masks[0]));

    /// <summary>Whether a convolution is of this kind.</summary>
    public static bool Serves(in ConvShape s)
        => s.IsDepthwise && s.KernelHeight == 3 && s.KernelWidth == 3 && s.StrideHeight == 1 && s.StrideWidth == 1
            && s.PaddingHeight == s.DilationHeight && s.PaddingWidth == s.DilationWidth && s.DilationWidth < s.Width && s.DilationHeight <= s.Height;

    private void Set(int index, bool value, int elementSize)
    {
        if (elementSize == sizeof(float))
        {
            MemoryMarshal.Cast<byte, float>(_masks.AsSpan())[index] = value ? 1 : 0;
        }
        else
        {
            MemoryMarshal.Cast<byte, double>(_masks.AsSpan())[index] = value ? 1 : 0;
        }
    }
}

/// <summary>
/// The three copies, in a worker's arena: for kernel column 0 the elements one dilation to the left, for 1 the elements themselves, for 2 those to the right.
/// </summary>
internal readonly unsafe struct ShiftedPlanes<TLane>
    where TLane : unmanaged, ILane<TLane>
{
    private readonly ShiftedPlan _plan;
    private readonly byte* _memory; // [3, Stride]

    /// <summary>Bytes of the copies.</summary>
    public static nuint Bytes(ShiftedPlan plan) => (nuint)(3 * plan.Stride * RegisterTile<TLane>.ElementSize);

    /// <summary>Takes the memory and clears it: blocks that are whole planes leave the zeros around them alone.</summary>
    public ShiftedPlanes(ShiftedPlan plan, byte* memory)
    {
        _plan = plan;
        _memory = memory;
        NativeMemory.Clear(memory, Bytes(plan));
    }

    /// <summary>What the first kernel row sees from the block's first element by kernel column <paramref name="column"/>.</summary>
    public Mem Copy(int column) => new(Start(column));

    /// <summary>Copies what output rows <paramref name="row"/> up to <paramref name="end"/> of <paramref name="plane"/> see.</summary>
    public void Fill(byte* plane, int row, int end)
    {
        int width = _plan.Shape.Width;
        int reach = _plan.Shape.DilationHeight;
        int first = Math.Max(0, row - reach);
        int last = Math.Min(_plan.Shape.Height, end + reach);
        int at = (first - row + reach) * width;
        int count = (last - first) * width;
        if (end - row < _plan.Shape.Height)
        {
            // Another block left other rows here: what the copies do not cover must be zero again.
            int shift = _plan.Shape.DilationWidth;
            int after = at + count - shift;
            for (int column = 0; column < 3; column++)
            {
                Clear(column, 0, at + shift);
                Clear(column, after, _plan.Stride - _plan.Front - after);
            }
        }

        Spread(new Mem(plane + ((nint)first * width * RegisterTile<TLane>.ElementSize)), count, at);
    }

    private void Clear(int column, int from, int count)
    {
        int size = RegisterTile<TLane>.ElementSize;
        NativeMemory.Clear(Start(column) + ((nint)from * size), (nuint)(count * size));
    }

    // Shifted stores, not shifted loads: a load would begin before the first plane in memory.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Spread(Mem source, int count, int at)
    {
        int shift = _plan.Shape.DilationWidth;
        int rightMask = _plan.MaskLength;
        Mem masks = _plan.Masks;
        Mem left = new(Start(0)), middle = new(Start(1)), right = new(Start(2));
        TLane zero = TLane.Splat(0f);
        for (int i = 0; i < count; i += TLane.Width)
        {
            TLane x = TLane.LoadPart(source, i, count - i, zero);
            TLane.Store(left, at + i + shift, TLane.SelectGreater(TLane.Load(masks, i), zero, x, zero));
            TLane.Store(middle, at + i, x);
            TLane.Store(right, at + i - shift, TLane.SelectGreater(TLane.Load(masks, rightMask + i), zero, x, zero));
        }
    }

    private byte* Start(int column) => _memory + (((nint)column * _plan.Stride) + _plan.Front) * RegisterTile<TLane>.ElementSize;
}
