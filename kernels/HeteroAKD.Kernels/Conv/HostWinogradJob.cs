using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Layout;
using HeteroAKD.Kernels.Pixelwise;

namespace HeteroAKD.Kernels.Conv;

/// <summary>
/// Convolutions by a <see cref="WinogradPlan"/>: a tile of the launch transforms the inputs of a block into its arena, multiplies them by panel after panel of
/// transformed weights, one product for each of the 36 places of a tile, and transforms each panel's sums back while they lie in the cache.
/// </summary>
internal sealed unsafe class HostWinogradJob<TLane> : KernelJob<HostWinogradJob<TLane>>
    where TLane : unmanaged, ILane<TLane>
{
    private HostPool _pool = null!;
    private WinogradPlan _plan = null!;
    private ConvOperands _operands;

    /// <summary>Computes the whole target; weights from <see cref="WinogradWeightJob{TLane}"/>.</summary>
    public static void Run(HostPool pool, WinogradPlan plan, in ConvOperands operands)
    {
        HostWinogradJob<TLane> job = Take();
        job._pool = pool;
        job._plan = plan;
        job._operands = operands;
        pool.Run(job, plan.Blocks * plan.TargetParts);
    }

    public override void Tile(int tile, int worker)
    {
        float* arena = (float*)_pool.Arena(worker, (nuint)_plan.ArenaLength * sizeof(float));
        new Span<float>(arena + _plan.ZerosAt, _plan.Shape.Width + TLane.Width).Clear();
        int first = tile / _plan.TargetParts * _plan.StripsPerBlock;
        int count = Math.Min(_plan.StripsPerBlock, _plan.Strips - first);
        for (int s = 0; s < count; s++)
        {
            TransformStrip(StripAt(first + s), s * _plan.StripTiles, arena);
        }

        int outputs = _plan.Shape.OutChannels;
        int perPart = (outputs + _plan.TargetParts - 1) / _plan.TargetParts;
        float* panel = _operands.Weight.Floats;
        for (int target = 0; target < outputs;)
        {
            int rows = RegisterTile<TLane>.PanelRows(outputs - target);
            if (target / perPart == tile % _plan.TargetParts)
            {
                Multiply(panel, rows, arena);
                for (int row = 0; row < Math.Min(rows, outputs - target); row++)
                {
                    TransformOutputs(row, rows, arena);
                    for (int s = 0; s < count; s++)
                    {
                        StoreStrip(StripAt(first + s), target + row, s * _plan.StripTiles, arena);
                    }
                }
            }

            panel += (nint)rows * WinogradPlan.Taps * _plan.Shape.InChannels;
            target += rows;
        }
    }

    private Strip StripAt(int index)
    {
        ConvShape s = _plan.Shape;
        int across = index % _plan.StripsAcross;
        int rest = index / _plan.StripsAcross;
        int left = rest % s.DilationWidth;
        rest /= s.DilationWidth;
        int top = rest % s.DilationHeight;
        rest /= s.DilationHeight;
        int down = rest % _plan.StripsDown;
        int firstTile = across * _plan.StripTiles;
        int columns = (s.Width - left + s.DilationWidth - 1) / s.DilationWidth; // of this phase
        int outputs = Math.Clamp(columns - (WinogradPlan.Outputs * firstTile), 0, WinogradPlan.Outputs * _plan.StripTiles);
        return new Strip(
            rest / _plan.StripsDown,
            top + (s.DilationHeight * WinogradPlan.Outputs * down),
            left + (s.DilationWidth * WinogradPlan.Outputs * firstTile),
            outputs,
            (outputs + WinogradPlan.Outputs - 1) / WinogradPlan.Outputs);
    }

    // Every channel: six rows downwards, then each of them across, all tiles of the strip side by side.
    private void TransformStrip(in Strip strip, int column, float* arena)
    {
        ConvShape s = _plan.Shape;
        int firstColumn = strip.Column - s.DilationWidth;
        int length = (s.DilationWidth * ((WinogradPlan.Outputs * strip.Tiles) + 1)) + 1;
        int from = Math.Max(0, firstColumn);
        int count = Math.Min(s.Width, firstColumn + length) - from;
        if (strip.Tiles == 0 || count <= 0)
        {
            return;
        }

        float* rows = arena + _plan.RowsAt;
        new Span<float>(rows, WinogradPlan.Inputs * _plan.RowPitch).Clear(); // what lies left and right of the map; every channel writes the same places
        nint plane = (nint)s.Height * s.Width;
        float* map = _operands.Source.Floats + (strip.Image * s.InChannels * plane) + from;
        float* zeros = arena + _plan.ZerosAt;
        float** lines = stackalloc float*[WinogradPlan.Inputs];
        for (int channel = 0; channel < s.InChannels; channel++, map += plane)
        {
            for (int i = 0; i < WinogradPlan.Inputs; i++)
            {
                int row = strip.Row + (s.DilationHeight * (i - 1));
                lines[i] = row >= 0 && row < s.Height ? map + ((nint)row * s.Width) : zeros;
            }

            Downwards(lines, count, rows + (from - firstColumn), _plan.RowPitch);
            for (int i = 0; i < WinogradPlan.Inputs; i++)
            {
                float* to = arena + _plan.TransformedAt + ((((nint)i * WinogradPlan.Inputs * s.InChannels) + channel) * _plan.Columns) + column;
                Across(Undilated(rows + ((nint)i * _plan.RowPitch), strip.Tiles, arena), strip.Tiles, arena + _plan.TurnedAt, to, _plan.Columns - column);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Downwards(float** lines, int count, float* to, int pitch)
    {
        float* l0 = lines[0], l1 = lines[1], l2 = lines[2], l3 = lines[3], l4 = lines[4], l5 = lines[5];
        TLane zero = TLane.Splat(0f);
        for (int i = 0; i < count; i += TLane.Width)
        {
            if (count >= TLane.Width)
            {
                i = Math.Min(i, count - TLane.Width); // the last lane overlaps the one before
            }

            int part = count - i;
            TLane d0 = TLane.LoadPart(new Mem(l0), i, part, zero), d1 = TLane
                .LoadPart(new Mem(l1), i, part, zero), d2 = TLane.LoadPart(new Mem(l2), i, part, zero);
            TLane d3 = TLane.LoadPart(new Mem(l3), i, part, zero), d4 = TLane
                .LoadPart(new Mem(l4), i, part, zero), d5 = TLane.LoadPart(new Mem(l5), i, part, zero);
            WinogradTransforms.Input(ref d0, ref d1, ref d2, ref d3, ref d4, ref d5);
            TLane.StorePart(new Mem(to), i, part, d0);
            TLane.StorePart(new Mem(to + pitch), i, part, d1);
            TLane.StorePart(new Mem(to + (2 * pitch)), i, part, d2);
            TLane.StorePart(new Mem(to + (3 * pitch)), i, part, d3);
            TLane.StorePart(new Mem(to + (4 * pitch)), i, part, d4);
            TLane.StorePart(new Mem(to + (5 * pitch)), i, part, d5);
        }
    }

    private float* Undilated(float* row, int tiles, float* arena)
    {
        int step = _plan.Shape.DilationWidth;
        if (step == 1)
        {
            return row;
        }

        float* line = arena + _plan.LineAt;
        int length = (WinogradPlan.Outputs * tiles) + 2;
        for (int i = 0; i < length; i++)
        {
            line[i] = row[i * step];
        }

        return line;
    }

    // Lanes may reach beyond the strip's last tile, where the next strip will write; the last strip of a block must not.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Across(float* row, int tiles, float* turned, float* to, int room)
    {
        int pitch = _plan.TurnedPitch;
        for (int tile = 0; tile <= tiles; tile += 4)
        {
            RegisterTranspose.Turn4(row + (WinogradPlan.Outputs * tile), WinogradPlan.Outputs, turned + tile, pitch);
        }

        nint tap = (nint)_plan.Shape.InChannels * _plan.Columns;
        for (int tile = 0; tile < tiles; tile += TLane.Width)
        {
            float* from = turned + tile;
            TLane d0 = *(TLane*)from, d1 = *(TLane*)(from + pitch), d2 = *(TLane*)(from + (2 * pitch)), d3 = *(TLane*)(from + (3 * pitch));
            TLane d4 = *(TLane*)(from + 1), d5 = *(TLane*)(from + pitch + 1);
            WinogradTransforms.Input(ref d0, ref d1, ref d2, ref d3, ref d4, ref d5);
            float* target = to + tile;
            int part = tile + TLane.Width <= room ? TLane.Width : tiles - tile;
            TLane.StorePart(new Mem(target), 0, part, d0);
            TLane.StorePart(new Mem(target + tap), 0, part, d1);
            TLane.StorePart(new Mem(target + (2 * tap)), 0, part, d2);
            TLane.StorePart(new Mem(target + (3 * tap)), 0, part, d3);
            TLane.StorePart(new Mem(target + (4 * tap)), 0, part, d4);
            TLane.StorePart(new Mem(target + (5 * tap)), 0, part, d5);
        }
    }

    private void Multiply(float* panel, int rows, float* arena)
    {
        int channels = _plan.Shape.InChannels;
        int pair = 2 * TLane.Width;
        for (int tap = 0; tap < WinogradPlan.Taps; tap++, panel += (nint)rows * channels)
        {
            float* inputs = arena + _plan.TransformedAt + ((nint)tap * channels * _plan.Columns);
            for (int column = 0; column < _plan.Columns; column += pair)
            {
                int vectors = _plan.Columns - column > TLane.Width ? 2 : 1;
                TLane* sums = (TLane*)(arena + _plan.ProductsAt + ((nint)column * WinogradPlan.Taps * rows)) + (tap * rows * vectors);
                RegisterTile<TLane>.Multiply(
                    rows, vectors, (byte*)panel, TileColumns.Even((byte*)(inputs + column), _plan.Columns * sizeof(float)), channels, sums);
            }
        }
    }

    // The 16 outputs of every tile of the block, for one target channel of the panel.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void TransformOutputs(int row, int rows, float* arena)
    {
        TLane* half = stackalloc TLane[WinogradPlan.Outputs * WinogradPlan.Inputs];
        for (int column = 0; column < _plan.Columns; column += TLane.Width)
        {
            int pair = column / (2 * TLane.Width) * (2 * TLane.Width);
            int vectors = _plan.Columns - pair > TLane.Width ? 2 : 1;
            nint step = rows * vectors; // lanes from a tap to the next
            TLane* sums = (TLane*)(arena + _plan.ProductsAt + ((nint)pair * WinogradPlan.Taps * rows)) + (row * vectors) + ((column - pair) / TLane.Width);
            for (int j = 0; j < WinogradPlan.Inputs; j++)
            {
                TLane* m = sums + (j * step);
                nint line = WinogradPlan.Inputs * step;
                WinogradTransforms.Output(
                    m[0], m[line], m[2 * line], m[3 * line], m[4 * line], m[5 * line], out half[j], out half[6 + j], out half[12 + j], out half[18 + j]);
            }

            float* to = arena + _plan.OutputsAt + column;
            for (int i = 0; i < WinogradPlan.Outputs; i++)
            {
                TLane* h = half + (i * WinogradPlan.Inputs);
                WinogradTransforms.Output(h[0], h[1], h[2], h[3], h[4], h[5], out TLane y0, out TLane y1, out TLane y2, out TLane y3);
                *(TLane*)to = y0;
                *(TLane*)(to + _plan.OutputPitch) = y1;
                *(TLane*)(to + (2 * _plan.OutputPitch)) = y2;
                *(TLane*)(to + (3 * _plan.OutputPitch)) = y3;
                to += WinogradPlan.Outputs * _plan.OutputPitch;
            }
        }
    }

    // Up to four rows of the strip to the target, with bias, residual and activation.
    private void StoreStrip(in Strip strip, int channel, int column, float* arena)
    {
        ConvShape s = _plan.Shape;
        float* line = arena + _plan.LineAt;
        nint plane = (((nint)strip.Image * s.OutChannels) + channel) * s.Height * s.Width;
        float* added = (float*)_operands.Added;
        float bias = _operands.HasBias ? _operands.Bias.Floats[channel] : 0;
        for (int i = 0; i < WinogradPlan.Outputs; i++)
        {
            int row = strip.Row + (s.DilationHeight * i);
            if (row >= s.Height)
            {
                return;
            }

            float* outputs = arena + _plan.OutputsAt + ((nint)i * WinogradPlan.Outputs * _plan.OutputPitch) + column;
            for (int tile = 0; tile < strip.Tiles; tile += 4)
            {
                RegisterTranspose.Turn4(outputs + tile, _plan.OutputPitch, line + (WinogradPlan.Outputs * tile), WinogradPlan.Outputs);
            }

            nint at = plane + ((nint)row * s.Width) + strip.Column;
            float* target = _operands.Target.Floats + at;
            float* residual = added == null ? null : added + at;
            if (s.DilationWidth == 1)
            {
                Finish(line, residual, bias, target, strip.Outputs);
            }
            else
            {
                Gather(residual, line, s.DilationWidth, strip.Outputs);
                Finish(line, null, bias, line, strip.Outputs);
                Scatter(line, target, s.DilationWidth, strip.Outputs);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Finish(float* line, float* residual, float bias, float* target, int count)
    {
        TLane shift = TLane.Splat(bias), zero = TLane.Splat(0f);
        ActivationKind activation = _operands.Activation;
        for (int i = 0; i < count; i += TLane.Width)
        {
            TLane value = *(TLane*)(line + i) + shift;
            if (residual != null)
            {
                value += TLane.LoadPart(new Mem(residual), i, count - i, zero);
            }

            if (activation != ActivationKind.None)
            {
                value = Activation.Apply(activation, value);
            }

            TLane.StorePart(new Mem(target), i, count - i, value);
        }
    }

    private static void Gather(float* residual, float* line, int step, int count)
    {
        for (int i = 0; residual != null && i < count; i++)
        {
            line[i] += residual[i * step];
        }
    }

    private static void Scatter(float* line, float* target, int step, int count)
    {
        for (int i = 0; i < count; i++)
        {
            target[i * step] = line[i];
        }
    }

    /// <summary>Tiles side by side.</summary>
    /// <param name="Image">Their image.</param>
    /// <param name="Row">First row of outputs.</param>
    /// <param name="Column">First column of outputs.</param>
    /// <param name="Outputs">Outputs of a row, <see cref="ConvShape.DilationWidth"/> columns apart.</param>
    /// <param name="Tiles">Tiles that have outputs.</param>
    private readonly record struct Strip(int Image, int Row, int Column, int Outputs, int Tiles);
}

/// <summary>
/// Transforms weights for <see cref="HostWinogradJob{TLane}"/>: panels of target channels, each [36, C, rows]. In double, rounded once; a tile is a panel.
/// </summary>
internal sealed unsafe class WinogradWeightJob<TLane> : KernelJob<WinogradWeightJob<TLane>>
    where TLane : unmanaged, ILane<TLane>
{
    private ConvShape _shape;
    private Mem _weight; // [O, C, 3, 3]
    private Mem _packed;

    /// <summary>Transforms all weights.</summary>
    public static void Run(HostPool pool, in ConvShape shape, Mem weight, Mem packed)
    {
        WinogradWeightJob<TLane> job = Take();
        job._shape = shape;
        job._weight = weight;
        job._packed = packed;
        int panels = 0;
        for (int target = 0; target < shape.OutChannels; panels++)
        {
            target += RegisterTile<TLane>.PanelRows(shape.OutChannels - target);
        }

        pool.Run(job, panels);
    }

    public override void Tile(int tile, int worker)
    {
        int target = 0, before = 0;
        for (int panel = 0; panel < tile; panel++)
        {
            int passed = RegisterTile<TLane>.PanelRows(_shape.OutChannels - target);
            target += passed;
            before += passed;
        }

        int rows = RegisterTile<TLane>.PanelRows(_shape.OutChannels - target);
        float* to = _packed.Floats + ((nint)before * WinogradPlan.Taps * _shape.InChannels);
        Span<double> taps = stackalloc double[WinogradPlan.Taps];
        for (int row = 0; row < rows; row++)
        {
            for (int channel = 0; channel < _shape.InChannels; channel++)
            {
                taps.Clear(); // a row that only fills the panel
                if (target + row < _shape.OutChannels)
                {
                    Transform(_weight.Floats + ((((nint)(target + row) * _shape.InChannels) + channel) * 9), taps);
                }

                for (int tap = 0; tap < WinogradPlan.Taps; tap++)
                {
                    to[((((nint)tap * _shape.InChannels) + channel) * rows) + row] = (float)taps[tap];
                }
            }
        }
    }

    // G g Gᵀ.
    private static void Transform(float* g, Span<double> taps)
    {
        Span<double> column = stackalloc double[WinogradPlan.Inputs];
        Span<double> half = stackalloc double[WinogradPlan.Inputs * 3]; // [6, 3]
        for (int j = 0; j < 3; j++)
        {
            WinogradTransforms.Weight(g[j], g[3 + j], g[6 + j], column);
            for (int i = 0; i < WinogradPlan.Inputs; i++)
            {
                half[(3 * i) + j] = column[i];
            }
        }

        for (int i = 0; i < WinogradPlan.Inputs; i++)
        {
            WinogradTransforms.Weight(half[3 * i], half[(3 * i) + 1], half[(3 * i) + 2], taps.Slice(WinogradPlan.Inputs * i, WinogradPlan.Inputs));
        }
    }
}
