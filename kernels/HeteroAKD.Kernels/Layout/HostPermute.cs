using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Layout;

/// <summary>The permutation of <see cref="PermuteKernel"/> on host threads.</summary>
internal static class HostPermute
{
    /// <summary>Writes all of y [sizes]; the strides are the source's elements from one to the next along each axis of y, one of them 1.</summary>
    public static void Run(HostPool pool, Mem x, Mem y, ReadOnlySpan<int> sizes, ReadOnlySpan<int> strides, HostPrecision precision)
    {
        if (precision == HostPrecision.Float64)
        {
            PermuteJob<double>.Run(pool, x, y, sizes, strides);
        }
        else
        {
            PermuteJob<float>.Run(pool, x, y, sizes, strides);
        }
    }
}

/// <summary>
/// Two axes are moved as one piece: the last one of y, along which y is contiguous, and the inner one, along which x is. Where they are the same axis a piece
/// is a row that is copied; else it is a band of 16 elements of the inner axis, transposed block by block. The other axes are outer ones.
/// </summary>
internal sealed unsafe class PermuteJob<T> : KernelJob<PermuteJob<T>>
    where T : unmanaged
{
    // So many elements a tile at least, or handing it over would cost more than the work.
    private const int TileElements = 1 << 13;
    private const int Axes = 4;

    private Mem _x;
    private Mem _y;
    private int _columns;       // of the last axis
    private int _columnStride;  // in x
    private int _rows;          // of the inner axis; 1 where it is the last one
    private int _rowStride;     // in y
    private int _bands;         // of the inner axis
    private Outer _outer0;
    private Outer _outer1;
    private Outer _outer2;
    private int _pieces;
    private int _piecesPerTile;

    /// <summary>Permutes all of it.</summary>
    public static void Run(HostPool pool, Mem x, Mem y, ReadOnlySpan<int> sizes, ReadOnlySpan<int> strides)
    {
        PermuteJob<T> job = Take();
        (job._x, job._y) = (x, y);
        (job._columns, job._columnStride) = (sizes[Axes - 1], strides[Axes - 1]);
        (job._rows, job._rowStride) = (1, 0);
        (job._outer0, job._outer1, job._outer2) = (Outer.None, Outer.None, Outer.None);
        int inY = job._columns;
        for (int axis = Axes - 2; axis >= 0; axis--)
        {
            if (strides[axis] == 1 && sizes[axis] > 1 && job._columnStride != 1)
            {
                (job._rows, job._rowStride) = (sizes[axis], inY);
            }
            else
            {
                (job._outer0, job._outer1, job._outer2) = (new Outer(sizes[axis], strides[axis], inY), job._outer0, job._outer1);
            }

            inY *= sizes[axis];
        }

        job._bands = (job._rows + HostBlock<T>.Size - 1) / HostBlock<T>.Size;
        job._pieces = job._outer0.Size * job._outer1.Size * job._outer2.Size * job._bands;
        job._piecesPerTile = (int)Math.Max(1, TileElements / ((long)job._columns * Math.Min(job._rows, HostBlock<T>.Size)));
        pool.Run(job, (job._pieces + job._piecesPerTile - 1) / job._piecesPerTile);
    }

    public override void Tile(int tile, int worker)
    {
        int piece = tile * _piecesPerTile;
        int end = Math.Min(_pieces, piece + _piecesPerTile);
        (int rest, int band) = Math.DivRem(piece, _bands);
        (rest, int i2) = Math.DivRem(rest, _outer2.Size);
        (int i0, int i1) = Math.DivRem(rest, _outer1.Size);
        for (; piece < end; piece++)
        {
            T* from = (T*)_x.Address + ((long)i0 * _outer0.InX) + ((long)i1 * _outer1.InX) + ((long)i2 * _outer2.InX);
            T* to = (T*)_y.Address + ((long)i0 * _outer0.InY) + ((long)i1 * _outer1.InY) + ((long)i2 * _outer2.InY);
            if (_columnStride == 1)
            {
                new ReadOnlySpan<T>(from, _columns).CopyTo(new Span<T>(to, _columns));
            }
            else
            {
                int row = band * HostBlock<T>.Size;
                Band(from + row, to + ((long)row * _rowStride), Math.Min(HostBlock<T>.Size, _rows - row));
            }

            if (++band == _bands)
            {
                band = 0;
                if (++i2 == _outer2.Size)
                {
                    i2 = 0;
                    if (++i1 == _outer1.Size)
                    {
                        (i0, i1) = (i0 + 1, 0);
                    }
                }
            }
        }
    }

    private void Band(T* from, T* to, int rows)
    {
        for (int column = 0; column < _columns; column += HostBlock<T>.Size)
        {
            HostBlock<T>.Turn(
                from + ((long)column * _columnStride), _columnStride, to + column, _rowStride, Math.Min(HostBlock<T>.Size, _columns - column), rows);
        }
    }

    /// <summary>An outer axis and the elements from one to the next along it.</summary>
    private readonly record struct Outer(int Size, int InX, int InY)
    {
        public static Outer None => new(1, 0, 0);
    }
}
