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
    private readonly int _firstMap;
    private readonly int _images;
    private readonly int _gridRow;
    private readonly nint _targetImageStride;
    private int _image; // or map
    private int _rows; // of it
    private int _row;
    private int _column;
    private int _firstColumn; // of the run
    private fixed int _lane[MaxColumns];
    private fixed int _length[MaxColumns];
    private fixed long _target[MaxColumns];

    /// <summary>Begins at the first position.</summary>
    /// <param name="geometry">The correlation.</param>
    /// <param name="pass">The part of the target.</param>
    /// <param name="planes">Layout of the source.</param>
    /// <param name="gridRow">First grid row of the planes.</param>
    /// <param name="map">First map of the planes; those of the target's image 0 come first.</param>
    /// <param name="maps">Maps of the planes.</param>
    /// <param name="targetImageStride">Elements from an image of the target to the next.</param>
    public GridWalk(ConvGeometry geometry, ConvPass pass, PaddedPlanes planes, int gridRow, int map, int maps, nint targetImageStride)
    {
        _geometry = geometry;
        _pass = pass;
        _planes = planes;
        _gridRow = gridRow;
        _firstMap = map;
        _images = pass.Columns > 0 ? maps : 0;
        _targetImageStride = targetImageStride;
        _image = -1;
        NextImage();
    }

    /// <summary>Distance of the run's first column from the start of the planes, in elements.</summary>
    public int Position { get; private set; }

    /// <summary>Columns up to the last valid one.</summary>
    public int Columns { get; private set; }

    /// <summary>First grid row of the whole map that the run touches.</summary>
    public int FirstRow { get; private set; }

    /// <summary>Last such row; a run over several images touches any.</summary>
    public int LastRow { get; private set; }

    /// <summary>First and last grid column that the run touches.</summary>
    public readonly (int First, int Last) GridColumns => SegmentCount == 1 ? (_firstColumn, _firstColumn + Columns - 1) : (0, _pass.Columns - 1);

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
        _firstColumn = _column;
        FirstRow = _gridRow + _row;
        int image = _image;
        bool several = false;
        int lane = 0;
        while (lane < columns && _image < _images)
        {
            int length = Math.Min(_pass.Columns - _column, columns - lane);
            _lane[SegmentCount] = lane;
            _length[SegmentCount] = length;
            _target[SegmentCount] = Target();
            SegmentCount++;
            LastRow = _gridRow + _row;
            several |= _image != image;
            Columns = lane + length;
            _column += length;
            if (_column == _pass.Columns)
            {
                NextRow();
            }

            lane = (_image * _planes.ImageStride) + (_row * _planes.Pitch) + _column - Position;
        }

        if (several)
        {
            FirstRow = 0;
            LastRow = _pass.Rows - 1;
        }

        return true;
    }

    /// <summary>
    /// Writes the run's lanes of several channels: activation(value + bias + what lies at the same places of <paramref name="added"/>), which is the target
    /// itself, one like it, or null.
    /// </summary>
    /// <param name="tile">[rows, vectors] lanes; one lane more is read.</param>
    /// <param name="rows">Channels.</param>
    /// <param name="vectors">Lanes of a channel: 1 or 2.</param>
    /// <param name="target">The first channel's plane in the target's first image.</param>
    /// <param name="plane">Bytes from a channel to the next.</param>
    /// <param name="bias">[channels from the first]; not read where <paramref name="hasBias"/> is false.</param>
    /// <param name="hasBias">Whether there is a bias.</param>
    /// <param name="activation">Applied last.</param>
    /// <param name="added">As <paramref name="target"/>, or null.</param>
    public readonly void StoreRows<TLane>(
        TLane* tile, int rows, int vectors, byte* target, nint plane, Mem bias, bool hasBias, ActivationKind activation, byte* added)
        where TLane : unmanaged, ILane<TLane>
    {
        bool whole = SegmentCount == 1 && vectors == 2 && _length[0] == 2 * TLane.Width && _geometry.TargetStepColumn == 1;
        if (whole && ClampedStore.Serves(activation))
        {
            nint at = (nint)_target[0] * RegisterTile<TLane>.ElementSize;
            StoreWhole(tile, rows, target + at, plane, bias, hasBias, activation, added == null ? null : added + at);
            return;
        }

        for (int row = 0; row < rows; row++)
        {
            nint at = row * plane;
            Store(
                (byte*)(tile + (row * vectors)),
                target + at,
                hasBias ? TLane.LoadSplat(bias, row) : TLane.Splat(0f),
                activation,
                added == null ? null : added + at);
        }
    }

    // Two whole lanes of each channel, side by side in the target.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void StoreWhole<TLane>(TLane* tile, int rows, byte* target, nint plane, Mem bias, bool hasBias, ActivationKind activation, byte* added)
        where TLane : unmanaged, ILane<TLane>
    {
        bool clamp = activation != ActivationKind.None;
        bool above = activation == ActivationKind.Relu6;
        for (int row = 0; row < rows; row++, target += plane, tile += 2)
        {
            TLane b = hasBias ? TLane.LoadSplat(bias, row) : TLane.Splat(0f);
            ClampedStore.Row(tile, b, b, (TLane*)added, clamp, above, (TLane*)target);
            added = added == null ? null : added + plane;
        }
    }

    /// <summary>
    /// Writes row <paramref name="row"/> of the tile to the target channel at <paramref name="channel"/>: activation(value + bias + what lies at the same
    /// places of <paramref name="added"/>), which is the channel itself, one like it, or null.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Store<TLane>(byte* row, byte* channel, TLane bias, ActivationKind activation, byte* added)
        where TLane : unmanaged, ILane<TLane>
    {
        int size = RegisterTile<TLane>.ElementSize;
        int step = _geometry.TargetStepColumn;
        for (int segment = 0; segment < SegmentCount; segment++)
        {
            Mem from = new(row + (_lane[segment] * size));
            byte* target = channel + (nint)(_target[segment] * size);
            byte* add = added + (nint)(_target[segment] * size);
            int length = _length[segment];
            for (int i = 0; i < length; i += TLane.Width)
            {
                if (step == 1 && added != channel && length > TLane.Width)
                {
                    // The last lane of a run overlaps the one before instead of being stored in part.
                    i = Math.Min(i, length - TLane.Width);
                }

                TLane value = TLane.Load(from, i) + bias;
                int count = Math.Min(TLane.Width, length - i);
                if (added != null)
                {
                    value += step == 1 ? TLane.LoadPart(new Mem(add), i, count, value) : LoadEvery<TLane>(add + ((nint)i * step * size), step, count);
                }

                if (activation != ActivationKind.None)
                {
                    value = Activation.Apply(activation, value);
                }

                if (step == 1 && count == TLane.Width)
                {
                    TLane.Store(new Mem(target), i, value);
                }
                else if (step == 1)
                {
                    TLane.StorePart(new Mem(target), i, count, value);
                }
                else
                {
                    StoreEvery(target + ((nint)i * step * size), step, count, value);
                }
            }
        }
    }

    private static TLane LoadEvery<TLane>(byte* target, int step, int count)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane value = TLane.Splat(0f);
        if (RegisterTile<TLane>.ElementSize == sizeof(float))
        {
            CopyElements((float*)target, step, (float*)&value, 1, count);
        }
        else
        {
            CopyElements((double*)target, step, (double*)&value, 1, count);
        }

        return value;
    }

    private static void StoreEvery<TLane>(byte* target, int step, int count, TLane value)
        where TLane : unmanaged, ILane<TLane>
    {
        if (RegisterTile<TLane>.ElementSize == sizeof(float))
        {
            CopyElements((float*)&value, 1, (float*)target, step, count);
        }
        else
        {
            CopyElements((double*)&value, 1, (double*)target, step, count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyElements<T>(T* from, nint fromStep, T* to, nint toStep, int count)
        where T : unmanaged
    {
        for (int i = 0; i < count; i++)
        {
            to[i * toStep] = from[i * fromStep];
        }
    }

    private readonly long Target()
    {
        (int image, int map) = Math.DivRem(_firstMap + _image, _geometry.RowMaps);
        long row = _pass.TargetRow + map + ((long)(_gridRow + _row) * _geometry.TargetStepRow * _geometry.RowMaps);
        return (image * (long)_targetImageStride) + (row * _geometry.TargetWidth) + _pass.TargetColumn + ((long)_column * _geometry.TargetStepColumn);
    }

    private void NextRow()
    {
        _column = 0;
        if (++_row == _rows)
        {
            NextImage();
        }
    }

    // Maps of an image differ by a row at most: the planes may have none of the last ones.
    private void NextImage()
    {
        _row = 0;
        do
        {
            _image++;
            int rows = _geometry.RowMaps == 1 ? _pass.Rows : _geometry.MapRows((_firstMap + _image) % _geometry.RowMaps);
            _rows = Math.Min(_planes.GridRows, rows - _gridRow);
        }
        while (_rows <= 0 && _image < _images);
    }
}
