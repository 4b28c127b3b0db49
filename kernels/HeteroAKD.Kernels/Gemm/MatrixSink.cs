using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Intrinsics;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Pixelwise;
using HeteroAKD.Kernels.Tiles;
using ILGPU;

namespace HeteroAKD.Kernels.Gemm;

/// <summary>C of <see cref="GemmArguments"/>: what its epilogue adds is read and written four elements at a time where they lie so. Every memory may hold floats or bf16 numbers.</summary>
public readonly struct MatrixSink : ITileSink
{
    private readonly GemmArguments _g;
    private readonly int _whole; // 1 where four neighbours of C and of the residual are one access

    /// <summary>Takes the sides of the product no further than their sizes.</summary>
    public MatrixSink(in GemmArguments arguments)
    {
        _g = arguments;
        _whole = Alignment.IsWhole(arguments.C.Memory, arguments.C.Offset, arguments.C.RowStride, arguments.C.BatchStride)
            & (arguments.HasResidual == 0 ? 1 : Alignment.IsWhole(arguments.Residual, arguments.ResidualOffset, 0, 0));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(int item, int row, int column, Float4 products)
    {
        if (row >= _g.M || column >= _g.N)
        {
            return;
        }

        int at = (item * _g.C.BatchStride) + (row * _g.C.RowStride) + column;
        if (_whole != 0 && column + 3 < _g.N)
        {
            StoreQuad(at, row, column, products);
        }
        else
        {
            StoreOne(at, row, column, products.X);
            StoreOne(at + 1, row, column + 1, products.Y);
            StoreOne(at + 2, row, column + 2, products.Z);
            StoreOne(at + 3, row, column + 3, products.W);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void StoreQuad(int at, int row, int column, Float4 products)
    {
        DeviceF32x4 x = DeviceF32x4.Splat(_g.Alpha) * DeviceF32x4.Of(products);
        if (_g.Beta != 0)
        {
            x = (DeviceF32x4.Splat(_g.Beta) * DeviceF32x4.Load(_g.C.Memory, _g.C.Offset + at)) + x;
        }

        if (_g.BiasKind == GemmBias.PerRow)
        {
            x += DeviceF32x4.LoadSplat(_g.Bias, _g.BiasOffset + row);
        }

        if (_g.BiasKind == GemmBias.PerColumn)
        {
            // Number by number: a bias may begin anywhere.
            x += DeviceF32x4.Gather(_g.Bias, _g.BiasOffset + column, DeviceF32x4.Iota(0));
        }

        if (_g.HasResidual != 0)
        {
            x += DeviceF32x4.Load(_g.Residual, _g.ResidualOffset + at);
        }

        if (_g.Activation != ActivationKind.None)
        {
            x = Activation.Apply(_g.Activation, x);
        }

        DeviceF32x4.Store(_g.C.Memory, _g.C.Offset + at, x);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void StoreOne(int at, int row, int column, float product)
    {
        if (column < _g.N)
        {
            DeviceF32 x = new(_g.Alpha * product);
            if (_g.Beta != 0)
            {
                x = (new DeviceF32(_g.Beta) * DeviceF32.Load(_g.C.Memory, _g.C.Offset + at)) + x;
            }

            if (_g.BiasKind != GemmBias.None)
            {
                x += DeviceF32.Load(_g.Bias, _g.BiasOffset + (_g.BiasKind == GemmBias.PerRow ? row : column));
            }

            if (_g.HasResidual != 0)
            {
                x += DeviceF32.Load(_g.Residual, _g.ResidualOffset + at);
            }

            DeviceF32.Store(_g.C.Memory, _g.C.Offset + at, _g.Activation != ActivationKind.None ? Activation.Apply(_g.Activation, x) : x);
        }
    }
}
