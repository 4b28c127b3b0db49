using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Pixelwise;

namespace HeteroAKD.Kernels.Conv;

/// <summary>What follows the sums of a convolution on their way to memory: + bias, + residual, activation.</summary>
public readonly struct ConvEpilogue
{
    /// <summary>[O]; not read where <see cref="HasBias"/> is 0.</summary>
    public Mem Bias { get; init; }

    /// <summary>1 to add the bias.</summary>
    public int HasBias { get; init; }

    /// <summary>[N, O, OH, OW]; not read where <see cref="HasResidual"/> is 0. May be the output's own memory.</summary>
    public Mem Residual { get; init; }

    /// <summary>1 to add the residual.</summary>
    public int HasResidual { get; init; }

    /// <summary>Applied last.</summary>
    public ActivationKind Activation { get; init; }
}

/// <content>Convolutions whose weights no longer change: packed once into the order in which the kernels read them.</content>
internal static partial class HostConv
{
    /// <summary>Elements of packed weights; 0 where the kernels read weights as they are (depth-wise convolutions).</summary>
    public static int PackedLength(in ConvShape shape, HostPrecision precision)
    {
        PackedLengthWork work = new(shape);
        HostLanes.Run(ref work, precision);
        return work.Length;
    }

    /// <summary>Packs weights for one shape; other sizes of images may want another order.</summary>
    /// <param name="pool">Threads.</param>
    /// <param name="shape">Sizes and options.</param>
    /// <param name="weight">[O, C / groups, R, S].</param>
    /// <param name="packed"><see cref="PackedLength(in ConvShape, HostPrecision)"/> elements, 64-byte aligned, overwritten.</param>
    /// <param name="precision">What both hold.</param>
    public static void Pack(HostPool pool, in ConvShape shape, Mem weight, Mem packed, HostPrecision precision)
    {
        PackWork work = new(pool, shape, weight, packed);
        HostLanes.Run(ref work, precision);
    }

    /// <summary>Elements of workspace for <see cref="ForwardPacked"/>.</summary>
    public static int PackedWorkspace(in ConvShape shape) => shape.IsPatchwise ? HostPatchConv.Length(shape) : 0;

    /// <summary>
    /// y = activation(x * weight + bias + residual): the same bits as with weights that are packed at every call, but where a <see cref="WinogradPlan"/>
    /// serves, whose sums are rounded otherwise (by 1 to 4e-6 of the largest, see <c>lab/012</c>).
    /// </summary>
    /// <param name="pool">Threads.</param>
    /// <param name="shape">Sizes and options.</param>
    /// <param name="x">[N, C, H, W].</param>
    /// <param name="packed">What <see cref="Pack"/> left; the weights themselves where <see cref="PackedLength(in ConvShape, HostPrecision)"/> is 0.</param>
    /// <param name="epilogue">What follows the sums.</param>
    /// <param name="y">[N, O, OH, OW], overwritten.</param>
    /// <param name="workspace"><see cref="PackedWorkspace"/> elements, 64-byte aligned.</param>
    /// <param name="precision">What all of them hold.</param>
    public static void ForwardPacked(
        HostPool pool, in ConvShape shape, Mem x, Mem packed, in ConvEpilogue epilogue, Mem y, Mem workspace, HostPrecision precision)
    {
        ConvOperands operands = new()
        {
            Source = x,
            Target = y,
            Weight = packed,
            IsPacked = true,
            Bias = epilogue.Bias,
            HasBias = epilogue.HasBias != 0,
            Residual = epilogue.Residual,
            HasResidual = epilogue.HasResidual != 0,
            Activation = epilogue.Activation,
        };
        ForwardWork work = new(pool, shape, operands, workspace);
        HostLanes.Run(ref work, precision);
    }

    internal static int PackedLength<TLane>(in ConvShape shape)
        where TLane : unmanaged, ILane<TLane> =>
        shape.Batch == 0 ? 0
            : WinogradPlan.Serves<TLane>(shape) ? WinogradPlan.PackedLength<TLane>(shape)
            : shape.IsPointwise ? HostGemm.PackedLength<TLane>(Pointwise(shape, default), GemmSide.A)
            : shape.IsPatchwise ? HostGemm.PackedLength<TLane>(HostPatchConv.Product(shape, default, default), GemmSide.A)
            : shape.IsDepthwise ? 0
            : PackedLength(shape.GroupOutChannels, shape.GroupInChannels, shape);

    internal static void Pack<TLane>(HostPool pool, in ConvShape shape, Mem weight, Mem packed)
        where TLane : unmanaged, ILane<TLane>
    {
        ConvOperands operands = new() { Weight = weight };
        if (shape.Batch == 0)
        {
            return;
        }

        if (WinogradPlan.Serves<TLane>(shape))
        {
            WinogradWeightJob<TLane>.Run(pool, shape, weight, packed);
        }
        else if (shape.IsPointwise)
        {
            HostGemm.Pack<TLane>(pool, Pointwise(shape, operands), GemmSide.A, packed);
        }
        else if (shape.IsPatchwise)
        {
            HostGemm.Pack<TLane>(pool, HostPatchConv.Product(shape, operands, default), GemmSide.A, packed);
        }
        else if (!shape.IsDepthwise)
        {
            ConvWeightPacking<TLane>.Run(pool, Plans<TLane>.Forward(shape), weight, shape.GroupInChannels * shape.KernelSize, shape.KernelSize, packed);
        }
    }

    private struct PackedLengthWork(in ConvShape shape) : ILaneWork
    {
        private readonly ConvShape _shape = shape;

        public int Length { get; private set; }

        public void Run<TLane>()
            where TLane : unmanaged, ILane<TLane> => Length = PackedLength<TLane>(_shape);
    }

    private struct PackWork(HostPool pool, in ConvShape shape, Mem weight, Mem packed) : ILaneWork
    {
        private readonly ConvShape _shape = shape;

        public readonly void Run<TLane>()
            where TLane : unmanaged, ILane<TLane> => Pack<TLane>(pool, _shape, weight, packed);
    }
}
