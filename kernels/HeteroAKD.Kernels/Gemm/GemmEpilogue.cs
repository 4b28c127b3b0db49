using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Pixelwise;

namespace HeteroAKD.Kernels.Gemm;

/// <summary>Takes lanes of products from registers to C on the host: scale, what C held, bias, residual, activation.</summary>
internal readonly unsafe struct GemmEpilogue<TLane>
    where TLane : unmanaged, ILane<TLane>
{
    private readonly byte* _c; // [batch, M, N]
    private readonly byte* _bias; // [M] or [N]
    private readonly byte* _residual; // [batch, M, N]; null for none
    private readonly int _rowStride;
    private readonly int _batchStride;
    private readonly float _alpha;
    private readonly float _beta;
    private readonly GemmBias _biasKind;
    private readonly ActivationKind _activation;

    public GemmEpilogue(in GemmArguments arguments)
    {
        int size = RegisterTile<TLane>.ElementSize;
        _c = (byte*)arguments.C.Memory.Address + ((nint)arguments.C.Offset * size);
        _bias = (byte*)arguments.Bias.Address + ((nint)arguments.BiasOffset * size);
        _residual = arguments.HasResidual != 0 ? (byte*)arguments.Residual.Address + ((nint)arguments.ResidualOffset * size) : null;
        _rowStride = arguments.C.RowStride;
        _batchStride = arguments.C.BatchStride;
        _alpha = arguments.Alpha;
        _beta = arguments.Beta;
        _biasKind = arguments.BiasKind;
        _activation = arguments.Activation;
    }

    /// <summary>Whether nothing but product and bias goes to C in this block of K: whole rows of a tile can then be moved without a question.</summary>
    public bool IsPlain(bool first, bool last)
        => _alpha == 1 && (!first || (_beta == 0 && _residual == null)) && (!last || _activation == ActivationKind.None);

    /// <summary>
    /// Moves <paramref name="rows"/> whole rows of a tile of two lanes to C with their bias, or adds them to it, where <see cref="IsPlain"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Move(int batch, int row, int column, int rows, TLane* tile, bool add)
    {
        nint stride = (nint)_rowStride * RegisterTile<TLane>.ElementSize;
        byte* c = _c + ((((nint)batch * _batchStride) + ((nint)row * _rowStride) + column) * RegisterTile<TLane>.ElementSize);
        if (add)
        {
            for (int i = 0; i < rows; i++, c += stride, tile += 2)
            {
                ((TLane*)c)[0] += tile[0];
                ((TLane*)c)[1] += tile[1];
            }

            return;
        }

        Mem bias = new(_bias);
        TLane bias0 = TLane.Splat(0f), bias1 = bias0;
        if (_biasKind == GemmBias.PerColumn)
        {
            bias0 = TLane.Load(bias, column);
            bias1 = TLane.Load(bias, column + TLane.Width);
        }

        for (int i = 0; i < rows; i++, c += stride, tile += 2)
        {
            if (_biasKind == GemmBias.PerRow)
            {
                bias0 = TLane.LoadSplat(bias, row + i);
                bias1 = bias0;
            }

            ((TLane*)c)[0] = tile[0] + bias0;
            ((TLane*)c)[1] = tile[1] + bias1;
        }
    }

    /// <summary>Whether whole rows of a tile can be finished by <see cref="MoveClamped"/>: bias, residual and no activation but ReLU and ReLU6.</summary>
    public bool IsClamped(bool first)
        => _alpha == 1 && (!first || _beta == 0) && ClampedStore.Serves(_activation);

    /// <summary>
    /// As <see cref="Store"/> for <paramref name="rows"/> whole rows of a tile of two lanes, where <see cref="IsClamped"/>: what is asked is asked once a row.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public void MoveClamped(int batch, int row, int column, int rows, TLane* tile, bool first, bool last)
    {
        int size = RegisterTile<TLane>.ElementSize;
        nint at = (((nint)batch * _batchStride) + ((nint)row * _rowStride) + column) * size;
        nint stride = (nint)_rowStride * size;
        byte* c = _c + at;
        byte* added = !first ? c : _residual == null ? null : _residual + at;
        bool clamp = last && _activation != ActivationKind.None;
        bool above = _activation == ActivationKind.Relu6;
        Mem bias = new(_bias);
        TLane bias0 = TLane.Splat(0f), bias1 = bias0;
        GemmBias kind = first ? _biasKind : GemmBias.None;
        if (kind == GemmBias.PerColumn)
        {
            bias0 = TLane.Load(bias, column);
            bias1 = TLane.Load(bias, column + TLane.Width);
        }

        for (int i = 0; i < rows; i++, c += stride, tile += 2)
        {
            if (kind == GemmBias.PerRow)
            {
                bias0 = TLane.LoadSplat(bias, row + i);
                bias1 = bias0;
            }

            ClampedStore.Row(tile, bias0, bias1, (TLane*)added, clamp, above, (TLane*)c);
            added = added == null ? null : added + stride;
        }
    }

    /// <summary>
    /// Finishes <paramref name="count"/> elements of row <paramref name="row"/>. C passes through here once for each block of K: the
    /// <paramref name="first"/> adds what is added (a residual may be C itself), the <paramref name="last"/> applies the activation.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(int batch, int row, int column, int count, TLane product, bool first, bool last)
    {
        nint at = (((nint)batch * _batchStride) + ((nint)row * _rowStride) + column) * RegisterTile<TLane>.ElementSize;
        Mem c = new(_c + at);
        TLane zero = TLane.Splat(0f);
        TLane x = product * TLane.Splat(_alpha);
        if (!first)
        {
            x += TLane.LoadPart(c, 0, count, zero);
        }
        else
        {
            if (_beta != 0)
            {
                x = TLane.Fma(TLane.Splat(_beta), TLane.LoadPart(c, 0, count, zero), x);
            }

            if (_biasKind == GemmBias.PerRow)
            {
                x += TLane.LoadSplat(new Mem(_bias), row);
            }
            else if (_biasKind == GemmBias.PerColumn)
            {
                x += TLane.LoadPart(new Mem(_bias), column, count, zero);
            }

            if (_residual != null)
            {
                x += TLane.LoadPart(new Mem(_residual + at), 0, count, zero);
            }
        }

        if (last && _activation != ActivationKind.None)
        {
            x = Activation.Apply(_activation, x);
        }

        TLane.StorePart(c, 0, count, x);
    }
}
