using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Intrinsics;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Tiles;

namespace HeteroAKD.Kernels.Conv.Device;

/// <summary>Maps [N, channels, pixels] as the target of a product whose rows are channels and whose columns are the pixels of all images.</summary>
public readonly struct MapSink : ITileSink
{
    private readonly Mem _y; // [N, channels, pixels] overwritten
    private readonly Mem _bias; // [channels]
    private readonly int _hasBias;
    private readonly int _channels;
    private readonly int _columns;
    private readonly Divider _pixels;
    private readonly int _whole; // 1 where four columns are always of one image and one access

    /// <summary>Binds the memory.</summary>
    /// <param name="y">[N, channels, pixels], overwritten.</param>
    /// <param name="bias">[channels]; any memory where there is none.</param>
    /// <param name="hasBias">1 or 0.</param>
    /// <param name="images">N.</param>
    /// <param name="channels">Channels.</param>
    /// <param name="pixels">Pixels of an image.</param>
    public MapSink(Mem y, Mem bias, int hasBias, int images, int channels, int pixels)
    {
        _y = y;
        _bias = bias;
        _hasBias = hasBias;
        _channels = channels;
        _columns = images * pixels;
        _pixels = new(pixels);
        _whole = Alignment.IsWhole(y, pixels, 0, 0);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(int item, int row, int column, Float4 products)
    {
        if (row >= _channels || column >= _columns)
        {
            return;
        }

        DeviceF32x4 x = DeviceF32x4.Of(products);
        if (_hasBias != 0)
        {
            x += DeviceF32x4.LoadSplat(_bias, row);
        }

        if (_whole != 0)
        {
            DeviceF32x4.Store(_y, Place(row, column), x);
        }
        else
        {
            StoreOne(row, column, x.X);
            StoreOne(row, column + 1, x.Y);
            StoreOne(row, column + 2, x.Z);
            StoreOne(row, column + 3, x.W);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void StoreOne(int row, int column, DeviceF32 value)
    {
        if (column < _columns)
        {
            DeviceF32.Store(_y, Place(row, column), value);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Place(int row, int column)
    {
        int image = _pixels.Quotient(column);
        return (((image * _channels) + row) * _pixels.Divisor) + _pixels.Remainder(column, image);
    }
}
