using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Conv;

/// <summary>∂L/∂weight: a group of threads adds up one weight over images and output pixels. Launch over <see cref="Rows"/>.</summary>
public readonly struct ConvWeightGradientKernel : IRowKernel
{
    private readonly Mem _x; // [N, C, H, W]
    private readonly Mem _outputGradient; // [N, O, OH, OW]
    private readonly Mem _weightGradient; // [O, C / groups, R, S]
    private readonly ConvShape _shape;
    private readonly int _accumulate;

    /// <summary>Binds the buffers; <paramref name="accumulate"/> 1 adds to what the gradient held, 0 overwrites it.</summary>
    public ConvWeightGradientKernel(in ConvShape shape, Mem x, Mem outputGradient, Mem weightGradient, int accumulate)
    {
        _shape = shape;
        _x = x;
        _outputGradient = outputGradient;
        _weightGradient = weightGradient;
        _accumulate = accumulate;
    }

    /// <summary>Rows of the launch: the weights.</summary>
    public int Rows => _shape.WeightLength;

    /// <summary>Adds ∂L/∂weight to <paramref name="weightGradient"/> (<c>torch.nn.grad.conv2d_weight</c>).</summary>
    public static void Reference(in ConvShape s, ReadOnlySpan<double> x, ReadOnlySpan<double> outputGradient, Span<double> weightGradient)
    {
        for (int index = 0; index < s.OutputLength; index++)
        {
            int ow = index % s.OutWidth;
            int oh = index / s.OutWidth % s.OutHeight;
            int o = index / (s.OutWidth * s.OutHeight) % s.OutChannels;
            int n = index / (s.OutWidth * s.OutHeight * s.OutChannels);
            for (int tap = 0; tap < s.GroupInChannels * s.KernelSize; tap++)
            {
                int channel = (o / s.GroupOutChannels * s.GroupInChannels) + (tap / s.KernelSize);
                int ih = (oh * s.StrideHeight) + (tap / s.KernelWidth % s.KernelHeight * s.DilationHeight) - s.PaddingHeight;
                int iw = (ow * s.StrideWidth) + (tap % s.KernelWidth * s.DilationWidth) - s.PaddingWidth;
                if (ih >= 0 && ih < s.Height && iw >= 0 && iw < s.Width)
                {
                    weightGradient[(o * s.GroupInChannels * s.KernelSize) + tap]
                        += outputGradient[index] * x[(((((n * s.InChannels) + channel) * s.Height) + ih) * s.Width) + iw];
                }
            }
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane, TGroup>(TGroup group, int row)
        where TLane : unmanaged, ILane<TLane>
        where TGroup : struct, IGroup<TLane>
    {
        int channels = _shape.InChannels / _shape.Groups;
        int s = row % _shape.KernelWidth;
        int r = row / _shape.KernelWidth % _shape.KernelHeight;
        int c = row / (_shape.KernelWidth * _shape.KernelHeight) % channels;
        int o = row / (_shape.KernelWidth * _shape.KernelHeight * channels);
        int channel = (o / (_shape.OutChannels / _shape.Groups) * channels) + c;
        int pixels = _shape.OutHeight * _shape.OutWidth;
        TLane zero = TLane.Splat(0f);
        TLane outside = TLane.Splat(-1f);
        TLane sum = zero;
        for (int n = 0; n < _shape.Batch; n++)
        {
            int gradient = ((n * _shape.OutChannels) + o) * pixels;
            int plane = ((n * _shape.InChannels) + channel) * _shape.Height * _shape.Width;
            for (int j = group.Start; j < pixels; j += group.Stride)
            {
                TLane pixel = TLane.Iota(j);
                TLane oh = ConvLanes.FloorDivide(pixel, _shape.OutWidth);
                TLane ow = pixel - (oh * TLane.Splat(_shape.OutWidth));
                TLane ih = (oh * TLane.Splat(_shape.StrideHeight)) + TLane.Splat((r * _shape.DilationHeight) - _shape.PaddingHeight);
                TLane iw = (ow * TLane.Splat(_shape.StrideWidth)) + TLane.Splat((s * _shape.DilationWidth) - _shape.PaddingWidth);
                TLane at = (ih * TLane.Splat(_shape.Width)) + iw;
                at = Inside(ih, _shape.Height, Inside(iw, _shape.Width, at, outside), outside);
                TLane value = ConvLanes.GatherInside(_x, plane, at, _shape.Height * _shape.Width);
                sum = TLane.Fma(TLane.LoadPart(_outputGradient, gradient + j, pixels - j, zero), value, sum);
            }
        }

        sum = group.Sum(sum);
        if (_accumulate != 0)
        {
            sum += TLane.LoadSplat(_weightGradient, row);
        }

        group.StoreOne(_weightGradient, row, sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLane Inside<TLane>(TLane position, int size, TLane yes, TLane no)
        where TLane : unmanaged, ILane<TLane>
        => TLane.SelectGreater(TLane.Splat(0f), position, no, TLane.SelectGreater(TLane.Splat(size), position, yes, no));
}

/// <summary>∂L/∂bias: the sum of ∂L/∂y over images and pixels. Launch over OutChannels rows, on host and device.</summary>
public readonly struct ConvBiasGradientKernel : IRowKernel
{
    private readonly Mem _outputGradient; // [N, O, pixels]
    private readonly Mem _biasGradient; // [O]
    private readonly int _batch;
    private readonly int _channels;
    private readonly int _pixels;
    private readonly int _accumulate;

    /// <summary>Binds the buffers; <paramref name="accumulate"/> 1 adds to what the gradient held, 0 overwrites it.</summary>
    public ConvBiasGradientKernel((int Images, int Channels, int Pixels) sizes, Mem outputGradient, Mem biasGradient, int accumulate)
    {
        _outputGradient = outputGradient;
        _biasGradient = biasGradient;
        (_batch, _channels, _pixels) = sizes;
        _accumulate = accumulate;
    }

    /// <summary>Adds ∂L/∂bias to <paramref name="biasGradient"/>.</summary>
    public static void Reference(in ConvShape s, ReadOnlySpan<double> outputGradient, Span<double> biasGradient)
    {
        int pixels = s.OutHeight * s.OutWidth;
        for (int index = 0; index < s.OutputLength; index++)
        {
            biasGradient[index / pixels % s.OutChannels] += outputGradient[index];
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane, TGroup>(TGroup group, int row)
        where TLane : unmanaged, ILane<TLane>
        where TGroup : struct, IGroup<TLane>
    {
        TLane zero = TLane.Splat(0f);
        TLane sum = zero;
        for (int n = 0; n < _batch; n++)
        {
            int start = ((n * _channels) + row) * _pixels;
            for (int j = group.Start; j < _pixels; j += group.Stride)
            {
                sum += TLane.LoadPart(_outputGradient, start + j, _pixels - j, zero);
            }
        }

        sum = group.Sum(sum);
        if (_accumulate != 0)
        {
            sum += TLane.LoadSplat(_biasGradient, row);
        }

        group.StoreOne(_biasGradient, row, sum);
    }
}
