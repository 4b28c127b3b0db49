using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Intrinsics;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Tiles;

namespace HeteroAKD.Kernels.Gemm;

/// <summary>C of <see cref="GemmArguments"/>, four elements at a time where everything lies so.</summary>
public readonly struct MatrixSink : ITileSink
{
    private readonly DeviceEpilogue _epilogue;
    private readonly int _whole; // 1 where four neighbours are one access

    /// <summary>Uses C, the sizes and the epilogue of the product; A and B are not read.</summary>
    public MatrixSink(in GemmArguments arguments)
    {
        _epilogue = new(arguments);
        _whole = _epilogue.IsWhole ? 1 : 0;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(int item, int row, int column, Float4 products)
    {
        if (row >= _epilogue.Rows || column >= _epilogue.Columns)
        {
            return;
        }

        if (_whole != 0 && column + 3 < _epilogue.Columns)
        {
            _epilogue.Store(item, row, column, DeviceF32x4.Of(products));
        }
        else
        {
            StoreOne(item, row, column, products.X);
            StoreOne(item, row, column + 1, products.Y);
            StoreOne(item, row, column + 2, products.Z);
            StoreOne(item, row, column + 3, products.W);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void StoreOne(int item, int row, int column, float product)
    {
        if (column < _epilogue.Columns)
        {
            _epilogue.Store(item, row, column, new DeviceF32(product));
        }
    }
}
