using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Intrinsics;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Pixelwise;
using HeteroAKD.Kernels.Tiles;
using ILGPU;

namespace HeteroAKD.Kernels.Gemm;

/// <summary>C of <see cref="GemmArguments"/>: what its epilogue adds is read and written four elements at a time where they lie so.</summary>
public readonly struct MatrixSink : ITileSink
{
    private readonly GemmArguments _g;
    private readonly int _whole; // 1 where four neighbours of C and of the residual are an access of 16 bytes

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
    private void StoreQuad(int at, int row, int column, Float4 x)
    {
        x = new Float4 { X = _g.Alpha * x.X, Y = _g.Alpha * x.Y, Z = _g.Alpha * x.Z, W = _g.Alpha * x.W };
        if (_g.Beta != 0)
        {
            x = Add(_g.Beta, _g.C.Memory.View.Cast<Float4>()[(_g.C.Offset + at) >> 2], x);
        }

        if (_g.BiasKind == GemmBias.PerRow)
        {
            float bias = _g.Bias.View[_g.BiasOffset + row];
            x = Add(1f, new Float4 { X = bias, Y = bias, Z = bias, W = bias }, x);
        }

        if (_g.BiasKind == GemmBias.PerColumn)
        {
            int from = _g.BiasOffset + column;
            x = Add(1f, new Float4 { X = _g.Bias.View[from], Y = _g.Bias.View[from + 1], Z = _g.Bias.View[from + 2], W = _g.Bias.View[from + 3] }, x);
        }

        if (_g.HasResidual != 0)
        {
            x = Add(1f, _g.Residual.View.Cast<Float4>()[(_g.ResidualOffset + at) >> 2], x);
        }

        if (_g.Activation != ActivationKind.None)
        {
            x = new Float4 { X = Activate(x.X), Y = Activate(x.Y), Z = Activate(x.Z), W = Activate(x.W) };
        }

        _g.C.Memory.View.Cast<Float4>()[(_g.C.Offset + at) >> 2] = x;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void StoreOne(int at, int row, int column, float product)
    {
        if (column < _g.N)
        {
            float x = _g.Alpha * product;
            if (_g.Beta != 0)
            {
                x += _g.Beta * _g.C.Memory.View[_g.C.Offset + at];
            }

            if (_g.BiasKind != GemmBias.None)
            {
                x += _g.Bias.View[_g.BiasOffset + (_g.BiasKind == GemmBias.PerRow ? row : column)];
            }

            if (_g.HasResidual != 0)
            {
                x += _g.Residual.View[_g.ResidualOffset + at];
            }

            _g.C.Memory.View[_g.C.Offset + at] = _g.Activation != ActivationKind.None ? Activate(x) : x;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private float Activate(float x) => Activation.Apply(_g.Activation, new DeviceF32(x)).Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Float4 Add(float factor, Float4 a, Float4 b) => new()
    {
        X = (factor * a.X) + b.X,
        Y = (factor * a.Y) + b.Y,
        Z = (factor * a.Z) + b.Z,
        W = (factor * a.W) + b.W,
    };
}
