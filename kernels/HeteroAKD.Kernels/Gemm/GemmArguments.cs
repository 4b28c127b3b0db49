using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Pixelwise;

namespace HeteroAKD.Kernels.Gemm;

/// <summary>Whether and along which side a matrix product adds a bias vector.</summary>
public enum GemmBias
{
    /// <summary>No bias.</summary>
    None,

    /// <summary>bias[i] to row i of C; length M (a 1x1 convolution's channels).</summary>
    PerRow,

    /// <summary>bias[j] to column j of C; length N (a linear layer's features).</summary>
    PerColumn,
}

/// <summary>
/// A matrix, or a batch of them, in memory: element (i, j) of matrix b lies at Offset + b·BatchStride + i·RowStride + j·ColumnStride.
/// A transposed operand is the same memory with the two strides swapped.
/// </summary>
public readonly struct GemmMatrix
{
    /// <summary>The memory.</summary>
    public readonly Mem Memory;

    /// <summary>Elements before the first matrix.</summary>
    public readonly int Offset;

    /// <summary>Elements from a row to the next.</summary>
    public readonly int RowStride;

    /// <summary>Elements from a column to the next.</summary>
    public readonly int ColumnStride;

    /// <summary>Elements from a matrix of the batch to the next; 0 uses one matrix for all.</summary>
    public readonly int BatchStride;

    /// <summary>The same matrix as a batch of pieces, <paramref name="elements"/> apart.</summary>
    internal GemmMatrix Step(int elements) => new(Memory, Offset, RowStride, ColumnStride, elements);

    /// <summary>Matrix <paramref name="index"/> of the batch alone.</summary>
    internal GemmMatrix Item(int index) => new(Memory, Offset + (index * BatchStride), RowStride, ColumnStride, 0);

    private GemmMatrix(Mem memory, int offset, int rowStride, int columnStride, int batchStride)
    {
        Memory = memory;
        Offset = offset;
        RowStride = rowStride;
        ColumnStride = columnStride;
        BatchStride = batchStride;
    }

    /// <summary>The matrix as it is stored: rows of contiguous elements, <paramref name="leading"/> elements apart.</summary>
    public static GemmMatrix RowMajor(Mem memory, int leading, int offset = 0, int batchStride = 0) => new(memory, offset, leading, 1, batchStride);

    /// <summary>
    /// The transpose of what is stored: element (i, j) is stored at row j, column i, with <paramref name="leading"/> elements from a stored row to the next.
    /// </summary>
    public static GemmMatrix Transposed(Mem memory, int leading, int offset = 0, int batchStride = 0) => new(memory, offset, 1, leading, batchStride);
}

/// <summary>
/// C[b] = activation(Alpha · A[b] B[b] + Beta · C[b] + bias + residual[b]) for each b of the batch, as <c>torch.baddbmm</c> with a fused epilogue.
/// With Beta = 0, C is never read. K = 0 leaves the epilogue of a zero product.
/// </summary>
public readonly struct GemmArguments
{
    /// <summary>Rows of A and C.</summary>
    public int M { get; init; }

    /// <summary>Columns of B and C.</summary>
    public int N { get; init; }

    /// <summary>Columns of A, rows of B.</summary>
    public int K { get; init; }

    /// <summary>Products to compute.</summary>
    public int Batch { get; init; } = 1;

    /// <summary>[Batch, M, K].</summary>
    public GemmMatrix A { get; init; }

    /// <summary>[Batch, K, N].</summary>
    public GemmMatrix B { get; init; }

    /// <summary>[Batch, M, N], row-major; must not overlap A or B.</summary>
    public GemmMatrix C { get; init; }

    /// <summary>Factor of the product.</summary>
    public float Alpha { get; init; } = 1;

    /// <summary>Factor of what C held before: 0 overwrites, 1 accumulates (gradients).</summary>
    public float Beta { get; init; }

    /// <summary>How the bias is added.</summary>
    public GemmBias BiasKind { get; init; }

    /// <summary>[M] or [N], the same for the whole batch.</summary>
    public Mem Bias { get; init; }

    /// <summary>Elements before the first bias.</summary>
    public int BiasOffset { get; init; }

    /// <summary>1 to add <see cref="Residual"/>, 0 not to.</summary>
    public int HasResidual { get; init; }

    /// <summary>[Batch, M, N] with C's strides; may be C's own memory.</summary>
    public Mem Residual { get; init; }

    /// <summary>Elements before the first residual.</summary>
    public int ResidualOffset { get; init; }

    /// <summary>Applied last.</summary>
    public ActivationKind Activation { get; init; }

    /// <summary>One product of nothing; set the rest by name.</summary>
    public GemmArguments()
    {
    }

    /// <summary>Throws where a size is negative or C is not row-major.</summary>
    public void Validate()
    {
        if (M < 0 || N < 0 || K < 0 || Batch < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(M), $"matmul: sizes must not be negative, got M = {M}, N = {N}, K = {K}, batch = {Batch}");
        }

        if (C.ColumnStride != 1)
        {
            throw new ArgumentException(
                $"matmul: C must be row-major, got a column stride of {C.ColumnStride}; swap A and B to compute the transpose", nameof(C));
        }
    }
}
