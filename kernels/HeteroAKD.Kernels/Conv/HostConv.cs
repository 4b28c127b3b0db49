using System.Collections.Concurrent;
using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Pixelwise;

namespace HeteroAKD.Kernels.Conv;

/// <summary>
/// Convolution and its gradients on host threads, without im2col (but where the patches do not overlap, see <see cref="HostPatchConv"/>). The specifications
/// are the references of <see cref="ConvForwardKernel"/>, <see cref="ConvInputGradientKernel"/> and <see cref="ConvWeightGradientKernel"/>; the bias gradient
/// is <see cref="ConvBiasGradientKernel"/>. Each call needs a workspace (packed weights, partial sums or patches) of as many elements as its <c>…Workspace</c>
/// says.
/// </summary>
internal static partial class HostConv
{
    private const int MinPanelChannels = 12;

    /// <summary>Elements of workspace for <see cref="Forward(HostPool, in ConvShape, Mem, Mem, Mem, int, ActivationKind, Mem, Mem, HostPrecision)"/>.</summary>
    public static int ForwardWorkspace(in ConvShape shape)
        => shape.IsPatchwise ? HostPatchConv.Length(shape)
            : shape.IsPointwise || shape.IsDepthwise ? 0
            : PackedLength(shape.GroupOutChannels, shape.GroupInChannels, shape);

    /// <summary>Elements of workspace for <see cref="InputGradient(HostPool, in ConvShape, Mem, Mem, Mem, int, Mem, HostPrecision)"/>.</summary>
    public static int InputGradientWorkspace(in ConvShape shape)
        => shape.IsPatchwise ? HostPatchConv.Length(shape)
            : shape.IsPointwise || shape.IsDepthwise ? 0
            : PackedLength(shape.GroupInChannels, shape.GroupOutChannels, shape);

    /// <summary>Elements of workspace for <see cref="WeightGradient(HostPool, in ConvShape, Mem, Mem, Mem, int, Mem, HostPrecision)"/>.</summary>
    public static int WeightGradientWorkspace(in ConvShape shape, HostPrecision precision)
    {
        WeightWorkspace work = new(shape);
        HostLanes.Run(ref work, precision);
        return work.Length;
    }

    /// <summary>y = activation(x * weight + bias).</summary>
    /// <param name="pool">Threads.</param>
    /// <param name="shape">Sizes and options.</param>
    /// <param name="x">[N, C, H, W].</param>
    /// <param name="weight">[O, C / groups, R, S].</param>
    /// <param name="bias">[O]; not read where <paramref name="hasBias"/> is 0.</param>
    /// <param name="hasBias">1 to add the bias.</param>
    /// <param name="activation">Applied last.</param>
    /// <param name="y">[N, O, OH, OW], overwritten.</param>
    /// <param name="workspace"><see cref="ForwardWorkspace"/> elements, 64-byte aligned.</param>
    /// <param name="precision">What all of them hold.</param>
    public static void Forward(
        HostPool pool, in ConvShape shape, Mem x, Mem weight, Mem bias, int hasBias, ActivationKind activation, Mem y, Mem workspace, HostPrecision precision)
    {
        ConvOperands operands = new() { Source = x, Target = y, Weight = weight, Bias = bias, HasBias = hasBias != 0, Activation = activation };
        ForwardWork work = new(pool, shape, operands, workspace);
        HostLanes.Run(ref work, precision);
    }

    /// <summary>∂L/∂x [N, C, H, W] from ∂L/∂y [N, O, OH, OW]; <paramref name="accumulate"/> 1 adds to what it held, 0 overwrites it.</summary>
    public static void InputGradient(
        HostPool pool, in ConvShape shape, Mem outputGradient, Mem weight, Mem inputGradient, int accumulate, Mem workspace, HostPrecision precision)
    {
        ConvOperands operands = new() { Source = outputGradient, Target = inputGradient, Weight = weight, Accumulate = accumulate != 0 };
        InputGradientWork work = new(pool, shape, operands, workspace);
        HostLanes.Run(ref work, precision);
    }

    /// <summary>∂L/∂weight [O, C / groups, R, S] from x and ∂L/∂y; <paramref name="accumulate"/> 1 adds to what it held, 0 overwrites it.</summary>
    public static void WeightGradient(
        HostPool pool, in ConvShape shape, Mem x, Mem outputGradient, Mem weightGradient, int accumulate, Mem workspace, HostPrecision precision)
    {
        WeightGradientWork work = new(pool, shape, x, outputGradient, weightGradient, accumulate, workspace);
        HostLanes.Run(ref work, precision);
    }

    /// <summary>The pieces that a weight gradient is summed in depend on the lane's width.</summary>
    internal static int WeightGradientWorkspace<TLane>(in ConvShape shape)
        where TLane : unmanaged, ILane<TLane> =>
        shape.IsPatchwise ? HostPatchConv.Length(shape)
            : shape.IsPointwise || shape.OutputLength == 0 || ShiftedPlan.Serves(shape) ? 0
            : HasPanels(shape) ? PanelLength(Plans<TLane>.WeightPanels(shape))
            : checked(Plans<TLane>.Weight(shape).Chunks * shape.WeightLength);

    internal static void Forward<TLane>(HostPool pool, in ConvShape shape, ConvOperands operands, Mem workspace)
        where TLane : unmanaged, ILane<TLane>
    {
        if (shape.Batch == 0)
        {
            return;
        }

        if (operands.IsPacked && WinogradPlan.Serves<TLane>(shape))
        {
            HostWinogradJob<TLane>.Run(pool, Plans<TLane>.Winograd(shape), operands);
        }
        else if (shape.IsPointwise)
        {
            HostGemm.Run<TLane>(pool, Pointwise(shape, operands), operands.IsPacked ? PackedSide.OfA(operands.Weight) : default);
        }
        else if (shape.IsPatchwise)
        {
            HostPatchConv.Forward<TLane>(pool, shape, operands, workspace);
        }
        else if (ShiftedPlan.Serves(shape))
        {
            HostShiftedJob<TLane>.Run(pool, Plans<TLane>.Shifted(shape), operands, turned: false);
        }
        else
        {
            Correlate<TLane>(pool, shape, Plans<TLane>.Forward(shape), operands, shape.GroupInChannels * shape.KernelSize, shape.KernelSize, workspace);
        }
    }

    internal static void InputGradient<TLane>(HostPool pool, in ConvShape shape, ConvOperands operands, Mem workspace)
        where TLane : unmanaged, ILane<TLane>
    {
        if (shape.Batch == 0)
        {
            return;
        }

        if (shape.IsPointwise)
        {
            int pixels = shape.Height * shape.Width;
            HostGemm.Run<TLane>(pool, new GemmArguments
            {
                M = shape.InChannels,
                N = pixels,
                K = shape.OutChannels,
                Batch = shape.Batch,
                A = GemmMatrix.Transposed(operands.Weight, shape.InChannels),
                B = GemmMatrix.RowMajor(operands.Source, pixels, batchStride: shape.OutChannels * pixels),
                C = GemmMatrix.RowMajor(operands.Target, pixels, batchStride: shape.InChannels * pixels),
                Beta = operands.Accumulate ? 1 : 0,
            });
        }
        else if (shape.IsPatchwise)
        {
            HostPatchConv.InputGradient<TLane>(pool, shape, operands, workspace);
        }
        else if (ShiftedPlan.Serves(shape))
        {
            HostShiftedJob<TLane>.Run(pool, Plans<TLane>.Shifted(shape), operands, turned: true);
        }
        else
        {
            Correlate<TLane>(pool, shape, Plans<TLane>.Input(shape), operands, shape.KernelSize, shape.GroupInChannels * shape.KernelSize, workspace);
        }
    }

    internal static void WeightGradient<TLane>(HostPool pool, in ConvShape shape, Mem x, Mem outputGradient, Mem weightGradient, int accumulate, Mem workspace)
        where TLane : unmanaged, ILane<TLane>
    {
        if (shape.OutputLength == 0)
        {
            // A product of no depth: what is left is the epilogue.
            int weights = shape.GroupInChannels * shape.KernelSize;
            HostGemm.Run<TLane>(
                pool, new GemmArguments { M = shape.OutChannels, N = weights, C = GemmMatrix.RowMajor(weightGradient, weights), Beta = accumulate });
            return;
        }

        if (shape.IsPatchwise)
        {
            HostPatchConv.WeightGradient<TLane>(pool, shape, x, outputGradient, weightGradient, accumulate != 0, workspace);
            return;
        }

        if (shape.IsPointwise)
        {
            int pixels = shape.Height * shape.Width;
            HostGemm.RunSum<TLane>(pool, new GemmArguments
            {
                M = shape.OutChannels,
                N = shape.InChannels,
                K = pixels,
                Batch = shape.Batch,
                A = GemmMatrix.RowMajor(outputGradient, pixels, batchStride: shape.OutChannels * pixels),
                B = GemmMatrix.Transposed(x, pixels, batchStride: shape.InChannels * pixels),
                C = GemmMatrix.RowMajor(weightGradient, shape.InChannels),
                Beta = accumulate,
            });
            return;
        }

        if (ShiftedPlan.Serves(shape))
        {
            HostShiftedWeightJob<TLane>.Run(pool, Plans<TLane>.Shifted(shape), x, outputGradient, weightGradient, accumulate != 0);
            return;
        }

        if (HasPanels(shape))
        {
            WeightPanelPlan panels = Plans<TLane>.WeightPanels(shape);
            HostWeightPanelJob<TLane>.Run(pool, panels, x, outputGradient, workspace);
            WeightPanelCombineJob<TLane>.Run(pool, panels, workspace, weightGradient, accumulate != 0);
            return;
        }

        ConvWeightPlan plan = Plans<TLane>.Weight(shape);
        HostConvWeightJob<TLane>.Run(pool, plan, x, outputGradient, workspace);
        ConvWeightCombineJob<TLane>.Run(pool, workspace, plan.Chunks, weightGradient, shape.WeightLength, accumulate != 0);
    }

    private static GemmArguments Pointwise(in ConvShape shape, in ConvOperands operands)
    {
        int pixels = shape.Height * shape.Width;
        return new GemmArguments
        {
            M = shape.OutChannels,
            N = pixels,
            K = shape.InChannels,
            Batch = shape.Batch,
            A = GemmMatrix.RowMajor(operands.Weight, shape.InChannels),
            B = GemmMatrix.RowMajor(operands.Source, pixels, batchStride: shape.InChannels * pixels),
            C = GemmMatrix.RowMajor(operands.Target, pixels, batchStride: shape.OutChannels * pixels),
            Bias = operands.Bias,
            BiasKind = operands.HasBias ? GemmBias.PerRow : GemmBias.None,
            Activation = operands.Activation,
            Residual = operands.Residual,
            HasResidual = operands.HasResidual ? 1 : 0,
        };
    }

    private static void Correlate<TLane>(
        HostPool pool, in ConvShape shape, ConvPlan plan, ConvOperands operands, int targetStride, int sourceStride, Mem workspace)
        where TLane : unmanaged, ILane<TLane>
    {
        if (shape.IsDepthwise)
        {
            HostDepthwiseJob<TLane>.Run(pool, plan, operands, shape.KernelSize);
            return;
        }

        if (!operands.IsPacked)
        {
            ConvWeightPacking<TLane>.Run(pool, plan, operands.Weight, targetStride, sourceStride, workspace);
            operands.Weight = workspace;
        }

        if (plan.Gathers)
        {
            HostDilatedJob<TLane>.Run(pool, plan, operands);
            return;
        }

        HostConvJob<TLane>.Run(pool, plan, operands);
    }

    // With few channels most of a vector of channels would be padding: depth-wise layers and the first of a network multiply along the positions instead.
    private static bool HasPanels(in ConvShape shape) => shape.GroupInChannels >= MinPanelChannels && shape.OutputLength > 0;

    private static int PanelLength(WeightPanelPlan plan) => checked(plan.Chunks * plan.SumsLength);

    // Panels have 4, 8 or 12 rows (2, 4 or 6 on narrow lanes): at most the next multiple of 4.
    private static int PackedLength(int targets, int sources, in ConvShape shape)
        => checked((targets + 3) / 4 * 4 * sources * shape.KernelSize * shape.Groups);

    private struct ForwardWork(HostPool pool, in ConvShape shape, ConvOperands operands, Mem workspace) : ILaneWork
    {
        private readonly ConvShape _shape = shape;

        public readonly void Run<TLane>()
            where TLane : unmanaged, ILane<TLane> => Forward<TLane>(pool, _shape, operands, workspace);
    }

    private struct InputGradientWork(HostPool pool, in ConvShape shape, ConvOperands operands, Mem workspace) : ILaneWork
    {
        private readonly ConvShape _shape = shape;

        public readonly void Run<TLane>()
            where TLane : unmanaged, ILane<TLane> => InputGradient<TLane>(pool, _shape, operands, workspace);
    }

    private struct WeightGradientWork(
        HostPool pool, in ConvShape shape, Mem x, Mem outputGradient, Mem weightGradient, int accumulate, Mem workspace) : ILaneWork
    {
        private readonly ConvShape _shape = shape;

        public readonly void Run<TLane>()
            where TLane : unmanaged, ILane<TLane> => WeightGradient<TLane>(pool, _shape, x, outputGradient, weightGradient, accumulate, workspace);
    }

    private struct WeightWorkspace(in ConvShape shape) : ILaneWork
    {
        private readonly ConvShape _shape = shape;

        public int Length { get; private set; }

        public void Run<TLane>()
            where TLane : unmanaged, ILane<TLane> => Length = WeightGradientWorkspace<TLane>(_shape);
    }

    /// <summary>Plans of the shapes seen so far; a training run sees some dozens.</summary>
    private static class Plans<TLane>
        where TLane : unmanaged, ILane<TLane>
    {
        private static readonly ConcurrentDictionary<ConvShape, ConvPlan> s_forward = new();
        private static readonly ConcurrentDictionary<ConvShape, ConvPlan> s_input = new();
        private static readonly ConcurrentDictionary<ConvShape, ConvWeightPlan> s_weight = new();
        private static readonly ConcurrentDictionary<ConvShape, WeightPanelPlan> s_weightPanels = new();
        private static readonly ConcurrentDictionary<ConvShape, ShiftedPlan> s_shifted = new();
        private static readonly ConcurrentDictionary<ConvShape, WinogradPlan> s_winograd = new();

        public static ConvPlan Forward(in ConvShape shape) => s_forward.GetOrAdd(shape, static s => ConvPlan.Forward(s, LaneSize.Of<TLane>()));

        public static ConvPlan Input(in ConvShape shape) => s_input.GetOrAdd(shape, static s => ConvPlan.InputGradient(s, LaneSize.Of<TLane>()));

        public static WinogradPlan Winograd(in ConvShape shape)
            => s_winograd.GetOrAdd(shape, static s => new WinogradPlan(s, TLane.Width, RegisterTile<TLane>.MaxRows));

        public static ShiftedPlan Shifted(in ConvShape shape) => s_shifted.GetOrAdd(shape, static s => new ShiftedPlan(s, RegisterTile<TLane>.ElementSize));

        public static WeightPanelPlan WeightPanels(in ConvShape shape)
            => s_weightPanels.GetOrAdd(shape, static s => new WeightPanelPlan(s, RegisterTile<TLane>.ElementSize, TLane.Width));

        public static ConvWeightPlan Weight(in ConvShape shape)
            => s_weight.GetOrAdd(shape, static s => new ConvWeightPlan(s, RegisterTile<TLane>.ElementSize, TLane.Width));
    }
}
