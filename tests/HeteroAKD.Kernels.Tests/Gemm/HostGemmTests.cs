using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Pixelwise;

namespace HeteroAKD.Kernels.Tests.Gemm;

public sealed class HostGemmTests : IDisposable
{
    private readonly HostPool _one = new(1);
    private readonly HostPool _two = new(2);

    public static TheoryData<int, int, int> Sizes => new()
    {
        { 1, 1, 1 }, { 1, 1, 0 }, { 1, 33, 5 }, { 37, 1, 3 }, { 12, 32, 8 }, { 13, 31, 7 }, { 16, 48, 48 }, { 5, 17, 400 }, { 25, 65, 33 },
        { 100, 40, 770 }, { 200, 100, 50 }, { 97, 401, 129 }, { 280, 803, 130 }, { 61, 1000, 401 },
    };

    public void Dispose()
    {
        _one.Dispose();
        _two.Dispose();
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void AllTransposesMatchThePlainLoopInDouble(int m, int n, int k)
    {
        foreach ((bool ta, bool tb) in Transposes)
        {
            double error = Error<F64>(new GemmArguments { M = m, N = n, K = k }, ta, tb, 1, out _);
            Assert.True(error <= 1e-12, $"{m}x{n}x{k} {ta} {tb}: {error}");
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void FloatLanesAreAsAccurateAsAPlainLoop(int m, int n, int k)
    {
        GemmArguments arguments = new() { M = m, N = n, K = k };
        foreach ((bool ta, bool tb) in Transposes)
        {
            AssertAccurate(Error<F32x16>(arguments, ta, tb, 1, out double loop), loop, $"16 lanes {m}x{n}x{k} {ta} {tb}");
            AssertAccurate(Error<F32x8>(arguments, ta, tb, 1, out loop), loop, $"8 lanes {m}x{n}x{k} {ta} {tb}");
            AssertAccurate(Error<F32x4>(arguments, ta, tb, 1, out loop), loop, $"4 lanes {m}x{n}x{k} {ta} {tb}");
        }
    }

    [Theory]
    [InlineData(GemmBias.None, 0, ActivationKind.Relu, 0f)]
    [InlineData(GemmBias.PerRow, 0, ActivationKind.Gelu, 0f)]
    [InlineData(GemmBias.PerColumn, 1, ActivationKind.Silu, 1f)]
    [InlineData(GemmBias.PerColumn, 1, ActivationKind.None, 0.5f)]
    [InlineData(GemmBias.PerRow, 1, ActivationKind.Relu6, 1f)]
    public void EpilogueAndBatchMatchThePlainLoop(GemmBias bias, int residual, ActivationKind activation, float beta)
    {
        GemmArguments arguments = new()
        {
            M = 29,
            N = 43,
            K = 800,
            Alpha = 0.75f,
            Beta = beta,
            BiasKind = bias,
            HasResidual = residual,
            Activation = activation,
            Batch = 3,
        };
        foreach ((bool ta, bool tb) in Transposes)
        {
            Assert.True(Error<F64>(arguments, ta, tb, 3, out _) <= 1e-12);
            AssertAccurate(Error<F32x16>(arguments, ta, tb, 3, out double loop), loop, $"16 lanes {ta} {tb}");
            AssertAccurate(Error<F32x8>(arguments, ta, tb, 3, out loop), loop, $"8 lanes {ta} {tb}");
        }
    }

    // Whole tiles are finished row by row, with ReLU and ReLU6 only after the last block of K; edges and other activations lane by lane.
    [Theory]
    [InlineData(GemmBias.PerRow, 1, ActivationKind.Relu, 40)]
    [InlineData(GemmBias.PerRow, 1, ActivationKind.Relu6, 900)]
    [InlineData(GemmBias.PerColumn, 1, ActivationKind.None, 900)]
    [InlineData(GemmBias.PerColumn, 0, ActivationKind.Relu6, 40)]
    [InlineData(GemmBias.None, 1, ActivationKind.Relu, 900)]
    [InlineData(GemmBias.PerRow, 1, ActivationKind.Gelu, 900)]
    public void WholeTilesAndEdgesAreFinishedAlike(GemmBias bias, int residual, ActivationKind activation, int k)
    {
        GemmArguments arguments = new() { M = 31, N = 75, K = k, BiasKind = bias, HasResidual = residual, Activation = activation };
        Assert.True(Error<F64>(arguments, false, false, 2, out _) <= 1e-11);
        AssertAccurate(Error<F32x16>(arguments, false, false, 2, out double loop), loop, "16 lanes");
        AssertAccurate(Error<F32x8>(arguments, false, true, 2, out loop), loop, "8 lanes");
        AssertAccurate(Error<F32x4>(arguments, true, false, 2, out loop), loop, "4 lanes");
    }

    [Fact]
    public void ASplitOfKAppliesTheEpilogueOnce()
    {
        GemmArguments arguments = new()
        {
            M = 29,
            N = 37,
            K = 12_001,
            Alpha = 0.5f,
            Beta = 1,
            BiasKind = GemmBias.PerColumn,
            HasResidual = 1,
            Activation = ActivationKind.Relu,
        };
        Assert.True(new GemmPartition(29, 37, 12_001, 1, 12, 32).Chunks > 1, "the case no longer splits K: choose another size");
        Assert.True(Error<F64>(arguments, true, false, 1, out _) <= 1e-11);
        AssertAccurate(Error<F32x16>(arguments, true, false, 1, out double loop), loop, "16 lanes");
    }

    [Theory]
    [InlineData(200, 500, 700, 1)]
    [InlineData(29, 37, 12_001, 1)]
    [InlineData(33, 21, 48, 64)]
    public void OneAndTwoThreadsGiveTheSameBits(int m, int n, int k, int batch)
    {
        double[] a = Samples.Uniform(batch * m * k, 1);
        double[] b = Samples.Uniform(batch * k * n, 2);
        using GuardedMemory ma = new(a, false), mb = new(b, false), first = new(batch * m * n, false), second = new(batch * m * n, false);
        GemmArguments arguments = new()
        {
            M = m,
            N = n,
            K = k,
            Batch = batch,
            A = GemmMatrix.RowMajor(ma.Mem, k, batchStride: m * k),
            B = GemmMatrix.RowMajor(mb.Mem, n, batchStride: k * n),
        };
        HostGemm.Run(_one, arguments with { C = GemmMatrix.RowMajor(first.Mem, n, batchStride: m * n) }, HostPrecision.Float32);
        HostGemm.Run(_two, arguments with { C = GemmMatrix.RowMajor(second.Mem, n, batchStride: m * n) }, HostPrecision.Float32);
        Assert.Equal(first.ToArray(), second.ToArray());
    }

    [Fact]
    public void SidesPackedAheadServeAWholeBatch()
    {
        const int M = 110, N = 410, K = 400, Batch = 3;
        GemmPartition partition = new(M, N, K, Batch, 12, 32);
        Assert.True(
            GemmPartition.PacksAhead(M, K, Batch, partition.ColumnBlocks) && GemmPartition.PacksAhead(N, K, Batch, partition.RowBlocks),
            "the case no longer packs both sides ahead: choose another size");
        GemmArguments arguments = new() { M = M, N = N, K = K };
        foreach ((bool ta, bool tb) in Transposes)
        {
            Assert.True(Error<F64>(arguments, ta, tb, Batch, out _) <= 1e-12);
            AssertAccurate(Error<F32x16>(arguments, ta, tb, Batch, out double loop), loop, $"16 lanes {ta} {tb}");
        }
    }

    [Theory]
    [InlineData(30, 70, 40, 9)]
    [InlineData(30, 40, 5000, 2)]
    [InlineData(300, 500, 20, 3)]
    public void ASumOverTheBatchIsTheSumOfItsProducts(int m, int n, int k, int batch)
    {
        double[] a = Samples.Uniform(batch * m * k, 1), b = Samples.Uniform(batch * k * n, 2), before = Samples.Uniform(m * n, 3);
        double[] expected = new double[m * n];
        for (int item = 0; item < batch; item++)
        {
            double[] product = new double[m * n];
            GemmReference.Run(new GemmArguments { M = m, N = n, K = k }, a.AsSpan(item * m * k, m * k), b.AsSpan(item * k * n, k * n), product, [], []);
            for (int i = 0; i < expected.Length; i++)
            {
                expected[i] += product[i] + (item == 0 ? 0.5 * before[i] : 0);
            }
        }

        double largest = expected.Max(Math.Abs);
        Assert.InRange(Error<F64>() / largest, 0, 1e-14);
        Assert.InRange(Error<F32x16>() / largest, 0, 1e-6);

        double Error<TLane>()
            where TLane : unmanaged, ILane<TLane>
        {
            bool inDouble = typeof(TLane) == typeof(F64);
            using GuardedMemory ma = new(a, inDouble), mb = new(b, inDouble), mc = new(before, inDouble);
            HostGemm.RunSum<TLane>(_two, new GemmArguments
            {
                M = m,
                N = n,
                K = k,
                Batch = batch,
                Beta = 0.5f,
                A = GemmMatrix.RowMajor(ma.Mem, k, batchStride: m * k),
                B = GemmMatrix.RowMajor(mb.Mem, n, batchStride: k * n),
                C = GemmMatrix.RowMajor(mc.Mem, n),
            });
            mc.AssertGuards();
            return Samples.MaxError(expected, mc.ToArray());
        }
    }

    [Fact]
    public void ASharedSideIsTheSameForEveryProductOfTheBatch()
    {
        const int M = 110, N = 410, K = 400, Batch = 2;
        using GuardedMemory a = new(Samples.Uniform(M * K, 1), false), b = new(Samples.Uniform(Batch * K * N, 2), false);
        using GuardedMemory c = new(Batch * M * N, false), one = new(M * N, false);
        GemmArguments arguments = new()
        {
            M = M,
            N = N,
            K = K,
            Batch = Batch,
            A = GemmMatrix.RowMajor(a.Mem, K),
            B = GemmMatrix.RowMajor(b.Mem, N, batchStride: K * N),
            C = GemmMatrix.RowMajor(c.Mem, N, batchStride: M * N),
        };
        HostGemm.Run(_two, arguments, HostPrecision.Float32);
        for (int item = 0; item < Batch; item++)
        {
            HostGemm.Run(
                _two,
                arguments with { Batch = 1, B = GemmMatrix.RowMajor(b.Mem, N, item * K * N), C = GemmMatrix.RowMajor(one.Mem, N) },
                HostPrecision.Float32);
            Assert.Equal(one.ToArray(), c.ToArray()[(item * M * N)..((item + 1) * M * N)]);
        }
    }

    [Fact]
    public void BetaZeroIgnoresWhatCHeld()
    {
        using GuardedMemory a = new([2], false), b = new([3], false), c = new([double.NaN], false);
        HostGemm.Run(
            _one,
            new GemmArguments { M = 1, N = 1, K = 1, A = GemmMatrix.RowMajor(a.Mem, 1), B = GemmMatrix.RowMajor(b.Mem, 1), C = GemmMatrix.RowMajor(c.Mem, 1) },
            HostPrecision.Float32);
        Assert.Equal(6, c[0]);
    }

    [Fact]
    public void ATransposedResultIsRefused()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => HostGemm.Run(
            _one, new GemmArguments { M = 2, N = 2, K = 2, C = GemmMatrix.Transposed(default, 2) }, HostPrecision.Float32));
        Assert.Contains("row-major", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RunningMakesNoGarbage()
    {
        using GuardedMemory a = new(64 * 4096, false), b = new(64 * 4096, false), c = new(64 * 64, false);
        GemmArguments arguments = new()
        {
            M = 64,
            N = 64,
            K = 4096,
            A = GemmMatrix.RowMajor(a.Mem, 4096),
            B = GemmMatrix.RowMajor(b.Mem, 64),
            C = GemmMatrix.RowMajor(c.Mem, 64),
        };
        HostGemm.Run(_one, arguments, HostPrecision.Float32);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++)
        {
            HostGemm.Run(_one, arguments, HostPrecision.Float32);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static (bool A, bool B)[] Transposes => [(false, false), (false, true), (true, false), (true, true)];

    private static void AssertAccurate(double error, double loop, string what) =>
        Assert.True(error <= 2 * loop, $"{what}: error {error}, plain float loop {loop}");

    // Leading dimensions are three more than needed and the offset is five: whoever confuses them with sizes fails.
    private double Error<TLane>(in GemmArguments sizes, bool transposeA, bool transposeB, int batch, out double loopError)
        where TLane : unmanaged, ILane<TLane>
    {
        bool inDouble = typeof(TLane) == typeof(F64);
        int m = sizes.M, n = sizes.N, k = sizes.K;
        double[] bias = Samples.Uniform(Math.Max(m, n), 3);
        int lda = (transposeA ? m : k) + 3, ldb = (transposeB ? k : n) + 3, ldc = n + 3;
        int sizeA = (transposeA ? k : m) * lda, sizeB = (transposeB ? n : k) * ldb, sizeC = m * ldc;
        double[] a = Samples.Uniform(5 + (batch * sizeA), 4);
        double[] b = Samples.Uniform(5 + (batch * sizeB), 5);
        double[] c = Samples.Uniform(5 + (batch * sizeC), 6);
        double[] residual = Samples.Uniform(5 + (batch * sizeC), 7);
        using GuardedMemory ma = new(a, inDouble), mb = new(b, inDouble), mc = new(c, inDouble), mbias = new(bias, inDouble), mr = new(residual, inDouble);
        GemmArguments arguments = sizes with
        {
            Batch = batch,
            A = transposeA ? GemmMatrix.Transposed(ma.Mem, lda, 5, sizeA) : GemmMatrix.RowMajor(ma.Mem, lda, 5, sizeA),
            B = transposeB ? GemmMatrix.Transposed(mb.Mem, ldb, 5, sizeB) : GemmMatrix.RowMajor(mb.Mem, ldb, 5, sizeB),
            C = GemmMatrix.RowMajor(mc.Mem, ldc, 5, sizeC),
            Bias = mbias.Mem,
            Residual = mr.Mem,
            ResidualOffset = 5,
        };
        HostGemm.Run<TLane>(_two, arguments);
        mc.AssertGuards();

        double[] expected = (double[])c.Clone();
        double[] plain = (double[])c.Clone();
        for (int item = 0; item < batch; item++)
        {
            double[] da = Dense(a, 5 + (item * sizeA), m, k, transposeA ? 1 : lda, transposeA ? lda : 1);
            double[] db = Dense(b, 5 + (item * sizeB), k, n, transposeB ? 1 : ldb, transposeB ? ldb : 1);
            double[] dc = Dense(c, 5 + (item * sizeC), m, n, ldc, 1);
            double[] dr = Dense(residual, 5 + (item * sizeC), m, n, ldc, 1);
            double[] fc = PlainFloat(arguments, da, db, dc, bias, dr);
            GemmReference.Run(arguments, da, db, dc, bias, dr);
            for (int i = 0; i < m * n; i++)
            {
                int at = 5 + (item * sizeC) + (i / n * ldc) + (i % n);
                expected[at] = dc[i];
                plain[at] = fc[i];
            }
        }

        loopError = Samples.MaxError(expected, plain) + Samples.FloatUnit(expected);
        return Samples.MaxError(expected, mc.ToArray());
    }

    private static double[] Dense(double[] source, int offset, int rows, int columns, int rowStride, int columnStride)
    {
        double[] dense = new double[rows * columns];
        for (int i = 0; i < dense.Length; i++)
        {
            dense[i] = source[offset + (i / columns * rowStride) + (i % columns * columnStride)];
        }

        return dense;
    }

    private static double[] PlainFloat(in GemmArguments g, double[] a, double[] b, double[] c, double[] bias, double[] residual)
    {
        double[] result = new double[g.M * g.N];
        for (int at = 0; at < result.Length; at++)
        {
            int i = at / g.N, j = at % g.N;
            float sum = 0;
            for (int k = 0; k < g.K; k++)
            {
                sum += (float)a[(i * g.K) + k] * (float)b[(k * g.N) + j];
            }

            float x = (g.Alpha * sum) + (g.Beta * (float)c[at]);
            x += g.BiasKind == GemmBias.PerRow ? (float)bias[i] : g.BiasKind == GemmBias.PerColumn ? (float)bias[j] : 0;
            x += g.HasResidual != 0 ? (float)residual[at] : 0;
            result[at] = Activation.Apply(g.Activation, new F32(x)).Value;
        }

        return result;
    }
}
