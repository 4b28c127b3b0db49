using HeteroAKD.Kernels.Conv;
using HeteroAKD.Kernels.Conv.Device;
using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Layout;
using HeteroAKD.Kernels.Pixelwise;
using HeteroAKD.Kernels.Tiles;

namespace HeteroAKD.Tensors.Ops;

/// <summary>
/// Convolutions on accelerators: with one group they are products of the weight with patches that are never stored, with several each element is
/// computed on its own. The host has <see cref="HostConv"/>.
/// </summary>
internal static class DeviceConvolution
{
    /// <summary>y = activation(conv(x, weight) + bias + residual); what the convolution's kernel has no room for is a pass over y of its own.</summary>
    public static void Forward(Device device, in ConvShape s, Mem x, Mem weight, in ConvEpilogue epilogue, Mem y)
    {
        if (s.IsPointwise)
        {
            Pointwise(device, s, x, weight, epilogue, y);
            return;
        }

        bool grouped = s.Groups > 1 && epilogue.HasResidual == 0;
        if (grouped)
        {
            Grouped(device, s, x, weight, epilogue.Bias, epilogue.HasBias, epilogue.Activation, y);
        }
        else
        {
            Forward(device, s, x, weight, epilogue.Bias, epilogue.HasBias, y);
        }

        if (!grouped && (epilogue.HasResidual != 0 || epilogue.Activation != ActivationKind.None))
        {
            Mem residual = epilogue.HasResidual != 0 ? epilogue.Residual : y;
            device.Pixel(new ResidualActivationKernel(y, residual, epilogue.HasResidual, epilogue.Activation), 1, s.OutputLength, 3, DType.Float32);
        }
    }

    /// <summary>y = conv(x, weight) + bias.</summary>
    public static void Forward(Device device, in ConvShape s, Mem x, Mem weight, Mem bias, int hasBias, Mem y)
    {
        int pixels = s.OutHeight * s.OutWidth;
        if (s.Groups > 1 || s.OutputLength == 0)
        {
            Grouped(device, s, x, weight, bias, hasBias, ActivationKind.None, y);
        }
        else if (s.IsPointwise)
        {
            Pointwise(device, s, x, weight, new ConvEpilogue { Bias = bias, HasBias = hasBias }, y);
        }
        else
        {
            MapSink sink = new(y, bias, hasBias, s.Batch, s.OutChannels, pixels);
            LaunchPatches(device, weight, s.InChannels * s.KernelSize, x, new ForwardWindow(s), sink, s.OutChannels, s.Batch * pixels);
        }
    }

    private static void Grouped(Device device, in ConvShape s, Mem x, Mem weight, Mem bias, int hasBias, ActivationKind activation, Mem y)
    {
        ConvForwardKernel kernel = new(s, x, weight, bias, hasBias, activation, y);
        device.Pixel(kernel, kernel.Rows, s.OutWidth, 2 * s.GroupInChannels * s.KernelSize, DType.Float32);
    }

    private static void Pointwise(Device device, in ConvShape s, Mem x, Mem weight, in ConvEpilogue epilogue, Mem y)
    {
        int pixels = s.OutHeight * s.OutWidth;
        DeviceProduct.Run(device, new GemmArguments
        {
            Batch = s.Batch,
            M = s.OutChannels,
            N = pixels,
            K = s.InChannels,
            A = GemmMatrix.RowMajor(weight, s.InChannels),
            B = GemmMatrix.RowMajor(x, pixels, batchStride: s.InChannels * pixels),
            C = GemmMatrix.RowMajor(y, pixels, batchStride: s.OutChannels * pixels),
            BiasKind = epilogue.HasBias != 0 ? GemmBias.PerRow : GemmBias.None,
            Bias = epilogue.Bias,
            HasResidual = epilogue.HasResidual,
            Residual = epilogue.HasResidual != 0 ? epilogue.Residual : y,
            Activation = epilogue.Activation,
        });
    }

    /// <summary>dx = convᵀ(dy, weight).</summary>
    public static void InputGradient(Device device, in ConvShape s, Mem dy, Mem weight, Mem dx)
    {
        int pixels = s.Height * s.Width;
        if (s.Groups > 1 || s.InputLength == 0)
        {
            ConvInputGradientKernel kernel = new(s, dy, weight, dx, 0);
            device.Pixel(kernel, kernel.Rows, s.Width, 2 * s.GroupOutChannels * s.KernelSize, DType.Float32);
        }
        else if (s.IsPointwise)
        {
            DeviceProduct.Run(device, new GemmArguments
            {
                Batch = s.Batch,
                M = s.InChannels,
                N = pixels,
                K = s.OutChannels,
                A = GemmMatrix.Transposed(weight, s.InChannels),
                B = GemmMatrix.RowMajor(dy, pixels, batchStride: s.OutChannels * pixels),
                C = GemmMatrix.RowMajor(dx, pixels, batchStride: s.InChannels * pixels),
            });
        }
        else
        {
            int depth = s.OutChannels * s.KernelSize;
            using Tensor swapped = Tensor.Empty(device, new Shape(s.InChannels, depth));
            device.Pixel(
                new SwapAxesKernel(weight, swapped.Mem, s.OutChannels, s.InChannels, s.KernelSize),
                s.WeightLength / s.KernelSize,
                s.KernelSize,
                1,
                DType.Float32);
            MapSink sink = new(dx, swapped.Mem, 0, s.Batch, s.InChannels, pixels);
            LaunchPatches(device, swapped.Mem, depth, dy, new BackwardWindow(s), sink, s.InChannels, s.Batch * pixels);
        }
    }

    /// <summary>dw = Σ over images and pixels of dy and patches of x, which have one element type.</summary>
    public static void WeightGradient(Device device, in ConvShape s, Mem x, Mem dy, Mem dw)
    {
        int pixels = s.OutHeight * s.OutWidth;
        if (s.Groups > 1 || s.Batch == 0)
        {
            ConvWeightGradientKernel kernel = new(s, x, dy, dw, 0);
            device.Rows(kernel, kernel.Rows, pixels, s.Batch * pixels, DType.Float32);
            return;
        }

        int rows = s.OutChannels;
        int columns = s.InChannels * s.KernelSize;
        ImageDepth depth = new(pixels, s.Batch, 0);
        ProductPlan plan = ProductPlan.For(rows, columns, depth.All, 1);
        depth = depth with { PerPiece = plan.PieceDepth };
        using Tensor? pieces = plan.Pieces > 1 ? Tensor.Empty(device, new Shape(plan.Pieces, rows, columns)) : null;
        GemmArguments target = new() { M = rows, N = columns, C = GemmMatrix.RowMajor(pieces?.Mem ?? dw, columns, batchStride: rows * columns) };
        if (x.Narrow != 0)
        {
            LaunchWeightGradient<Bf16Element, WholeNarrowPieces, LooseNarrowPieces>(device, plan, s, x, dy, depth, target);
        }
        else
        {
            LaunchWeightGradient<FloatElement, WholePieces, LoosePieces>(device, plan, s, x, dy, depth, target);
        }

        if (pieces is not null)
        {
            GemmArguments sum = new() { M = rows, N = columns, C = GemmMatrix.RowMajor(dw, columns) };
            device.Pixel(new PieceSumKernel(pieces.Mem, plan.Pieces, sum), rows, columns, plan.Pieces, DType.Float32);
        }
    }

    private static void LaunchPatches<TWindow>(Device device, Mem weight, int depth, Mem map, in TWindow window, in MapSink sink, int rows, int columns)
        where TWindow : struct, IPatchWindow
    {
        ProductPlan plan = ProductPlan.Whole(rows, columns, depth);
        if (map.Narrow != 0)
        {
            Launch(device, plan, weight, depth, new Patches<Bf16Element, TWindow>(map, window), sink, rows, columns);
        }
        else
        {
            Launch(device, plan, weight, depth, new Patches<FloatElement, TWindow>(map, window), sink, rows, columns);
        }
    }

    // The weight as left side: rows of contiguous steps.
    private static void Launch<TRight>(Device device, ProductPlan plan, Mem weight, int depth, in TRight right, in MapSink sink, int rows, int columns)
        where TRight : struct, ITileSource<TRight>
    {
        MatrixRuns runs = new(weight, 0, depth, rows, depth, default);
        if (Alignment.IsWhole(weight, depth, 0, 0) != 0)
        {
            DeviceProduct.Launch(device, plan, new DepthMatrix<WholePieces>(runs), right, sink, rows, columns, 1);
        }
        else
        {
            DeviceProduct.Launch(device, plan, new DepthMatrix<LoosePieces>(runs), right, sink, rows, columns, 1);
        }
    }

    private static void LaunchWeightGradient<TElement, TWhole, TLoose>(
        Device device, ProductPlan plan, in ConvShape s, Mem x, Mem dy, ImageDepth depth, in GemmArguments target)
        where TElement : struct, IElement
        where TWhole : struct, IPieces
        where TLoose : struct, IPieces
    {
        if (Alignment.IsWhole(dy, depth.Pixels, 0, 0) != 0)
        {
            LaunchWeightGradient<TElement, TWhole, TLoose, ImageLines<TWhole>>(device, plan, s, x, new ImageLines<TWhole>(dy, target.M, depth), depth, target);
        }
        else
        {
            LaunchWeightGradient<TElement, TWhole, TLoose, ImageLines<TLoose>>(device, plan, s, x, new ImageLines<TLoose>(dy, target.M, depth), depth, target);
        }
    }

    private static void LaunchWeightGradient<TElement, TWhole, TLoose, TLeft>(
        Device device, ProductPlan plan, in ConvShape s, Mem x, in TLeft left, ImageDepth depth, in GemmArguments target)
        where TElement : struct, IElement
        where TWhole : struct, IPieces
        where TLoose : struct, IPieces
        where TLeft : struct, ITileSource<TLeft>
    {
        MatrixSink sink = new(target);
        if (!s.IsPointwise)
        {
            DeviceProduct.Launch(device, plan, left, new PatchLines<TElement>(x, s, depth), sink, target.M, target.N, plan.Pieces);
        }
        else if (Alignment.IsWhole(x, depth.Pixels, 0, 0) != 0)
        {
            DeviceProduct.Launch(device, plan, left, new ImageLines<TWhole>(x, s.InChannels, depth), sink, target.M, target.N, plan.Pieces);
        }
        else
        {
            DeviceProduct.Launch(device, plan, left, new ImageLines<TLoose>(x, s.InChannels, depth), sink, target.M, target.N, plan.Pieces);
        }
    }
}
