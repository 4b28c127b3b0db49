using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Resize;

namespace HeteroAKD.Kernels.Losses;

/// <summary>
/// Labels in which an unlabelled pixel has the teacher's class where the teacher is sure of it: where the largest of its probabilities, 1 / Σ exp(z_c - max z),
/// is at least the threshold. All other labels are copied. Logits of another size are sampled bilinearly onto the grid of the labels. Launch on N·H × W.
/// </summary>
public readonly struct PseudoLabelKernel : IPixelKernel
{
    private readonly SampledLogits _teacher;
    private readonly IndexMem _labels; // [N, H, W]
    private readonly IndexMem _result; // [N, H, W] overwritten
    private readonly int _height;
    private readonly int _width;
    private readonly int _classes;
    private readonly int _unlabelled;
    private readonly float _threshold;

    /// <summary>The labels for logits [N, classes, vertical.Source, horizontal.Source] that the two axes bring to the grid H × W.</summary>
    public PseudoLabelKernel(
        Mem teacher, IndexMem labels, IndexMem result, BilinearAxis vertical, BilinearAxis horizontal, int classes, int unlabelled, float threshold)
    {
        _teacher = new SampledLogits(teacher, vertical, horizontal, classes);
        _labels = labels;
        _result = result;
        _height = vertical.Target;
        _width = horizontal.Target;
        _classes = classes;
        _unlabelled = unlabelled;
        _threshold = threshold;
    }

    /// <summary>
    /// The specification. Teacher [N, C, pixels] on the grid, labels and result [N, pixels]. Of equal logits the first one's class is taken; a NaN among the
    /// logits leaves a pixel unlabelled.
    /// </summary>
    public static void Reference(
        ReadOnlySpan<double> teacher, ReadOnlySpan<int> labels, Span<int> result, int classes, int pixels, int unlabelled, float threshold)
    {
        for (int i = 0; i < result.Length; i++)
        {
            int start = (i / pixels * classes * pixels) + (i % pixels);
            int best = unlabelled;
            double max = double.NegativeInfinity;
            for (int c = 0; c < classes; c++)
            {
                double z = teacher[start + (c * pixels)];
                best = z > max ? c : best;
                max = z > max ? z : max;
            }

            double sum = 0;
            for (int c = 0; c < classes; c++)
            {
                sum += Math.Exp(teacher[start + (c * pixels)] - max);
            }

            bool sure = threshold * sum <= 1;
            result[i] = labels[i] == unlabelled && sure ? best : labels[i];
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int at = (row * _width) + column;
        TLane zero = TLane.Splat(0f);
        TLane label = TLane.LoadIndex(_labels, at);
        TLane wanted = TLane.SelectEqual(label, TLane.Splat(_unlabelled), TLane.Splat(1f), zero);

        // Labelled images, half of a batch or more, cost no exponential.
        if (TLane.AnyGreater(wanted, zero))
        {
            label = TLane.SelectGreater(wanted, zero, SureClass(row, column, label), label);
        }

        TLane.StoreIndex(_result, at, label);
    }

    /// <summary>The teacher's class where it is sure, else <paramref name="otherwise"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private TLane SureClass<TLane>(int row, int column, TLane otherwise)
        where TLane : unmanaged, ILane<TLane>
    {
        int image = row / _height;
        SampledPlace<TLane> place = _teacher.At<TLane>(image, row - (image * _height), column);
        TLane max = TLane.Splat(float.NegativeInfinity);
        TLane best = otherwise;
        for (int c = 0; c < _classes; c++)
        {
            TLane z = _teacher.Load(place, c);
            best = TLane.SelectGreater(z, max, TLane.Splat(c), best);
            max = TLane.Larger(z, max);
        }

        TLane sum = TLane.Splat(0f);
        for (int c = 0; c < _classes; c++)
        {
            sum += TLane.ExpNonpositive(_teacher.Load(place, c) - max);
        }

        // A NaN is not equal to itself. Not 'one > product': ILGPU 1.5.3 has that hold for NaN.
        TLane product = sum * TLane.Splat(_threshold);
        return TLane.SelectGreater(product, TLane.Splat(1f), otherwise, TLane.SelectEqual(product, product, best, otherwise));
    }
}
