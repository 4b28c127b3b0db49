using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Tensors.Inference;

/// <summary>
/// activation(x · weightᵀ + bias + residual) with the weight packed for the host's kernels. Tokens that come from a map or go to one are read and written as
/// the map lies: the product itself turns them.
/// </summary>
/// <param name="traced">The linear layer, with constant weight and bias.</param>
internal sealed class FrozenLinear(TracedOperation traced) : FrozenProduct
{
    private readonly Tensor _weight = traced.Inputs[1]!; // [O, I]
    private readonly Tensor? _bias = traced.Inputs[2]; // [O]
    private Tensor? _packed;

    /// <summary>Whether the input is a map [N, I, H, W] instead of tokens [..., I].</summary>
    public bool ReadsMap { get; set; }

    /// <summary>Whether the output is a map [N, O, H, W] instead of tokens [..., O].</summary>
    public bool WritesMap { get; set; }

    public override string Name => traced.Row.Name;

    public override long OwnBytes => _packed?.Bytes ?? 0;

    // The weight is the left factor where the result is a map, whose rows are channels.
    private GemmSide WeightSide => WritesMap ? GemmSide.A : GemmSide.B;

    public override void Prepare()
    {
        if (_weight.Device is HostDevice host && Output.Shape.Count > 0)
        {
            GemmArguments product = Product(default, default);
            Tensor packed = Tensor.Persistent(host, new Shape(HostGemm.PackedLength(product, WeightSide, HostDevice.Precision(_weight.DType))), _weight.DType);
            HostGemm.Pack(host.Pool, product, WeightSide, packed.Mem, HostDevice.Precision(_weight.DType));
            _packed = packed;
        }
    }

    public override Tensor Run(ReadOnlySpan<Tensor?> inputs, bool inPlace)
    {
        Tensor x = inputs[0]!;
        Tensor y = Target(inputs, inPlace);
        GemmArguments product = Product(x.Mem, y.Mem) with
        {
            BiasKind = _bias is null ? GemmBias.None : WritesMap ? GemmBias.PerRow : GemmBias.PerColumn,
            Bias = (_bias ?? _weight).Mem,
            Residual = (inputs[1] ?? y).Mem,
            HasResidual = inputs[1] is null ? 0 : 1,
            Activation = Activation,
        };
        if (_packed is not null && x.Device is HostDevice host)
        {
            HostGemm.RunPacked(host.Pool, product, WeightSide, _packed.Mem, HostDevice.Precision(x.DType));
        }
        else
        {
            MatMul.Run(x.Device, product, x.DType);
        }

        return y;
    }

    public override void Dispose() => _packed?.Dispose();

    private GemmArguments Product(Mem x, Mem y)
    {
        (int outputs, int inputs) = (_weight.Shape[0], _weight.Shape[1]);
        int images = ReadsMap || WritesMap ? Input.Shape[0] : 1;
        int rows = Output.Shape.Count / Math.Max(1, images * outputs); // tokens of an image, or all
        if (WritesMap)
        {
            return new GemmArguments
            {
                Batch = images,
                M = outputs,
                N = rows,
                K = inputs,
                A = GemmMatrix.RowMajor(_weight.Mem, inputs),
                B = ReadsMap ? GemmMatrix.RowMajor(x, rows, batchStride: inputs * rows) : GemmMatrix.Transposed(x, inputs, batchStride: inputs * rows),
                C = GemmMatrix.RowMajor(y, rows, batchStride: outputs * rows),
            };
        }

        return new GemmArguments
        {
            Batch = images,
            M = rows,
            N = outputs,
            K = inputs,
            A = ReadsMap ? GemmMatrix.Transposed(x, rows, batchStride: inputs * rows) : GemmMatrix.RowMajor(x, inputs),
            B = GemmMatrix.Transposed(_weight.Mem, inputs),
            C = GemmMatrix.RowMajor(y, outputs, batchStride: outputs * rows),
        };
    }
}
