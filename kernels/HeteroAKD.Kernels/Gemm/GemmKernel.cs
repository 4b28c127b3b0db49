using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Pixelwise;
using ILGPU;

namespace HeteroAKD.Kernels.Gemm;

/// <summary>
/// Batched matrix product with epilogue on a device: a block of 256 threads computes a tile of 64 x 64 elements of C, 4 x 4 a thread, from
/// slices of A and B in shared memory. Runs with 256 threads a block on a grid of <see cref="GridX"/> blocks; works for every size and stride.
/// </summary>
public readonly struct GemmKernel : IDeviceKernel
{
    /// <summary>Threads in a block.</summary>
    public const int BlockSize = 256;

    private const int Side = 64;
    private const int Depth = 16;

    // One more element a row keeps threads that write a column apart in the memory's banks.
    private const int Pitch = Side + 1;

    private readonly GemmArguments _g;
    private readonly int _rowTiles;
    private readonly int _columnTiles;

    /// <summary>Takes the arguments; unused optional buffers must still be valid memory.</summary>
    public GemmKernel(in GemmArguments arguments)
    {
        arguments.Validate();
        _g = arguments;
        _rowTiles = (arguments.M + Side - 1) / Side;
        _columnTiles = (arguments.N + Side - 1) / Side;
    }

    /// <summary>Blocks to launch.</summary>
    public int GridX => _rowTiles * _columnTiles * _g.Batch;

    /// <summary>C = activation(α A B + β C + bias + residual), one product of a batch: the specification (<c>torch.baddbmm</c>, then bias, residual and activation).</summary>
    /// <param name="g">Sizes, factors and kinds; its memories and offsets are not used.</param>
    /// <param name="a">[M, K].</param>
    /// <param name="b">[K, N].</param>
    /// <param name="c">[M, N], overwritten.</param>
    /// <param name="bias">[M] or [N] by <see cref="GemmArguments.BiasKind"/>.</param>
    /// <param name="residual">[M, N] where <see cref="GemmArguments.HasResidual"/> is 1.</param>
    public static void Reference(in GemmArguments g, ReadOnlySpan<double> a, ReadOnlySpan<double> b, Span<double> c, ReadOnlySpan<double> bias, ReadOnlySpan<double> residual)
    {
        for (int i = 0; i < g.M; i++)
        {
            for (int j = 0; j < g.N; j++)
            {
                double sum = 0;
                for (int k = 0; k < g.K; k++)
                {
                    sum += a[(i * g.K) + k] * b[(k * g.N) + j];
                }

                int at = (i * g.N) + j;
                double x = (g.Alpha * sum) + (g.Beta == 0 ? 0 : g.Beta * c[at]);
                x += g.BiasKind == GemmBias.PerRow ? bias[i] : g.BiasKind == GemmBias.PerColumn ? bias[j] : 0;
                x += g.HasResidual != 0 ? residual[at] : 0;
                c[at] = Activation.Apply(g.Activation, new F64(x)).Value;
            }
        }
    }

    /// <inheritdoc/>
    public void Run()
    {
        ArrayView<float> aTile = SharedMemory.Allocate<float>(Depth * Pitch); // [Depth, Side]
        ArrayView<float> bTile = SharedMemory.Allocate<float>(Depth * Pitch); // [Depth, Side]
        int thread = Group.IdxX;
        int tile = Grid.IdxX;
        int item = tile / (_rowTiles * _columnTiles);
        int inItem = tile - (item * _rowTiles * _columnTiles);
        int tileRow = inItem / _columnTiles;
        int row0 = tileRow * Side;
        int column0 = (inItem - (tileRow * _columnTiles)) * Side;
        int ty = thread / 16;
        int tx = thread - (ty * 16);

        float c00 = 0, c01 = 0, c02 = 0, c03 = 0;
        float c10 = 0, c11 = 0, c12 = 0, c13 = 0;
        float c20 = 0, c21 = 0, c22 = 0, c23 = 0;
        float c30 = 0, c31 = 0, c32 = 0, c33 = 0;
        for (int k0 = 0; k0 < _g.K; k0 += Depth)
        {
            LoadTiles(aTile, bTile, item, row0, column0, k0, thread);
            Group.Barrier();
            for (int k = 0; k < Depth; k++)
            {
                int line = k * Pitch;
                float a0 = aTile[line + ty], a1 = aTile[line + ty + 16], a2 = aTile[line + ty + 32], a3 = aTile[line + ty + 48];
                float b0 = bTile[line + tx], b1 = bTile[line + tx + 16], b2 = bTile[line + tx + 32], b3 = bTile[line + tx + 48];
                c00 += a0 * b0;
                c01 += a0 * b1;
                c02 += a0 * b2;
                c03 += a0 * b3;
                c10 += a1 * b0;
                c11 += a1 * b1;
                c12 += a1 * b2;
                c13 += a1 * b3;
                c20 += a2 * b0;
                c21 += a2 * b1;
                c22 += a2 * b2;
                c23 += a2 * b3;
                c30 += a3 * b0;
                c31 += a3 * b1;
                c32 += a3 * b2;
                c33 += a3 * b3;
            }

            Group.Barrier();
        }

        int row = row0 + ty;
        int column = column0 + tx;
        StoreRow(item, row, column, c00, c01, c02, c03);
        StoreRow(item, row + 16, column, c10, c11, c12, c13);
        StoreRow(item, row + 32, column, c20, c21, c22, c23);
        StoreRow(item, row + 48, column, c30, c31, c32, c33);
        Activate(item, row, column);
    }

    // Neighbouring threads read along whichever side of the matrix is contiguous, so that their reads coalesce.
    private void LoadTiles(ArrayView<float> aTile, ArrayView<float> bTile, int item, int row0, int column0, int k0, int thread)
    {
        int aStart = _g.A.Offset + (item * _g.A.BatchStride);
        int bStart = _g.B.Offset + (item * _g.B.BatchStride);
        int aAlongDepth = _g.A.ColumnStride == 1 ? 1 : 0;
        int bAlongDepth = _g.B.RowStride == 1 ? 1 : 0;
        for (int i = thread; i < Side * Depth; i += BlockSize)
        {
            int slow16 = i / Depth;
            int fast16 = i - (slow16 * Depth);
            int slow64 = i / Side;
            int fast64 = i - (slow64 * Side);
            int ak = aAlongDepth != 0 ? fast16 : slow64;
            int ai = aAlongDepth != 0 ? slow16 : fast64;
            float a = 0;
            if (row0 + ai < _g.M && k0 + ak < _g.K)
            {
                a = _g.A.Memory.View[aStart + ((row0 + ai) * _g.A.RowStride) + ((k0 + ak) * _g.A.ColumnStride)];
            }

            aTile[(ak * Pitch) + ai] = a;
            int bk = bAlongDepth != 0 ? fast16 : slow64;
            int bj = bAlongDepth != 0 ? slow16 : fast64;
            float b = 0;
            if (column0 + bj < _g.N && k0 + bk < _g.K)
            {
                b = _g.B.Memory.View[bStart + ((k0 + bk) * _g.B.RowStride) + ((column0 + bj) * _g.B.ColumnStride)];
            }

            bTile[(bk * Pitch) + bj] = b;
        }
    }

    private void StoreRow(int item, int row, int column, float x0, float x1, float x2, float x3)
    {
        Store(item, row, column, x0);
        Store(item, row, column + 16, x1);
        Store(item, row, column + 32, x2);
        Store(item, row, column + 48, x3);
    }

    private void Store(int item, int row, int column, float product)
    {
        if (row < _g.M && column < _g.N)
        {
            int at = (item * _g.C.BatchStride) + (row * _g.C.RowStride) + column;
            float x = _g.Alpha * product;
            if (_g.Beta != 0)
            {
                x += _g.Beta * _g.C.Memory.View[_g.C.Offset + at];
            }

            if (_g.BiasKind == GemmBias.PerRow)
            {
                x += _g.Bias.View[_g.BiasOffset + row];
            }

            if (_g.BiasKind == GemmBias.PerColumn)
            {
                x += _g.Bias.View[_g.BiasOffset + column];
            }

            if (_g.HasResidual != 0)
            {
                x += _g.Residual.View[_g.ResidualOffset + at];
            }

            _g.C.Memory.View[_g.C.Offset + at] = x;
        }
    }

    // A loop over the thread's own elements in memory: inlined at 16 stores, the formulas would be most of the kernel.
    private void Activate(int item, int row, int column)
    {
        int elements = _g.Activation == ActivationKind.None ? 0 : 16;
        for (int i = 0; i < elements; i++)
        {
            int r = row + (i / 4 * 16);
            int c = column + (i % 4 * 16);
            if (r < _g.M && c < _g.N)
            {
                int at = _g.C.Offset + (item * _g.C.BatchStride) + (r * _g.C.RowStride) + c;
                DeviceF32 x = new(_g.C.Memory.View[at]);
                _g.C.Memory.View[at] = Activation.Apply(_g.Activation, x).Value;
            }
        }
    }
}
