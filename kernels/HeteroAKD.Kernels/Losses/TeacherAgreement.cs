using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Resize;

namespace HeteroAKD.Kernels.Losses;

/// <summary>
/// Where the teacher is right, as a map on the student's grid: the label where the class of the teacher's largest logit (the first of equals) is the label, -2
/// - label where it is another one, -1 where there is no label. A loss that reads it as labels takes the pixels where the teacher is right. Launch on N·h × w.
/// </summary>
public readonly struct TeacherAgreementKernel : IPixelKernel
{
    private readonly SampledLogits _teacher;
    private readonly IndexMem _agreement; // [N, h, w] overwritten
    private readonly LabelSource _labels;
    private readonly int _height;
    private readonly int _width;
    private readonly int _classes;

    /// <summary>
    /// The map for logits [N, classes, vertical.Source, horizontal.Source] that the two axes bring to the grid h × w, on which <paramref name="labels"/> are,
    /// too.
    /// </summary>
    public TeacherAgreementKernel(Mem teacher, IndexMem agreement, in LabelSource labels, BilinearAxis vertical, BilinearAxis horizontal, int classes)
    {
        _teacher = new SampledLogits(teacher, vertical, horizontal, classes);
        _agreement = agreement;
        _labels = labels;
        _height = vertical.Target;
        _width = horizontal.Target;
        _classes = classes;
    }

    /// <summary>The specification. Teacher [N, C, pixels] on the grid, labels and agreement [N, pixels]. A NaN is no largest logit.</summary>
    public static void Reference(ReadOnlySpan<double> teacher, ReadOnlySpan<int> labels, Span<int> agreement, int classes, int pixels, int ignoreIndex)
    {
        for (int i = 0; i < agreement.Length; i++)
        {
            int start = (i / pixels * classes * pixels) + (i % pixels);
            int best = -1;
            double max = double.NegativeInfinity;
            for (int c = 0; c < classes; c++)
            {
                double z = teacher[start + (c * pixels)];
                best = z > max ? c : best;
                max = z > max ? z : max;
            }

            bool labelled = labels[i] != ignoreIndex && labels[i] >= 0 && labels[i] < classes;
            agreement[i] = !labelled ? -1 : best == labels[i] ? labels[i] : -2 - labels[i];
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int image = row / _height;
        int y = row - (image * _height);
        TLane label = _labels.At<TLane>(image, y, column);
        TLane best = LargestClass<TLane>(image, y, column);

        // Without a label -2 - label is -1 again.
        TLane agreement = TLane.SelectEqual(best, label, label, TLane.Splat(-2f) - label);
        TLane.StoreIndex(_agreement, (row * _width) + column, agreement);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private TLane LargestClass<TLane>(int image, int y, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        SampledPlace<TLane> place = _teacher.At<TLane>(image, y, column);
        TLane max = TLane.Splat(float.NegativeInfinity);
        TLane best = TLane.Splat(-1f);
        for (int c = 0; c < _classes; c++)
        {
            TLane z = _teacher.Load(place, c);
            best = TLane.SelectGreater(z, max, TLane.Splat(c), best);
            max = TLane.Larger(z, max);
        }

        return best;
    }
}

/// <summary>
/// The labels of pixels in whose window of 5 × 5, cut at the borders, the teacher is right at half or more of the labelled pixels; -1 elsewhere and where the
/// pixel itself has no label. It reads the map of <see cref="TeacherAgreementKernel"/>. Launch on N·height × width.
/// </summary>
public readonly struct NearbyAgreementKernel(
    IndexMem agreement, // [N, height, width]
    IndexMem labels, // [N, height, width] overwritten
    int height,
    int width) : IPixelKernel
{
    // Pixels of the window on each side of its centre.
    private const int Radius = 2;

    /// <summary>Pixels of a whole window.</summary>
    public const int Window = ((2 * Radius) + 1) * ((2 * Radius) + 1);

    /// <summary>The specification.</summary>
    public static void Reference(ReadOnlySpan<int> agreement, Span<int> labels, int height, int width)
    {
        for (int i = 0; i < labels.Length; i++)
        {
            int image = i / (height * width);
            int y = i / width % height;
            int x = i % width;
            int labelled = 0;
            int right = 0;
            for (int row = Math.Max(0, y - Radius); row <= Math.Min(height - 1, y + Radius); row++)
            {
                for (int column = Math.Max(0, x - Radius); column <= Math.Min(width - 1, x + Radius); column++)
                {
                    int neighbour = agreement[(((image * height) + row) * width) + column];
                    labelled += neighbour != -1 ? 1 : 0;
                    right += neighbour >= 0 ? 1 : 0;
                }
            }

            int label = agreement[i] < -1 ? -2 - agreement[i] : agreement[i];
            labels[i] = 2 * right >= labelled ? label : -1;
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane zero = TLane.Splat(0f);
        TLane one = TLane.Splat(1f);
        TLane none = TLane.Splat(-1f);
        TLane here = TLane.Iota(column);
        TLane labelled = zero;
        TLane right = zero;
        int first = row / height * height;
        int end = Math.Min(first + height - 1, row + Radius);
        for (int line = Math.Max(first, row - Radius); line <= end; line++)
        {
            for (int offset = -Radius; offset <= Radius; offset++)
            {
                TLane place = here + TLane.Splat(offset);
                TLane inside = TLane.Min(TLane.Max(place, zero), TLane.Splat(width - 1));
                TLane counts = TLane.SelectEqual(place, inside, one, zero);
                TLane neighbour = TLane.GatherIndex(agreement, line * width, inside);
                labelled += TLane.SelectEqual(neighbour, none, zero, counts);
                right += TLane.SelectGreater(neighbour, none, counts, zero);
            }
        }

        TLane own = TLane.LoadIndex(agreement, (row * width) + column);
        TLane label = TLane.SelectGreater(none, own, TLane.Splat(-2f) - own, own);
        TLane.StoreIndex(labels, (row * width) + column, TLane.SelectGreater(labelled, right + right, none, label));
    }
}
