using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Losses;

/// <summary>What the sums over an image are of.</summary>
public enum SpatialSum
{
    /// <summary>log Σ e^U of each class, the norm of the spatial softmax; and the number of pixels.</summary>
    Exponents,

    /// <summary>Σ V·ω·a of each class: what its gradient takes from a.</summary>
    Weighted,
}

/// <summary>The numbers of an image that a <see cref="SpatialSum"/> makes.</summary>
public static class SpatialPlanes
{
    /// <summary>One for each class, and with the exponents one more for the number of pixels.</summary>
    public static int Of(SpatialSum sum, int classes) => sum == SpatialSum.Exponents ? classes + 1 : classes;

    /// <summary>Whether a plane holds the logarithm of a sum.</summary>
    internal static bool IsLogarithm(SpatialSum sum, int plane, int classes) => sum == SpatialSum.Exponents && plane < classes;
}

/// <summary>
/// First stage of the sums over space, class by class: rows are the strips of all images, columns grid columns; each element walks down its strip and
/// leaves its <see cref="SpatialPlanes">planes</see>. The sums it returns are zero. The loss must be one that is not detached, or the sum
/// <see cref="SpatialSum.Exponents"/>.
/// </summary>
public readonly struct SpatialFoldKernel : IPixelSumKernel
{
    private readonly HeteroAkdLoss<ChosenParts> _loss;
    private readonly LogitsSource _student;
    private readonly LogitsSource _teacher;
    private readonly LabelSource _labels;
    private readonly StripGrid _grid;
    private readonly SpatialSum _sum;
    private readonly Mem _partials; // [strips of all images, planes, grid width]

    /// <summary>The kernel; the sources need no workspace.</summary>
    public SpatialFoldKernel(
        in HeteroAkdLoss<ChosenParts> loss, in LogitsSource student, in LogitsSource teacher, in LabelSource labels, in StripGrid grid, SpatialSum sum,
        Mem partials)
    {
        _loss = loss;
        _student = student;
        _teacher = teacher;
        _labels = labels;
        _grid = grid;
        _sum = sum;
        _partials = partials;
    }

    /// <inheritdoc/>
    public int ScratchLength => Kept + _student.ScratchLength + _teacher.ScratchLength;

    private int Maxima => _loss.ScratchLength;

    private int Totals => Maxima + _loss.Classes;

    private int Kept => Totals + _loss.Classes + 1;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Load<TLane, TScratch>(int row, int column, int lanes, TScratch scratch)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store<TLane, TScratch>(int row, int column, int lanes, TScratch scratch)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Sums<TLane> Run<TLane, TScratch>(int row, int column, TScratch scratch)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        int classes = _loss.Classes;
        int image = row / _grid.StripsPerImage;
        int teacherKept = Kept + _student.ScratchLength;
        int studentHeld = -1;
        int teacherHeld = -1;
        for (int c = 0; c < classes; c++)
        {
            scratch.Set(Maxima + c, TLane.Splat(HeteroAkdLoss<ChosenParts>.NoExponent));
            scratch.Set(Totals + c, TLane.Splat(0f));
        }

        scratch.Set(Totals + classes, TLane.Splat(0f));
        for (int y = _grid.FirstRow(row); y <= _grid.LastRow(row); y++)
        {
            _student.Load<TLane, TScratch>(scratch, 0, Kept, studentHeld, image, y, column);
            _teacher.Load<TLane, TScratch>(scratch, classes, teacherKept, teacherHeld, image, y, column);
            studentHeld = _student.SourceRow(y);
            teacherHeld = _teacher.SourceRow(y);
            TLane label = _labels.At<TLane>(image, y, column);
            if (_sum == SpatialSum.Exponents)
            {
                _loss.FoldExponents(scratch, label, _labels.Valid(label), Maxima, Totals);
            }
            else
            {
                _loss.FoldWeighted(scratch, label, _labels.Valid(label), image, Totals);
            }
        }

        int planes = SpatialPlanes.Of(_sum, classes);
        for (int c = 0; c < planes; c++)
        {
            TLane total = scratch.Get(Totals + c);
            total = SpatialPlanes.IsLogarithm(_sum, c, classes) ? scratch.Get(Maxima + c) + TLane.Log(total) : total;
            TLane.Store(_partials, (((row * planes) + c) * _grid.Width) + column, total);
        }

        return default;
    }
}

/// <summary>Second stage: adds up one plane of one image over its strips and columns. Rows are (image, plane).</summary>
public readonly struct SpatialReduceKernel : IRowKernel
{
    private readonly Mem _partials; // [strips of all images, planes, grid width]
    private readonly Mem _result; // [N, planes]
    private readonly StripGrid _grid;
    private readonly int _classes;
    private readonly SpatialSum _sum;

    /// <summary>The kernel for what <see cref="SpatialFoldKernel"/> left.</summary>
    public SpatialReduceKernel(Mem partials, Mem result, in StripGrid grid, int classes, SpatialSum sum)
    {
        _partials = partials;
        _result = result;
        _grid = grid;
        _classes = classes;
        _sum = sum;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane, TGroup>(TGroup group, int row)
        where TLane : unmanaged, ILane<TLane>
        where TGroup : struct, IGroup<TLane>
    {
        int planes = SpatialPlanes.Of(_sum, _classes);
        int plane = row % planes;
        int first = row / planes * _grid.StripsPerImage;
        int start = ((first * planes) + plane) * _grid.Width;
        int step = planes * _grid.Width;
        bool logarithm = SpatialPlanes.IsLogarithm(_sum, plane, _classes);
        TLane max = TLane.Splat(0f);
        if (logarithm)
        {
            TLane none = TLane.Splat(HeteroAkdLoss<ChosenParts>.NoExponent);
            max = none;
            for (int strip = 0; strip < _grid.StripsPerImage; strip++)
            {
                for (int j = group.Start; j < _grid.Width; j += group.Stride)
                {
                    max = TLane.Max(max, TLane.LoadPart(_partials, start + (strip * step) + j, _grid.Width - j, none));
                }
            }

            max = group.Max(max);
        }

        TLane total = TLane.Splat(0f);
        TLane nothing = TLane.Splat(logarithm ? float.NegativeInfinity : 0f);
        for (int strip = 0; strip < _grid.StripsPerImage; strip++)
        {
            for (int j = group.Start; j < _grid.Width; j += group.Stride)
            {
                TLane part = TLane.LoadPart(_partials, start + (strip * step) + j, _grid.Width - j, nothing);
                total += logarithm ? TLane.Exp(part - max) : part;
            }
        }

        total = group.Sum(total);
        group.StoreOne(_result, row, logarithm ? max + TLane.Log(total) : total);
    }
}
