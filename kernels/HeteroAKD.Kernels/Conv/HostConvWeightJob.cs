using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Conv;

/// <summary>
/// Weight gradients of layers with few channels a group (pictures, strided depth-wise layers): dot products of rows of ∂L/∂y with shifted rows of padded x,
/// partial sums a chunk of the batch. Others are <see cref="HostWeightPanelJob{TLane}"/>'s and <see cref="HostShiftedWeightJob{TLane}"/>'s.
/// </summary>
internal sealed unsafe class HostConvWeightJob<TLane> : KernelJob<HostConvWeightJob<TLane>>
    where TLane : unmanaged, ILane<TLane>
{
    private HostPool _pool = null!;
    private ConvWeightPlan _plan = null!;
    private Mem _x; // [N, C, H, W]
    private Mem _gradient; // [N, O, OH, OW]
    private Mem _partials; // [chunks, O, C / groups, R, S]

    /// <summary>Writes the partial sums of all chunks.</summary>
    public static void Run(HostPool pool, ConvWeightPlan plan, Mem x, Mem gradient, Mem partials)
    {
        HostConvWeightJob<TLane> job = Take();
        job._pool = pool;
        job._plan = plan;
        job._x = x;
        job._gradient = gradient;
        job._partials = partials;
        pool.Run(job, plan.Tiles);
    }

    public override void Tile(int tile, int worker)
    {
        ConvShape shape = _plan.Shape;
        int inputBlock = tile % _plan.InputBlocks;
        int rest = tile / _plan.InputBlocks;
        int outputBlock = rest % _plan.OutputBlocks;
        rest /= _plan.OutputBlocks;
        int chunk = rest % _plan.Chunks;
        int group = rest / _plan.Chunks * _plan.GroupsPerTile;
        int groupEnd = Math.Min(shape.Groups, group + _plan.GroupsPerTile);

        int size = RegisterTile<TLane>.ElementSize;
        int sumBytes = DotTile<TLane>.Taps * 4 * 64;
        nuint gradientBytes = (nuint)(_plan.Outputs * _plan.GradientStride * size + 63) / 64 * 64;
        byte* arena = _pool.Arena(worker, (nuint)sumBytes + gradientBytes + ((nuint)_plan.Planes.Length(_plan.Inputs) * (nuint)size));
        for (; group < groupEnd; group++)
        {
            Piece piece = new()
            {
                Output = (group * shape.GroupOutChannels) + (outputBlock * _plan.Outputs),
                Outputs = Math.Min(_plan.Outputs, shape.GroupOutChannels - (outputBlock * _plan.Outputs)),
                GroupInput = group * shape.GroupInChannels,
                Input = inputBlock * _plan.Inputs,
                Inputs = Math.Min(_plan.Inputs, shape.GroupInChannels - (inputBlock * _plan.Inputs)),
                Sums = (TLane*)arena,
                Gradient = arena + sumBytes,
                Planes = arena + sumBytes + gradientBytes,
                Partials = (byte*)_partials.Address + ((nint)chunk * shape.WeightLength * size),
            };
            Compute(piece, chunk);
        }
    }

    private void Compute(in Piece piece, int chunk)
    {
        if (piece.Outputs <= 0 || piece.Inputs <= 0)
        {
            return;
        }

        Clear(piece);
        int blocks = _plan.RowBlocks * _plan.ImageBlocks;
        int end = (int)((chunk + 1L) * blocks / _plan.Chunks);
        for (int block = (int)((long)chunk * blocks / _plan.Chunks); block < end; block++)
        {
            int image = block / _plan.RowBlocks * _plan.Planes.Images;
            int images = Math.Min(_plan.Planes.Images, _plan.Shape.Batch - image);
            int row = block % _plan.RowBlocks * _plan.Planes.GridRows;
            if (RegisterTile<TLane>.ElementSize == sizeof(float))
            {
                Copy(piece, _x.Floats, _gradient.Floats, image, images, row, (float*)piece.Planes, (float*)piece.Gradient);
            }
            else
            {
                Copy(piece, _x.Doubles, _gradient.Doubles, image, images, row, (double*)piece.Planes, (double*)piece.Gradient);
            }

            Multiply(piece, images);
        }
    }

    private void Clear(in Piece piece)
    {
        int weights = _plan.Shape.GroupInChannels * _plan.Shape.KernelSize;
        int size = RegisterTile<TLane>.ElementSize;
        for (int o = 0; o < piece.Outputs; o++)
        {
            int start = ((piece.Output + o) * weights) + (piece.Input * _plan.Shape.KernelSize);
            NativeMemory.Clear(piece.Partials + ((nint)start * size), (nuint)(piece.Inputs * _plan.Shape.KernelSize * size));
        }
    }

    private void Copy<T>(in Piece piece, T* x, T* gradient, int image, int images, int row, T* planes, T* copied)
        where T : unmanaged
    {
        ConvShape shape = _plan.Shape;
        nint xPlane = (nint)shape.Height * shape.Width;
        nint xImage = xPlane * shape.InChannels;
        _plan.Planes.Fill(x + (image * xImage) + ((piece.GroupInput + piece.Input) * xPlane), xImage, piece.Inputs, 0, images, row, planes);

        nint gradientPlane = (nint)shape.OutHeight * shape.OutWidth;
        int rows = Math.Min(_plan.Planes.GridRows, shape.OutHeight - row);
        for (int o = 0; o < piece.Outputs; o++)
        {
            T* to = copied + ((nint)o * _plan.GradientStride);
            for (int i = 0; i < images; i++)
            {
                T* from = gradient + ((((nint)(image + i) * shape.OutChannels) + piece.Output + o) * gradientPlane) + ((nint)row * shape.OutWidth);
                CopyRuns(from, rows, to + ((nint)i * _plan.RunsPerImage * _plan.RunLength));
            }
        }
    }

    // Rows of ∂L/∂y at the pitch of the padded planes; what lies between them is zero and takes padding out of the sums.
    private void CopyRuns<T>(T* from, int rows, T* to)
        where T : unmanaged
    {
        int width = _plan.Shape.OutWidth;
        for (int run = 0; run < _plan.RunsPerImage; run++)
        {
            Span<T> target = new(to + ((nint)run * _plan.RunLength), _plan.RunLength);
            int filled = 0;
            int end = Math.Min(rows, (run + 1) * _plan.RowsPerRun);
            for (int row = run * _plan.RowsPerRun; row < end; row++)
            {
                int at = (row - (run * _plan.RowsPerRun)) * _plan.Planes.Pitch;
                target[filled..at].Clear();
                new ReadOnlySpan<T>(from + ((nint)row * width), width).CopyTo(target[at..]);
                filled = at + width;
            }

            target[filled..].Clear();
        }
    }

    private void Multiply(in Piece piece, int images)
    {
        int size = RegisterTile<TLane>.ElementSize;
        ConvTap[] taps = _plan.Geometry.Passes[0].Taps;
        DotRuns runs = new()
        {
            Images = images,
            RunsPerImage = _plan.RunsPerImage,
            RunBytes = (nint)_plan.RunLength * size,
            PlaneRunStride = (nint)_plan.Planes.Pitch * size,
            PlaneImageStride = (nint)_plan.Planes.ImageStride * size,
            GradientStride = (nint)_plan.GradientStride * size,
        };
        nint* distances = stackalloc nint[DotTile<TLane>.Taps];
        ReadOnlySpan<int> offsets = _plan.FactorOffsets;
        int factors = piece.Inputs * taps.Length;
        int rows = piece.Outputs == 1 ? 1 : DotTile<TLane>.Rows;
        for (int o = 0; o < piece.Outputs; o += rows)
        {
            byte* gradient = piece.Gradient + (o * runs.GradientStride);
            int valid = Math.Min(rows, piece.Outputs - o);
            for (int k = 0; k < factors; k += DotTile<TLane>.Taps)
            {
                for (int i = 0; i < DotTile<TLane>.Taps; i++)
                {
                    int factor = Math.Min(k + i, factors - 1);
                    distances[i] = (nint)offsets[factor] * size;
                }

                if (rows == 1)
                {
                    DotTile<TLane>.MultiplyOne(gradient, piece.Planes, distances, runs, piece.Sums);
                }
                else
                {
                    DotTile<TLane>.Multiply(gradient, valid, piece.Planes, distances, runs, piece.Sums);
                }

                AddSums(piece, o, valid, k, Math.Min(DotTile<TLane>.Taps, factors - k));
            }
        }
    }

    private void AddSums(in Piece piece, int output, int outputs, int factor, int factors)
    {
        int weights = _plan.Shape.GroupInChannels * _plan.Shape.KernelSize;
        nint start = ((nint)(piece.Output + output) * weights) + (piece.Input * _plan.Shape.KernelSize);
        ReadOnlySpan<int> order = _plan.FactorWeights.AsSpan(factor, factors);
        if (RegisterTile<TLane>.ElementSize == sizeof(float))
        {
            AddSums((float*)piece.Partials + start, weights, outputs, order, piece.Sums);
        }
        else
        {
            AddSums((double*)piece.Partials + start, weights, outputs, order, piece.Sums);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddSums<T>(T* partials, int weights, int outputs, ReadOnlySpan<int> order, TLane* sums)
        where T : unmanaged, INumber<T>
    {
        for (int o = 0; o < outputs; o++, partials += weights, sums += DotTile<TLane>.Taps)
        {
            for (int i = 0; i < order.Length; i++)
            {
                partials[order[i]] += T.CreateTruncating(TLane.SumAcross(sums[i]));
            }
        }
    }

    /// <summary>What a tile computes and the memory it works in.</summary>
    private struct Piece
    {
        public int Output; // first output channel
        public int Outputs;
        public int GroupInput; // first input channel of the group
        public int Input; // first input channel within the group
        public int Inputs;
        public TLane* Sums; // [rows, taps] lanes
        public byte* Gradient; // [outputs, images, runs]
        public byte* Planes; // padded x
        public byte* Partials; // [O, C / groups, R, S] of this chunk
    }
}

/// <summary>Adds up the chunks of a weight gradient in order.</summary>
internal sealed unsafe class ConvWeightCombineJob<TLane> : KernelJob<ConvWeightCombineJob<TLane>>
    where TLane : unmanaged, ILane<TLane>
{
    private const int TileElements = 1 << 13;

    private Mem _partials; // [chunks, weights]
    private Mem _weightGradient; // [weights]
    private int _weights;
    private int _chunks;
    private bool _accumulate;

    /// <summary>Overwrites or adds to the weight gradient.</summary>
    public static void Run(HostPool pool, Mem partials, int chunks, Mem weightGradient, int weights, bool accumulate)
    {
        ConvWeightCombineJob<TLane> job = Take();
        job._partials = partials;
        job._weightGradient = weightGradient;
        job._weights = weights;
        job._chunks = chunks;
        job._accumulate = accumulate;
        pool.Run(job, (weights + TileElements - 1) / TileElements);
    }

    public override void Tile(int tile, int worker)
    {
        int end = Math.Min(_weights, (tile + 1) * TileElements);
        TLane zero = TLane.Splat(0f);
        for (int i = tile * TileElements; i < end; i += TLane.Width)
        {
            TLane sum = _accumulate ? TLane.LoadPart(_weightGradient, i, end - i, zero) : zero;
            for (int chunk = 0; chunk < _chunks; chunk++)
            {
                sum += TLane.LoadPart(_partials, (chunk * _weights) + i, end - i, zero);
            }

            TLane.StorePart(_weightGradient, i, end - i, sum);
        }
    }
}
