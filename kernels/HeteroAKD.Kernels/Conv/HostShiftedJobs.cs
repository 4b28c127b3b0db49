using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Pixelwise;

namespace HeteroAKD.Kernels.Conv;

/// <summary>Depth-wise 3x3 convolutions that keep the size of the map, and their input gradients: a tile is some planes.</summary>
internal sealed unsafe class HostShiftedJob<TLane> : KernelJob<HostShiftedJob<TLane>>
    where TLane : unmanaged, ILane<TLane>
{
    private HostPool _pool = null!;
    private ShiftedPlan _plan = null!;
    private ConvOperands _operands;
    private bool _turned;

    /// <summary>Computes the whole target; <paramref name="turned"/> uses the kernel turned by 180 degrees, as the input gradient does.</summary>
    public static void Run(HostPool pool, ShiftedPlan plan, in ConvOperands operands, bool turned)
    {
        HostShiftedJob<TLane> job = Take();
        job._pool = pool;
        job._plan = plan;
        job._operands = operands;
        job._turned = turned;
        int planes = plan.Shape.Batch * plan.Shape.InChannels;
        pool.Run(job, (planes + plan.PlanesPerTile - 1) / plan.PlanesPerTile);
    }

    public override void Tile(int tile, int worker)
    {
        ConvShape s = _plan.Shape;
        ShiftedPlanes<TLane> copies = new(_plan, _pool.Arena(worker, ShiftedPlanes<TLane>.Bytes(_plan)));
        int end = Math.Min(s.Batch * s.InChannels, (tile + 1) * _plan.PlanesPerTile);
        for (int plane = tile * _plan.PlanesPerTile; plane < end; plane++)
        {
            nint start = (nint)plane * s.Height * s.Width * RegisterTile<TLane>.ElementSize;
            for (int row = 0; row < s.Height; row += _plan.RowsPerBlock)
            {
                int rowEnd = Math.Min(s.Height, row + _plan.RowsPerBlock);
                copies.Fill((byte*)_operands.Source.Address + start, row, rowEnd);
                nint first = start + ((nint)row * s.Width * RegisterTile<TLane>.ElementSize);
                byte* added = _operands.Added == null ? null : _operands.Added + first;
                Correlate(copies, plane % s.InChannels, new Mem((byte*)_operands.Target.Address + first), new Mem(added), (rowEnd - row) * s.Width);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Correlate(in ShiftedPlanes<TLane> copies, int channel, Mem target, Mem added, int count)
    {
        Mem left = copies.Copy(0), middle = copies.Copy(1), right = copies.Copy(2);
        int first = (9 * channel) + (_turned ? 8 : 0);
        int step = _turned ? -1 : 1;
        Mem weights = _operands.Weight;
        TLane w0 = TLane.LoadSplat(weights, first), w1 = TLane.LoadSplat(weights, first + step), w2 = TLane.LoadSplat(weights, first + (2 * step));
        TLane w3 = TLane.LoadSplat(weights, first + (3 * step)), w4 = TLane
            .LoadSplat(weights, first + (4 * step)), w5 = TLane.LoadSplat(weights, first + (5 * step));
        TLane w6 = TLane.LoadSplat(weights, first + (6 * step)), w7 = TLane
            .LoadSplat(weights, first + (7 * step)), w8 = TLane.LoadSplat(weights, first + (8 * step));
        TLane bias = _operands.HasBias ? TLane.LoadSplat(_operands.Bias, channel) : TLane.Splat(0f);
        ActivationKind activation = _operands.Activation;
        bool accumulate = added.Address != 0;
        int reach = _plan.Reach;
        for (int i = 0; i < count; i += TLane.Width)
        {
            int below = i + reach, last = below + reach;
            TLane sum = TLane.Fma(w0, TLane.Load(left, i), bias);
            sum = TLane.Fma(w1, TLane.Load(middle, i), sum);
            sum = TLane.Fma(w2, TLane.Load(right, i), sum);
            sum = TLane.Fma(w3, TLane.Load(left, below), sum);
            sum = TLane.Fma(w4, TLane.Load(middle, below), sum);
            sum = TLane.Fma(w5, TLane.Load(right, below), sum);
            sum = TLane.Fma(w6, TLane.Load(left, last), sum);
            sum = TLane.Fma(w7, TLane.Load(middle, last), sum);
            sum = TLane.Fma(w8, TLane.Load(right, last), sum);
            if (accumulate)
            {
                sum += TLane.LoadPart(added, i, count - i, sum);
            }

            if (activation != ActivationKind.None)
            {
                sum = Activation.Apply(activation, sum);
            }

            TLane.StorePart(target, i, count - i, sum);
        }
    }
}

/// <summary>Weight gradients of the same convolutions: a tile is some channels, each with all of its images, so that nothing is left to add up.</summary>
internal sealed unsafe class HostShiftedWeightJob<TLane> : KernelJob<HostShiftedWeightJob<TLane>>
    where TLane : unmanaged, ILane<TLane>
{
    private const int Taps = 9;

    // Products that a lane adds up in its own precision before they go to double.
    private const int MaxTerms = 256;

    private HostPool _pool = null!;
    private ShiftedPlan _plan = null!;
    private Mem _x; // [N, C, H, W]
    private Mem _gradient; // [N, C, H, W]
    private Mem _weightGradient; // [C, 1, 3, 3]
    private bool _accumulate;

    /// <summary>Overwrites or adds to the weight gradient.</summary>
    public static void Run(HostPool pool, ShiftedPlan plan, Mem x, Mem gradient, Mem weightGradient, bool accumulate)
    {
        HostShiftedWeightJob<TLane> job = Take();
        job._pool = pool;
        job._plan = plan;
        job._x = x;
        job._gradient = gradient;
        job._weightGradient = weightGradient;
        job._accumulate = accumulate;
        pool.Run(job, (plan.Shape.InChannels + plan.ChannelsPerTile - 1) / plan.ChannelsPerTile);
    }

    public override void Tile(int tile, int worker)
    {
        ConvShape s = _plan.Shape;
        nuint sumBytes = (nuint)(Taps * sizeof(TLane) + 63) / 64 * 64;
        byte* arena = _pool.Arena(worker, sumBytes + ShiftedPlanes<TLane>.Bytes(_plan));
        ShiftedPlanes<TLane> copies = new(_plan, arena + sumBytes);
        TLane* lanes = (TLane*)arena;
        double* sums = stackalloc double[Taps];
        int end = Math.Min(s.InChannels, (tile + 1) * _plan.ChannelsPerTile);
        for (int channel = tile * _plan.ChannelsPerTile; channel < end; channel++)
        {
            new Span<double>(sums, Taps).Clear();
            new Span<TLane>(lanes, Taps).Clear();
            int terms = 0;
            for (int image = 0; image < s.Batch; image++)
            {
                nint start = (((nint)image * s.InChannels) + channel) * s.Height * s.Width * RegisterTile<TLane>.ElementSize;
                for (int row = 0; row < s.Height; row += _plan.RowsPerBlock)
                {
                    int rowEnd = Math.Min(s.Height, row + _plan.RowsPerBlock);
                    int count = (rowEnd - row) * s.Width;
                    copies.Fill((byte*)_x.Address + start, row, rowEnd);
                    byte* gradient = (byte*)_gradient.Address + start + ((nint)row * s.Width * RegisterTile<TLane>.ElementSize);
                    Multiply(copies, new Mem(gradient), count, lanes);
                    terms += (count + TLane.Width - 1) / TLane.Width;
                    if (terms >= MaxTerms)
                    {
                        Flush(lanes, sums);
                        terms = 0;
                    }
                }
            }

            Flush(lanes, sums);
            Save(channel, sums);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Multiply(in ShiftedPlanes<TLane> copies, Mem gradient, int count, TLane* lanes)
    {
        Mem left = copies.Copy(0), middle = copies.Copy(1), right = copies.Copy(2);
        TLane s0 = lanes[0], s1 = lanes[1], s2 = lanes[2], s3 = lanes[3], s4 = lanes[4], s5 = lanes[5], s6 = lanes[6], s7 = lanes[7], s8 = lanes[8];
        TLane zero = TLane.Splat(0f);
        int reach = _plan.Reach;
        for (int i = 0; i < count; i += TLane.Width)
        {
            int below = i + reach, last = below + reach;
            TLane g = TLane.LoadPart(gradient, i, count - i, zero);
            s0 = TLane.Fma(g, TLane.Load(left, i), s0);
            s1 = TLane.Fma(g, TLane.Load(middle, i), s1);
            s2 = TLane.Fma(g, TLane.Load(right, i), s2);
            s3 = TLane.Fma(g, TLane.Load(left, below), s3);
            s4 = TLane.Fma(g, TLane.Load(middle, below), s4);
            s5 = TLane.Fma(g, TLane.Load(right, below), s5);
            s6 = TLane.Fma(g, TLane.Load(left, last), s6);
            s7 = TLane.Fma(g, TLane.Load(middle, last), s7);
            s8 = TLane.Fma(g, TLane.Load(right, last), s8);
        }

        (lanes[0], lanes[1], lanes[2], lanes[3], lanes[4]) = (s0, s1, s2, s3, s4);
        (lanes[5], lanes[6], lanes[7], lanes[8]) = (s5, s6, s7, s8);
    }

    private static void Flush(TLane* lanes, double* sums)
    {
        for (int tap = 0; tap < Taps; tap++)
        {
            sums[tap] += TLane.SumAcross(lanes[tap]);
            lanes[tap] = TLane.Splat(0f);
        }
    }

    private void Save(int channel, double* sums)
    {
        for (int tap = 0; tap < Taps; tap++)
        {
            int at = (channel * Taps) + tap;
            if (RegisterTile<TLane>.ElementSize == sizeof(float))
            {
                _weightGradient.Floats[at] = (float)(sums[tap] + (_accumulate ? _weightGradient.Floats[at] : 0));
            }
            else
            {
                _weightGradient.Doubles[at] = sums[tap] + (_accumulate ? _weightGradient.Doubles[at] : 0);
            }
        }
    }
}
