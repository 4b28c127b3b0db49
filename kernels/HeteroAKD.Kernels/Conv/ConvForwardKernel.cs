using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Pixelwise;

namespace HeteroAKD.Kernels.Conv;

/// <summary>
/// y = activation(x * weight + bias), one output element an item: the form that runs on every device. Launch over
/// <see cref="Rows"/> x OutWidth. The host's fast form is <see cref="HostConv"/>.
/// </summary>
public readonly struct ConvForwardKernel : IPixelKernel
{
    private readonly Mem _x; // [N, C, H, W]
    private readonly Mem _weight; // [O, C / groups, R, S]
    private readonly Mem _bias; // [O]
    private readonly Mem _y; // [N, O, OH, OW]
    private readonly ConvShape _shape;
    private readonly int _hasBias;
    private readonly ActivationKind _activation;

    /// <summary>Binds the buffers; without a bias any valid memory and 0.</summary>
    public ConvForwardKernel(in ConvShape shape, Mem x, Mem weight, Mem bias, int hasBias, ActivationKind activation, Mem y)
    {
        _shape = shape;
        _x = x;
        _weight = weight;
        _bias = bias;
        _hasBias = hasBias;
        _activation = activation;
        _y = y;
    }

    /// <summary>Rows of the launch.</summary>
    public int Rows => _shape.Batch * _shape.OutChannels * _shape.OutHeight;

    /// <summary><c>torch.nn.functional.conv2d</c>, then the activation; y is overwritten.</summary>
    public static void Reference(
        in ConvShape s, ReadOnlySpan<double> x, ReadOnlySpan<double> weight, ReadOnlySpan<double> bias, ActivationKind activation, Span<double> y)
    {
        int index = 0;
        for (int n = 0; n < s.Batch; n++)
        {
            for (int o = 0; o < s.OutChannels; o++)
            {
                for (int oh = 0; oh < s.OutHeight; oh++)
                {
                    for (int ow = 0; ow < s.OutWidth; ow++)
                    {
                        double sum = Sum(s, x, weight, n, o, oh, ow) + (bias.IsEmpty ? 0 : bias[o]);
                        y[index++] = Activation.Apply(activation, new F64(sum)).Value;
                    }
                }
            }
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int image = row / (_shape.OutChannels * _shape.OutHeight);
        int inImage = row - (image * _shape.OutChannels * _shape.OutHeight);
        int o = inImage / _shape.OutHeight;
        int oh = inImage - (o * _shape.OutHeight);
        int channels = _shape.InChannels / _shape.Groups;
        int firstChannel = o / (_shape.OutChannels / _shape.Groups) * channels;
        int top = (oh * _shape.StrideHeight) - _shape.PaddingHeight;
        TLane left = (TLane.Iota(column) * TLane.Splat(_shape.StrideWidth)) - TLane.Splat(_shape.PaddingWidth);

        TLane sum = TLane.Splat(0f);
        for (int c = 0; c < channels; c++)
        {
            int plane = ((image * _shape.InChannels) + firstChannel + c) * _shape.Height;
            int taps = ((o * channels) + c) * _shape.KernelHeight * _shape.KernelWidth;
            for (int r = 0; r < _shape.KernelHeight; r++)
            {
                int ih = top + (r * _shape.DilationHeight);
                if (ih >= 0 && ih < _shape.Height)
                {
                    for (int s = 0; s < _shape.KernelWidth; s++)
                    {
                        TLane weight = TLane.LoadSplat(_weight, taps + (r * _shape.KernelWidth) + s);
                        TLane value = ConvLanes.GatherInside(_x, (plane + ih) * _shape.Width, left + TLane.Splat(s * _shape.DilationWidth), _shape.Width);
                        sum = TLane.Fma(weight, value, sum);
                    }
                }
            }
        }

        if (_hasBias != 0)
        {
            sum += TLane.LoadSplat(_bias, o);
        }

        TLane.Store(_y, (row * _shape.OutWidth) + column, Activation.Apply(_activation, sum));
    }

    private static double Sum(in ConvShape s, ReadOnlySpan<double> x, ReadOnlySpan<double> weight, int n, int o, int oh, int ow)
    {
        double sum = 0;
        int group = o / s.GroupOutChannels;
        for (int c = 0; c < s.GroupInChannels; c++)
        {
            for (int r = 0; r < s.KernelHeight; r++)
            {
                for (int t = 0; t < s.KernelWidth; t++)
                {
                    int ih = (oh * s.StrideHeight) + (r * s.DilationHeight) - s.PaddingHeight;
                    int iw = (ow * s.StrideWidth) + (t * s.DilationWidth) - s.PaddingWidth;
                    if (ih >= 0 && ih < s.Height && iw >= 0 && iw < s.Width)
                    {
                        int channel = (group * s.GroupInChannels) + c;
                        sum += weight[(((((o * s.GroupInChannels) + c) * s.KernelHeight) + r) * s.KernelWidth) + t]
                            * x[(((((n * s.InChannels) + channel) * s.Height) + ih) * s.Width) + iw];
                    }
                }
            }
        }

        return sum;
    }
}

/// <summary>Lane arithmetic that the portable convolution kernels share.</summary>
internal static class ConvLanes
{
    /// <summary>
    /// Elements <paramref name="columns"/> of the row of <paramref name="width"/> elements that starts at <paramref name="start"/>; 0 outside of it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane GatherInside<TLane>(Mem memory, int start, TLane columns, int width)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane zero = TLane.Splat(0f);
        TLane last = TLane.Splat(width - 1);
        TLane inside = TLane.Min(TLane.Max(columns, zero), last);
        TLane value = TLane.Gather(memory, start, inside);
        return TLane.SelectEqual(inside, columns, value, zero);
    }

    /// <summary>⌊a / b⌋ for whole numbers with 0 ≤ a &lt; 2^22: the rounded quotient never reaches the next whole number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane FloorDivide<TLane>(TLane a, int b)
        where TLane : unmanaged, ILane<TLane>
        => TLane.Floor(a / TLane.Splat(b));
}
