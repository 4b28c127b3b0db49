using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Conv;

/// <summary>
/// Weight gradients of dense convolutions as matrix products: for every tap, ∂L/∂y [outputs, positions] times the shifted input [positions, channels].
/// The input is turned once, so that the channels of a position lie side by side; every tap then reads the same copy a fixed distance away, and neither
/// padding nor stride costs a column matrix. Output rows for which a tap sees padding only are left out.
/// </summary>
internal sealed unsafe class HostWeightPanelJob<TLane> : KernelJob<HostWeightPanelJob<TLane>>
    where TLane : unmanaged, ILane<TLane>
{
    private HostPool _pool = null!;
    private WeightPanelPlan _plan = null!;
    private Mem _x; // [N, C, H, W]
    private Mem _gradient; // [N, O, OH, OW]
    private Mem _sums; // [chunks, SumsLength]

    /// <summary>Writes the sums of all chunks.</summary>
    public static void Run(HostPool pool, WeightPanelPlan plan, Mem x, Mem gradient, Mem sums)
    {
        HostWeightPanelJob<TLane> job = Take();
        job._pool = pool;
        job._plan = plan;
        job._x = x;
        job._gradient = gradient;
        job._sums = sums;
        pool.Run(job, plan.Tiles);
    }

    public override void Tile(int tile, int worker)
    {
        int inputBlock = tile % _plan.InputBlocks;
        int rest = tile / _plan.InputBlocks;
        int output = rest % _plan.OutputBlocks * _plan.Outputs;
        rest /= _plan.OutputBlocks;
        int chunk = rest % _plan.Chunks;

        int size = RegisterTile<TLane>.ElementSize;
        nuint tileBytes = (nuint)(RegisterTile<TLane>.MaxRows * RegisterTile<TLane>.MaxColumns * size);
        nuint panelBytes = (nuint)(RegisterTile<TLane>.MaxRows * _plan.ImagesPerPiece * _plan.RowsPerPiece * _plan.Shape.OutWidth * size + 63) / 64 * 64;
        nuint stripBytes = (nuint)_plan.StripPositions * (nuint)(_plan.StripWidth * size);
        byte* arena = _pool.Arena(worker, tileBytes + panelBytes + (stripBytes * (nuint)_plan.StripsPerTile));
        Piece piece = new()
        {
            Group = rest / _plan.Chunks,
            Output = output,
            OutputEnd = Math.Min(_plan.Shape.GroupOutChannels, output + _plan.Outputs),
            Strip = inputBlock * _plan.StripsPerTile,
            StripEnd = Math.Min((_plan.Shape.GroupInChannels + _plan.StripWidth - 1) / _plan.StripWidth, (inputBlock + 1) * _plan.StripsPerTile),
            Tile = (TLane*)arena,
            Panel = arena + tileBytes,
            Planes = arena + tileBytes + panelBytes,
            StripBytes = (nint)stripBytes,
            Sums = (byte*)_sums.Address + ((nint)chunk * _plan.SumsLength * size),
        };

        Clear(piece);
        int blocks = _plan.RowBlocks * _plan.ImageBlocks;
        int end = (int)((chunk + 1L) * blocks / _plan.Chunks);
        for (int block = (int)((long)chunk * blocks / _plan.Chunks); block < end; block++)
        {
            int image = block / _plan.RowBlocks * _plan.ImagesPerBlock;
            int row = block % _plan.RowBlocks * _plan.RowsPerBlock;
            Block(piece, image, Math.Min(_plan.ImagesPerBlock, _plan.Shape.Batch - image), row, Math.Min(_plan.RowsPerBlock, _plan.Shape.OutHeight - row));
        }
    }

    private void Clear(in Piece piece)
    {
        for (int strip = piece.Strip; strip < piece.StripEnd; strip++)
        {
            int width = _plan.WidthOf(strip);
            for (int tap = 0; tap < _plan.Taps.Length; tap++)
            {
                byte* sums = Sums(piece, strip, tap, piece.Output, width);
                NativeMemory.Clear(sums, (nuint)((piece.OutputEnd - piece.Output) * width * RegisterTile<TLane>.ElementSize));
            }
        }
    }

    private void Block(in Piece piece, int image, int images, int row, int rows)
    {
        for (int strip = piece.Strip; strip < piece.StripEnd; strip++)
        {
            for (int i = 0; i < images; i++)
            {
                Turn(piece, strip, image + i, row, piece.Planes + ((strip - piece.Strip) * piece.StripBytes), i);
            }
        }

        for (int i = 0; i < images; i += _plan.ImagesPerPiece)
        {
            int count = Math.Min(_plan.ImagesPerPiece, images - i);
            for (int r = 0; r < rows; r += _plan.RowsPerPiece)
            {
                Multiply(piece, image + i, count, row + r, Math.Min(_plan.RowsPerPiece, rows - r), ((i * _plan.RowsPerBlock) + r) * _plan.Shape.OutWidth);
            }
        }
    }

    // Rows of x to [position, channel] with their padding.
    private void Turn(in Piece piece, int strip, int image, int outputRow, byte* planes, int slot)
    {
        ConvShape s = _plan.Shape;
        int size = RegisterTile<TLane>.ElementSize;
        int width = _plan.WidthOf(strip);
        int channel = strip * _plan.StripWidth;
        int channels = Math.Min(width, s.GroupInChannels - channel);
        nint plane = (nint)s.Height * s.Width;
        byte* source = (byte*)_x.Address + ((((nint)image * s.InChannels) + (piece.Group * s.GroupInChannels) + channel) * plane * size);
        int first = s.PaddingWidth;
        int end = Math.Max(first, Math.Min(_plan.Pitch, first + s.Width));
        byte* to = planes + ((nint)slot * _plan.PlaneRows * _plan.Pitch * width * size);
        for (int p = 0; p < _plan.PlaneRows; p++, to += (nint)_plan.Pitch * width * size)
        {
            int row = (outputRow * s.StrideHeight) - s.PaddingHeight + p;
            if (row < 0 || row >= s.Height)
            {
                NativeMemory.Clear(to, (nuint)(_plan.Pitch * width * size));
                continue;
            }

            int left = Math.Min(first, _plan.Pitch);
            NativeMemory.Clear(to, (nuint)(left * width * size));
            PanelPacking.Pack(source + ((nint)row * s.Width * size), plane * size, size, channels, width, end - first, to + ((nint)left * width * size), size);
            NativeMemory.Clear(to + ((nint)end * width * size), (nuint)(Math.Max(0, _plan.Pitch - end) * width * size));
        }
    }

    // One product for every panel of outputs, strip and tap; the panel stays in the first-level cache for all of them.
    private void Multiply(in Piece piece, int image, int images, int row, int rows, int start)
    {
        int size = RegisterTile<TLane>.ElementSize;
        int outWidth = _plan.Shape.OutWidth;
        for (int o = piece.Output; o < piece.OutputEnd;)
        {
            int panelRows = RegisterTile<TLane>.PanelRows(piece.OutputEnd - o);
            int valid = Math.Min(panelRows, piece.OutputEnd - o);
            PackPanel(piece, image, images, row, rows, o, valid, panelRows);
            for (int strip = piece.Strip; strip < piece.StripEnd; strip++)
            {
                int width = _plan.WidthOf(strip);
                byte* planes = piece.Planes + ((strip - piece.Strip) * piece.StripBytes);
                for (int tap = 0; tap < _plan.Taps.Length; tap++)
                {
                    // Rows that see padding only lie at the ends; in several images at once they lie between, where leaving them out does not pay.
                    WeightTap t = _plan.Taps[tap];
                    int skip = images > 1 ? 0 : Math.Max(0, t.FirstRow - row);
                    int depth = images > 1 ? images * rows * outWidth : (Math.Min(rows, t.EndRow - row) - skip) * outWidth;
                    if (depth > 0)
                    {
                        TileColumns columns = TileColumns.Tabulated(
                            planes + ((nint)t.Position * width * size), _plan.Distances(strip) + start + (skip * outWidth));
                        RegisterTile<TLane>.Multiply(
                            panelRows, width / TLane.Width, piece.Panel + ((nint)skip * outWidth * panelRows * size), columns, depth, piece.Tile);
                        Add((TLane*)Sums(piece, strip, tap, o, width), piece.Tile, valid * (width / TLane.Width));
                    }
                }
            }

            o += panelRows;
        }
    }

    private void PackPanel(in Piece piece, int image, int images, int row, int rows, int output, int valid, int panelRows)
    {
        ConvShape s = _plan.Shape;
        int size = RegisterTile<TLane>.ElementSize;
        nint plane = (nint)s.OutHeight * s.OutWidth;
        int depth = rows * s.OutWidth;
        for (int i = 0; i < images; i++)
        {
            nint from = ((((nint)(image + i) * s.OutChannels) + (piece.Group * s.GroupOutChannels) + output) * plane) + ((nint)row * s.OutWidth);
            PanelPacking.Pack(
                (byte*)_gradient.Address + (from * size), plane * size, size, valid, panelRows, depth, piece.Panel + ((nint)i * depth * panelRows * size),
                size);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add(TLane* sums, TLane* tile, int lanes)
    {
        for (int i = 0; i < lanes; i++)
        {
            sums[i] += tile[i];
        }
    }

    private byte* Sums(in Piece piece, int strip, int tap, int output, int width)
    {
        int outputs = _plan.Shape.GroupOutChannels;
        nint start = (((nint)piece.Group * _plan.PaddedInputs) + (strip * _plan.StripWidth)) * _plan.Taps.Length * outputs;
        return piece.Sums + ((start + (((tap * outputs) + output) * width)) * RegisterTile<TLane>.ElementSize);
    }

    /// <summary>What a tile computes and the memory it works in.</summary>
    private struct Piece
    {
        public int Group;
        public int Output; // first output channel within the group
        public int OutputEnd;
        public int Strip; // first strip of input channels
        public int StripEnd;
        public TLane* Tile; // [rows, vectors] lanes of products
        public byte* Panel; // [positions of a product, rows]
        public byte* Planes; // for each strip [images, rows, pitch, width]
        public nint StripBytes;
        public byte* Sums; // of this chunk: for each group and strip [taps, outputs, width]
    }
}

/// <summary>
/// Adds up the chunks of <see cref="HostWeightPanelJob{TLane}"/> in order and puts the sums where the weights lie; a tile is some output channels of a strip.
/// </summary>
internal sealed unsafe class WeightPanelCombineJob<TLane> : KernelJob<WeightPanelCombineJob<TLane>>
    where TLane : unmanaged, ILane<TLane>
{
    private const int TileElements = 1 << 13;

    private WeightPanelPlan _plan = null!;
    private Mem _sums; // [chunks, SumsLength]
    private Mem _weightGradient; // [O, C / groups, R, S]
    private bool _accumulate;
    private int _strips;
    private int _outputsPerTile;
    private int _outputTiles;

    /// <summary>Overwrites or adds to the weight gradient.</summary>
    public static void Run(HostPool pool, WeightPanelPlan plan, Mem sums, Mem weightGradient, bool accumulate)
    {
        WeightPanelCombineJob<TLane> job = Take();
        job._plan = plan;
        job._sums = sums;
        job._weightGradient = weightGradient;
        job._accumulate = accumulate;
        ConvShape s = plan.Shape;
        job._strips = (s.GroupInChannels + plan.StripWidth - 1) / plan.StripWidth;
        job._outputsPerTile = Math.Clamp(TileElements / (plan.StripWidth * s.KernelSize), 1, s.GroupOutChannels);
        job._outputTiles = (s.GroupOutChannels + job._outputsPerTile - 1) / job._outputsPerTile;
        pool.Run(job, s.Groups * job._strips * job._outputTiles);
    }

    public override void Tile(int tile, int worker)
    {
        int first = tile % _outputTiles * _outputsPerTile;
        int end = Math.Min(_plan.Shape.GroupOutChannels, first + _outputsPerTile);
        int strip = tile / _outputTiles % _strips;
        int group = tile / _outputTiles / _strips;
        for (int output = first; output < end; output++)
        {
            if (RegisterTile<TLane>.ElementSize == sizeof(float))
            {
                Output(group, strip, output, _weightGradient.Floats);
            }
            else
            {
                Output(group, strip, output, _weightGradient.Doubles);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Output<T>(int group, int strip, int output, T* weightGradient)
        where T : unmanaged, System.Numerics.IAdditionOperators<T, T, T>
    {
        ConvShape s = _plan.Shape;
        int width = _plan.WidthOf(strip);
        int channel = strip * _plan.StripWidth;
        int channels = Math.Min(width, s.GroupInChannels - channel);
        T* to = weightGradient + (((((nint)group * s.GroupOutChannels) + output) * s.GroupInChannels) + channel) * s.KernelSize;
        if (!_accumulate && _plan.Taps.Length < s.KernelSize)
        {
            new Span<T>(to, channels * s.KernelSize).Clear();
        }

        int start = ((group * _plan.PaddedInputs) + channel) * _plan.Taps.Length * s.GroupOutChannels;
        for (int tap = 0; tap < _plan.Taps.Length; tap++)
        {
            T* weight = to + _plan.Taps[tap].Weight;
            int at = start + (((tap * s.GroupOutChannels) + output) * width);
            for (int lane = 0; lane < channels; lane += TLane.Width)
            {
                TLane sum = TLane.Load(_sums, at + lane);
                for (int chunk = 1; chunk < _plan.Chunks; chunk++)
                {
                    sum += TLane.Load(_sums, (chunk * _plan.SumsLength) + at + lane);
                }

                T* values = (T*)&sum;
                int count = Math.Min(TLane.Width, channels - lane);
                for (int i = 0; i < count; i++)
                {
                    T* target = weight + ((nint)(lane + i) * s.KernelSize);
                    *target = _accumulate ? *target + values[i] : values[i];
                }
            }
        }
    }
}
