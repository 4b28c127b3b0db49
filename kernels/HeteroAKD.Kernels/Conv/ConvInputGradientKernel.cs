using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Conv;

/// <summary>
/// ∂L/∂x from ∂L/∂y, one element of x an item, which gathers from the outputs that saw it. Launch over <see cref="Rows"/> x Width.
/// </summary>
public readonly struct ConvInputGradientKernel : IPixelKernel
{
    private readonly Mem _outputGradient; // [N, O, OH, OW]
    private readonly Mem _weight; // [O, C / groups, R, S]
    private readonly Mem _inputGradient; // [N, C, H, W]
    private readonly ConvShape _shape;
    private readonly int _accumulate;

    /// <summary>Binds the buffers; <paramref name="accumulate"/> 1 adds to what the gradient held, 0 overwrites it.</summary>
    public ConvInputGradientKernel(in ConvShape shape, Mem outputGradient, Mem weight, Mem inputGradient, int accumulate)
    {
        _shape = shape;
        _outputGradient = outputGradient;
        _weight = weight;
        _inputGradient = inputGradient;
        _accumulate = accumulate;
    }

    /// <summary>Rows of the launch.</summary>
    public int Rows => _shape.Batch * _shape.InChannels * _shape.Height;

    /// <summary>
    /// Adds ∂L/∂x to <paramref name="inputGradient"/>: each output element hands its gradient to the elements it saw (<c>torch.nn.grad.conv2d_input</c>).
    /// </summary>
    public static void Reference(in ConvShape s, ReadOnlySpan<double> outputGradient, ReadOnlySpan<double> weight, Span<double> inputGradient)
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
                    inputGradient[(((((n * s.InChannels) + channel) * s.Height) + ih) * s.Width) + iw]
                        += outputGradient[index] * weight[(o * s.GroupInChannels * s.KernelSize) + tap];
                }
            }
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int image = row / (_shape.InChannels * _shape.Height);
        int inImage = row - (image * _shape.InChannels * _shape.Height);
        int channel = inImage / _shape.Height;
        int ih = inImage - (channel * _shape.Height);
        int channels = _shape.InChannels / _shape.Groups;
        int group = channel / channels;
        int outputs = _shape.OutChannels / _shape.Groups;
        TLane zero = TLane.Splat(0f);
        TLane sum = zero;
        for (int r = 0; r < _shape.KernelHeight; r++)
        {
            int rise = ih + _shape.PaddingHeight - (r * _shape.DilationHeight);
            int oh = rise / _shape.StrideHeight;
            if (rise >= 0 && oh * _shape.StrideHeight == rise && oh < _shape.OutHeight)
            {
                for (int s = 0; s < _shape.KernelWidth; s++)
                {
                    // Columns that no output column's stride meets, or that lie left of the first, stay outside of the row.
                    TLane run = TLane.Iota(column + _shape.PaddingWidth - (s * _shape.DilationWidth));
                    TLane ow = ConvLanes.FloorDivide(run, _shape.StrideWidth);
                    ow = TLane.SelectEqual(ow * TLane.Splat(_shape.StrideWidth), run, ow, TLane.Splat(-1f));
                    for (int o = 0; o < outputs; o++)
                    {
                        int output = (group * outputs) + o;
                        int start = ((((image * _shape.OutChannels) + output) * _shape.OutHeight) + oh) * _shape.OutWidth;
                        int tap = (((((output * channels) + channel - (group * channels)) * _shape.KernelHeight) + r) * _shape.KernelWidth) + s;
                        sum = TLane.Fma(TLane.LoadSplat(_weight, tap), ConvLanes.GatherInside(_outputGradient, start, ow, _shape.OutWidth), sum);
                    }
                }
            }
        }

        int at = (row * _shape.Width) + column;
        if (_accumulate != 0)
        {
            sum += TLane.Load(_inputGradient, at);
        }

        TLane.Store(_inputGradient, at, sum);
    }
}
