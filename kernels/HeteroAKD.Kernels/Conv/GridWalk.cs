using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Pixelwise;

namespace HeteroAKD.Kernels.Conv;

/// <summary>
/// Walks over the grid positions of padded planes in runs of a tile's columns, skipping what is padding, and knows where in the target the valid
/// columns of the current run belong.
/// </summary>
internal unsafe ref struct GridWalk
{
    /// <summary>Columns that a run may have; bounds the segments.</summary>
    public const int MaxColumns = 64;

    private readonly PaddedPlanes _planes;
    private readonly ConvGeometry _geometry;
    private readonly ConvPass _pass;
    private readonly int _rows;
    private readonly int _images;
    private readonly int _gridRow;
    private readonly nint _targetImageStride;
    private int _image;
    private int _row;
    private int _column;
    private fixed int _lane[MaxColumns];
    private fixed int _length[MaxColumns];
    private fixed long _target[MaxColumns];

    public GridWalk(ConvGeometry geometry, ConvPass pass, PaddedPlanes planes, int gridRow, int images, nint targetImageStride)
    {
        _geometry = geometry;
        _pass = pass;
        _planes = planes;
        _gridRow = gridRow;
        _rows = Math.Min(planes.GridRows, pass.Rows - gridRow);
        _images = _rows > 0 && pass.Columns > 0 ? images : 0;
        _targetImageStride = targetImageStride;
    }

    /// <summary>Distance of the run's first column from the start of the planes, in elements.</summary>
    public int Position { get; private set; }

    /// <summary>Columns up to the last valid one.</summary>
    public int Columns { get; private set; }

    private int SegmentCount { get; set; }

    /// <summary>Goes to the next run of at most <paramref name="columns"/> columns; false at the end.</summary>
    public bool Next(int columns)
    {
        if (_image >= _images)
        {
            return false;
        }

        Position = (_image * _planes.ImageStride) + (_row * _planes.Pitch) + _column;
        SegmentCount = 0;
        int lane = 0;
        while (lane < columns && _image < _images)
        {
            int length = Math.Min(_pass.Columns - _column, columns - lane);
            _lane[SegmentCount] = lane;
            _length[SegmentCount] = length;
            _target[SegmentCount] = Target();
            SegmentCount++;
            Columns = lane + length;
            _column += length;
            if (_column == _pass.Columns)
            {
                NextRow();
            }

            lane = (_image * _planes.ImageStride) + (_row * _planes.Pitch) + _column - Position;
        }

        return true;
    }

    /// <summary>Writes row <paramref name="row"/> of the tile to the target channel at <paramref name="channel"/>: activation(value + bias), or added to what is there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Store<TLane>(byte* row, byte* channel, TLane bias, ActivationKind activation, bool accumulate)
        where TLane : unmanaged, ILane<TLane>
    {
        int size = RegisterTile<TLane>.ElementSize;
        int step = _geometry.TargetStepColumn;
        for (int segment = 0; segment < SegmentCount; segment++)
        {
            Mem from = new(row + (_lane[segment] * size));
            byte* target = channel + (nint)(_target[segment] * size);
            int length = _length[segment];
            for (int i = 0; i < length; i += TLane.Width)
            {
                if (step == 1 && !accumulate && length > TLane.Width)
                {
                    // The last lane of a run overlaps the one before instead of being stored in part.
                    i = Math.Min(i, length - TLane.Width);
                }

                TLane value = TLane.Load(from, i) + bias;
                if (activation != ActivationKind.None)
                {
                    value = Activation.Apply(activation, value);
                }

                if (step == 1)
                {
                    StoreRun(new Mem(target), i, length - i, value, accumulate);
                }
                else
                {
                    StoreEvery(target + ((nint)i * step * size), step, Math.Min(TLane.Width, length - i), value, accumulate);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreRun<TLane>(Mem target, int index, int count, TLane value, bool accumulate)
        where TLane : unmanaged, ILane<TLane>
    {
        if (accumulate)
        {
            value += TLane.LoadPart(target, index, count, value);
        }

        TLane.StorePart(target, index, count, value);
    }

    private static void StoreEvery<TLane>(byte* target, int step, int count, TLane value, bool accumulate)
        where TLane : unmanaged, ILane<TLane>
    {
        if (RegisterTile<TLane>.ElementSize == sizeof(float))
        {
            StoreElements((float*)&value, (float*)target, step, count, accumulate);
        }
        else
        {
            StoreElements((double*)&value, (double*)target, step, count, accumulate);
        }
    }

    private static void StoreElements<T>(T* values, T* target, int step, int count, bool accumulate)
        where T : unmanaged, System.Numerics.IAdditionOperators<T, T, T>
    {
        for (int i = 0; i < count; i++)
        {
            nint at = (nint)i * step;
            target[at] = accumulate ? target[at] + values[i] : values[i];
        }
    }

    private readonly long Target()
    {
        long row = _pass.TargetRow + ((long)(_gridRow + _row) * _geometry.TargetStepRow);
        return (_image * (long)_targetImageStride) + (row * _geometry.TargetWidth) + _pass.TargetColumn + ((long)_column * _geometry.TargetStepColumn);
    }

    private void NextRow()
    {
        _column = 0;
        if (++_row == _rows)
        {
            _row = 0;
            _image++;
        }
    }
}
