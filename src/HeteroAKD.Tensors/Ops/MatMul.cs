using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Reduce;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>Matrix products on any device: the host's register tiles, or tiles in shared memory on accelerators.</summary>
public static class MatMul
{
    // A tile of rows for sums per column: long enough to amortise, short enough to give every thread some.
    private const int SumTileRows = 256;

    /// <summary>Batched product of [M, K] × [K, N] or [B, M, K] × [B, K, N].</summary>
    public static readonly OpRow<NoAttributes> Row = new(
        "matmul",
        "input @ other; torch.matmul for rank 2 and rank 3",
        [new("input", "[M, K] or [B, M, K]"), new("other", "[K, N] or [B, K, N]")],
        shape: MatMulShape,
        forward: n =>
        {
            (int batch, int m, int k, int cols) = Sizes(n);
            Run(n.Device, Product(batch, m, cols, k, Rows(n[0], k, m * k), Rows(n[1], cols, k * cols), n.Output), n.DType);
        },
        gradient: (n, dy) =>
        {
            (int batch, int m, int k, int cols) = Sizes(n);
            if (n.NeedsGradient(0))
            {
                Tensor da = n.NewGradient(0);
                Run(n.Device, Product(batch, m, k, cols, Rows(dy, cols, m * cols), Columns(n[1], cols, k * cols), da), n.DType);
                n.AddGradient(0, da);
            }

            if (n.NeedsGradient(1))
            {
                Tensor db = n.NewGradient(1);
                Run(n.Device, Product(batch, k, cols, m, Columns(n[0], k, m * k), Rows(dy, cols, m * cols), db), n.DType);
                n.AddGradient(1, db);
            }
        });

    /// <summary>A linear layer.</summary>
    public static readonly OpRow<NoAttributes> Linear = new(
        "linear",
        "input · weightᵀ + bias; torch.nn.functional.linear",
        [new("input", "[..., I]"), new("weight", "[O, I]", Parameter: true), new("bias", "[O]", Optional: true, Parameter: true)],
        shape: LinearShape,
        forward: n =>
        {
            (int rows, int inputs, int outputs) = LinearSizes(n);
            GemmArguments product = Product(1, rows, outputs, inputs, Rows(n[0], inputs, 0), Columns(n[1], inputs, 0), n.Output) with
            {
                BiasKind = n.Optional(2) is null ? GemmBias.None : GemmBias.PerColumn,
                Bias = (n.Optional(2) ?? n[1]).Mem,
            };
            Run(n.Device, product, n.DType);
        },
        gradient: LinearGradient);

    /// <summary>Computes a product on the device it is on.</summary>
    public static void Run(Device device, in GemmArguments arguments, DType type)
    {
        if (device is HostDevice host)
        {
            HostGemm.Run(host.Pool, arguments, HostDevice.Precision(type));
        }
        else
        {
            DeviceProduct.Run(device, arguments);
        }
    }

    /// <summary>result[j] = Σ_rows x[row, j], in a fixed order.</summary>
    internal static void SumColumns(Tensor x, int rows, int columns, Tensor result) => SumColumns(new ElementTerm(x.Mem, columns), rows, columns, result);

    /// <summary>result[j] = Σ_rows term(row, j), in a fixed order.</summary>
    internal static void SumColumns<TTerm>(in TTerm term, int rows, int columns, Tensor result)
        where TTerm : struct, ITerm
    {
        Device device = result.Device;
        int tiles = ColumnSumKernel<TTerm>.Tiles(rows, SumTileRows);
        using Tensor partials = Tensor.Empty(device, new Shape(tiles, columns), result.DType);
        device.Pixel(new ColumnSumKernel<TTerm>(term, partials.Mem, rows, columns, SumTileRows), tiles, columns, Math.Min(rows, SumTileRows), result.DType);
        device.Pixel(new CombineKernel(partials.Mem, result.Mem, tiles, columns), 1, columns, tiles, result.DType);
    }

    private static GemmArguments Product(int batch, int m, int n, int k, GemmMatrix a, GemmMatrix b, Tensor c) =>
        new() { Batch = batch, M = m, N = n, K = k, A = a, B = b, C = GemmMatrix.RowMajor(c.Mem, n, batchStride: m * n) };

    private static GemmMatrix Rows(Tensor tensor, int leading, int batchStride) => GemmMatrix.RowMajor(tensor.Mem, leading, batchStride: batchStride);

    private static GemmMatrix Columns(Tensor tensor, int leading, int batchStride) => GemmMatrix.Transposed(tensor.Mem, leading, batchStride: batchStride);

    private static void LinearGradient(OpNode<NoAttributes> n, Tensor dy)
    {
        (int rows, int inputs, int outputs) = LinearSizes(n);
        if (n.NeedsGradient(0))
        {
            Tensor dx = n.NewGradient(0);
            Run(n.Device, Product(1, rows, inputs, outputs, Rows(dy, outputs, 0), Rows(n[1], inputs, 0), dx), n.DType);
            n.AddGradient(0, dx);
        }

        if (n.NeedsGradient(1))
        {
            Tensor dw = n.NewGradient(1);
            Run(n.Device, Product(1, outputs, inputs, rows, Columns(dy, outputs, 0), Rows(n[0], inputs, 0), dw), n.DType);
            n.AddGradient(1, dw);
        }

        if (n.NeedsGradient(2))
        {
            Tensor db = n.NewGradient(2);
            SumColumns(dy, rows, outputs, db);
            n.AddGradient(2, db);
        }
    }

    private static (int Rows, int Inputs, int Outputs) LinearSizes(OpNode<NoAttributes> n)
    {
        int inputs = n[1].Shape[1];
        int rows = 1;
        for (int d = 0; d < n[0].Shape.Rank - 1; d++)
        {
            rows *= n[0].Shape[d];
        }

        return (rows, inputs, n[1].Shape[0]);
    }

    private static Shape LinearShape(OpNode<NoAttributes> n)
    {
        Shape x = n[0].Shape;
        Shape w = n[1].Shape;
        if (w.Rank != 2 || x.Rank < 1 || x[-1] != w[1])
        {
            throw new ShapeMismatchException("linear", "weight", $"{w} does not fit input {x}; it must be [outputs, {(x.Rank > 0 ? x[-1] : 1)}]");
        }

        if (n.Optional(2) is { } bias && bias.Shape != new Shape(w[0]))
        {
            throw new ShapeMismatchException("linear", "bias", $"{bias.Shape} does not fit weight {w}; it must be [{w[0]}]");
        }

        return x.Rank switch { 1 => new(w[0]), 2 => new(x[0], w[0]), 3 => new(x[0], x[1], w[0]), _ => new(x[0], x[1], x[2], w[0]) };
    }

    private static (int Batch, int M, int K, int N) Sizes(OpNode<NoAttributes> n) =>
        n[0].Shape.Rank == 2 ? (1, n[0].Shape[0], n[0].Shape[1], n[1].Shape[1]) : (n[0].Shape[0], n[0].Shape[1], n[0].Shape[2], n[1].Shape[2]);

    private static Shape MatMulShape(OpNode<NoAttributes> n)
    {
        Shape a = n[0].Shape;
        Shape b = n[1].Shape;
        bool fits = (a.Rank == 2 && b.Rank == 2 && a[1] == b[0]) || (a.Rank == 3 && b.Rank == 3 && a[0] == b[0] && a[2] == b[1]);
        return !fits
            ? throw new ShapeMismatchException("matmul", "other", $"{b} does not fit input {a}; it must be [K, N] for [M, K], or [B, K, N] for [B, M, K]")
            : a.Rank == 2 ? new(a[0], b[1]) : new(a[0], a[1], b[2]);
    }
}
