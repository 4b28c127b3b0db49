using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Layout;

/// <summary>The copy of <see cref="AxisCopyKernel"/> on host threads.</summary>
internal static class HostAxisCopy
{
    /// <summary>Writes all of y [planes, rows.Target, columns.Target] from x [planes, rows.Source, columns.Source], which is not empty.</summary>
    public static void Run(HostPool pool, Mem x, Mem y, int planes, AxisMap rows, AxisMap columns, float fill, HostPrecision precision)
    {
        if (precision == HostPrecision.Float64)
        {
            AxisCopyJob<double>.Run(pool, x, y, planes, rows, columns, fill);
        }
        else
        {
            AxisCopyJob<float>.Run(pool, x, y, planes, rows, columns, fill);
        }
    }
}

/// <summary>Long rows of y are cut into pieces. Every row has the same columns with a source, so they are found once.</summary>
internal sealed unsafe class AxisCopyJob<T> : KernelJob<AxisCopyJob<T>>
    where T : unmanaged
{
    // So many elements a tile at least, or handing it over would cost more than the work.
    private const int TileElements = 1 << 13;

    private Mem _x;
    private Mem _y;
    private AxisMap _rows;
    private AxisMap _columns;
    private T _fill;
    private int _pieces;        // of all rows of y
    private int _piecesPerRow;
    private int _piecesPerTile;
    private int _toFirst;       // first of y's columns that have a source
    private int _fromFirst;     // its source
    private int _copied;        // columns with a source

    /// <summary>Copies all planes.</summary>
    public static void Run(HostPool pool, Mem x, Mem y, int planes, AxisMap rows, AxisMap columns, T fill)
    {
        AxisCopyJob<T> job = Take();
        (job._x, job._y, job._rows, job._columns, job._fill) = (x, y, rows, columns, fill);
        job.FindColumns();
        job._piecesPerRow = (columns.Target + TileElements - 1) / TileElements;
        job._pieces = planes * rows.Target * job._piecesPerRow;
        job._piecesPerTile = Math.Max(1, TileElements / columns.Target);
        pool.Run(job, (job._pieces + job._piecesPerTile - 1) / job._piecesPerTile);
    }

    public override void Tile(int tile, int worker)
    {
        int piece = tile * _piecesPerTile;
        int end = Math.Min(_pieces, piece + _piecesPerTile);
        (int row, int part) = Math.DivRem(piece, _piecesPerRow);
        (int plane, int i) = Math.DivRem(row, _rows.Target);
        for (; piece < end; piece++)
        {
            int source = _rows.From(i);
            int first = part * TileElements;
            T* to = (T*)_y.Address + (((long)plane * _rows.Target) + i) * _columns.Target;
            CopyPart((T*)_x.Address + ((((long)plane * _rows.Source) + source) * _columns.Source), to, source >= 0, first,
                Math.Min(_columns.Target, first + TileElements));
            if (++part == _piecesPerRow)
            {
                (part, i) = (0, i + 1);
                if (i == _rows.Target)
                {
                    (plane, i) = (plane + 1, 0);
                }
            }
        }
    }

    private void FindColumns()
    {
        if (_columns.Step != 1 && _columns.Spacing != 1)
        {
            throw new ArgumentException("one of step and spacing must be 1", nameof(_columns));
        }

        _toFirst = 0;
        while (_toFirst < _columns.Target && _columns.From(_toFirst) < 0)
        {
            _toFirst++;
        }

        _fromFirst = _toFirst < _columns.Target ? _columns.From(_toFirst) : 0;
        _copied = Math.Min(Quotient(_columns.Target - _toFirst, _columns.Spacing), Quotient(_columns.Source - _fromFirst, _columns.Step));
    }

    // Columns first to end of a row.
    private void CopyPart(T* from, T* to, bool hasSource, int first, int end)
    {
        (int spacing, int step) = (_columns.Spacing, _columns.Step);
        int copied = hasSource ? Math.Clamp(Quotient(first - _toFirst, spacing), 0, _copied) : 0;
        int last = hasSource ? Math.Clamp(Quotient(end - _toFirst, spacing), 0, _copied) : 0;
        if (spacing > 1 || copied == last)
        {
            new Span<T>(to + first, end - first).Fill(_fill);
        }
        else
        {
            new Span<T>(to + first, _toFirst + copied - first).Fill(_fill);
            new Span<T>(to + _toFirst + last, end - _toFirst - last).Fill(_fill);
        }

        if (spacing == 1 && step == 1)
        {
            new ReadOnlySpan<T>(from + _fromFirst + copied, last - copied).CopyTo(new Span<T>(to + _toFirst + copied, last - copied));
            return;
        }

        from += _fromFirst + ((long)copied * step);
        to += _toFirst + ((long)copied * spacing);
        for (int left = last - copied; left > 0; left--)
        {
            *to = *from;
            from += step;
            to += spacing;
        }
    }

    // Rounded up.
    private static int Quotient(int a, int b) => a <= 0 ? 0 : ((a - 1) / b) + 1;
}
