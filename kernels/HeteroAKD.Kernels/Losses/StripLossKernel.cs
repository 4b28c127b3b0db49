using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Losses;

/// <summary>
/// A loss on a working grid that at least one input is sampled onto. Rows are strips of a few grid rows, columns are grid columns: an element walks
/// down its strip, so the source rows around it are fetched once for many grid rows, and the gradient leaves it summed over them.
/// Nothing of the grid's size is stored but the gradients of inputs that lie on the grid, and pictures.
/// </summary>
/// <remarks>
/// One launch covers a chunk of the strips of all images (<see cref="StripPlan"/>); <see cref="StripGradientKernel"/> then adds the
/// chunk's workspace to the gradient of each sampled input.
/// </remarks>
public readonly struct StripLossKernel<TLoss> : IPixelSumKernel
    where TLoss : struct, IPixelLoss
{
    private readonly TLoss _loss;
    private readonly LogitsSource _student;
    private readonly LogitsSource _teacher;
    private readonly LabelSource _labels;
    private readonly LossOutputs _outputs;
    private readonly StripGrid _grid;
    private readonly int _firstStrip;

    /// <summary>The loss on the strips from <paramref name="firstStrip"/> on; for a loss with one input, <paramref name="teacher"/> is not looked at.</summary>
    public StripLossKernel(
        in TLoss loss, in LogitsSource student, in LogitsSource teacher, in LabelSource labels, in LossOutputs outputs, in StripGrid grid, int firstStrip)
    {
        _loss = loss;
        _student = student;
        _teacher = teacher;
        _labels = labels;
        _outputs = outputs;
        _grid = grid;
        _firstStrip = firstStrip;
    }

    /// <inheritdoc/>
    public int ScratchLength => _loss.ScratchLength + _student.ScratchLength + (_loss.Inputs == 2 ? _teacher.ScratchLength : 0);

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
        int image = (_firstStrip + row) / _grid.StripsPerImage;
        int y = _grid.FirstRow(_firstStrip + row);
        int end = Math.Min(_grid.Height, y + _grid.StripRows);
        int plane = _grid.Height * _grid.Width;
        int studentKept = _loss.ScratchLength;
        int teacherKept = studentKept + _student.ScratchLength;
        int studentFirst = _student.SourceRow(y);
        int teacherFirst = _teacher.SourceRow(y);
        int studentHeld = -1;
        int teacherHeld = -1;
        Sums<TLane> sums = default;
        for (; y < end; y++)
        {
            int studentRow = _student.SourceRow(y);
            _student.Advance<TLane, TScratch>(scratch, studentKept, studentHeld, studentFirst, studentRow, false, row, column);
            _student.Load<TLane, TScratch>(scratch, 0, studentKept, studentHeld, image, y, column);
            studentHeld = studentRow;
            if (_loss.Inputs == 2)
            {
                int teacherRow = _teacher.SourceRow(y);
                _teacher.Advance<TLane, TScratch>(scratch, teacherKept, teacherHeld, teacherFirst, teacherRow, false, row, column);
                _teacher.Load<TLane, TScratch>(scratch, classes, teacherKept, teacherHeld, image, y, column);
                teacherHeld = teacherRow;
            }

            TLane label = _labels.At<TLane>(image, y, column);
            sums = Sums<TLane>.Add(sums, _loss.Compute(scratch, label, _labels.Valid(label), image));
            _outputs.Store<TLane, TScratch>(scratch, classes, 1, (image * classes * plane) + (y * _grid.Width) + column, plane);
            _student.Collect<TLane, TScratch>(scratch, 0, studentKept, y);
            if (_loss.Inputs == 2)
            {
                _teacher.Collect<TLane, TScratch>(scratch, classes, teacherKept, y);
            }
        }

        _student.Advance<TLane, TScratch>(scratch, studentKept, studentHeld, studentFirst, studentHeld, true, row, column);
        if (_loss.Inputs == 2)
        {
            _teacher.Advance<TLane, TScratch>(scratch, teacherKept, teacherHeld, teacherFirst, teacherHeld, true, row, column);
        }

        return sums;
    }
}
