using System.Buffers;
using HeteroAKD.Kernels.Conv;
using HeteroAKD.Kernels.Pixelwise;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Tensors.Inference;

/// <summary>
/// activation(conv(x) + bias + residual), with the batch normalisation that followed folded into weight and bias, and the weight packed for the host's kernels.
/// </summary>
/// <param name="traced">The convolution, with constant weight and bias.</param>
internal sealed class FrozenConvolution(TracedOperation traced) : FrozenProduct
{
    private readonly ConvShape _shape = Convolution.ShapeOf(traced.Inputs[0]!.Shape, traced.Inputs[1]!.Shape, (Conv2dAttributes)traced.Attributes);
    private TracedOperation? _normalization;
    private Tensor? _ownWeight; // folded, and on the host packed where kernels want it so; null takes the network's
    private Tensor? _ownBias;
    private int _workspace;

    /// <summary>The network's weight, [O, I/groups, KH, KW].</summary>
    public Tensor Weight { get; } = traced.Inputs[1]!;

    /// <summary>The network's bias, [O], or null.</summary>
    public Tensor? Bias { get; } = traced.Inputs[2];

    /// <summary>Makes other weights than the network's, for a convolution that is several of them at once; null where it is one.</summary>
    public Func<(Tensor Weight, Tensor Bias)>? Composed { get; init; }

    /// <summary>Whether it is a plain product of the weight with each image.</summary>
    public bool IsPointwise => _shape.IsPointwise;

    /// <summary>Whether nothing was fused into it yet.</summary>
    public bool IsAlone => IsBare && _normalization is null;

    public override string Name => traced.Row.Name;

    public override long OwnBytes => (_ownWeight?.Bytes ?? 0) + (_ownBias?.Bytes ?? 0);

    /// <summary>Takes up the batch normalisation of its result, with what that adds and its ReLU.</summary>
    public void Normalize(TracedOperation normalization)
    {
        _normalization = normalization;
        Residual = normalization.Inputs[^1];
        Activation = ((BatchNormAttributes)normalization.Attributes).Relu ? ActivationKind.Relu : ActivationKind.None;
    }

    public override void Prepare()
    {
        if (Composed is not null || _normalization is not null)
        {
            (_ownWeight, _ownBias) = Composed?.Invoke() ?? Fold();
        }

        if (Weight.Device is HostDevice host)
        {
            _workspace = HostConv.PackedWorkspace(_shape);
            int length = HostConv.PackedLength(_shape, HostDevice.Precision(Weight.DType));
            if (length > 0)
            {
                Tensor packed = Tensor.Persistent(host, new Shape(length), Weight.DType);
                HostConv.Pack(host.Pool, _shape, (_ownWeight ?? Weight).Mem, packed.Mem, HostDevice.Precision(Weight.DType));
                _ownWeight?.Dispose();
                _ownWeight = packed;
            }
        }
    }

    public override Tensor Run(ReadOnlySpan<Tensor?> inputs, bool inPlace)
    {
        Tensor x = inputs[0]!;
        Tensor y = Target(inputs, inPlace);
        Tensor weight = _ownWeight ?? Weight;
        Tensor? bias = _ownBias ?? Bias;
        Tensor? residual = inputs[1];
        ConvEpilogue epilogue = new()
        {
            Bias = (bias ?? weight).Mem,
            HasBias = bias is null ? 0 : 1,
            Residual = (residual ?? y).Mem,
            HasResidual = residual is null ? 0 : 1,
            Activation = Activation,
        };
        if (x.Device is not HostDevice host)
        {
            DeviceConvolution.Forward(x.Device, _shape, x.Mem, weight.Mem, epilogue, y.Mem);
            return y;
        }

        using Tensor? workspace = _workspace > 0 ? Tensor.Empty(host, new Shape(_workspace), x.DType) : null;
        HostConv.ForwardPacked(host.Pool, _shape, x.Mem, weight.Mem, epilogue, y.Mem, (workspace ?? y).Mem, HostDevice.Precision(x.DType));
        return y;
    }

    public override void Dispose()
    {
        _ownWeight?.Dispose();
        _ownBias?.Dispose();
    }

    /// <summary>Weight and bias [O], zeros where there is none, with the batch normalisation in them. They are the caller's.</summary>
    public (Tensor Weight, Tensor Bias) Fold()
    {
        Tensor ownWeight = Tensor.Persistent(Weight.Device, Weight.Shape, Weight.DType);
        Tensor ownBias = Tensor.Persistent(Weight.Device, new Shape(Weight.Shape[0]), Weight.DType);
        if (Weight.DType == DType.Float64)
        {
            double[] weight = Weight.ToDoubles();
            double[] bias = Bias?.ToDoubles() ?? new double[ownBias.Shape.Count];
            Fold<double>(weight, bias);
            ownWeight.CopyFrom(weight);
            ownBias.CopyFrom(bias);
            return (ownWeight, ownBias);
        }

        float[] rented = ArrayPool<float>.Shared.Rent(Weight.Shape.Count);
        Span<float> values = rented.AsSpan(0, Weight.Shape.Count);
        float[] biases = Bias?.ToFloats() ?? new float[ownBias.Shape.Count];
        Weight.CopyTo(values);
        Fold(values, biases.AsSpan());
        ownWeight.CopyFrom(values);
        ownBias.CopyFrom(biases);
        ArrayPool<float>.Shared.Return(rented);
        return (ownWeight, ownBias);
    }

    private void Fold<T>(Span<T> weight, Span<T> bias)
        where T : struct, System.Numerics.INumber<T>
    {
        if (_normalization is not null)
        {
            BatchNormFolding.Fold(_normalization, weight, bias);
        }
    }
}
