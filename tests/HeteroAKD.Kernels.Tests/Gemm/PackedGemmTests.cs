using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Pixelwise;

namespace HeteroAKD.Kernels.Tests.Gemm;

/// <summary>A factor that is packed for good gives the bits of one that every product packs.</summary>
public sealed class PackedGemmTests : IDisposable
{
    private readonly HostPool _pool = new(2);

    public void Dispose() => _pool.Dispose();

    [Theory]
    [InlineData(1, 1, 1, 1)]
    [InlineData(31, 75, 40, 1)]
    [InlineData(200, 500, 700, 1)] // several blocks of everything
    [InlineData(29, 37, 12_001, 1)] // K in pieces
    [InlineData(33, 64, 48, 7)] // matrices of a batch in one tile
    [InlineData(110, 410, 512, 3)] // rows 2 KiB apart
    public void AllLanesGiveTheSameBits(int m, int n, int k, int batch)
    {
        foreach (GemmSide side in Enum.GetValues<GemmSide>())
        {
            foreach (bool turned in new[] { false, true })
            {
                Check<F32x16>(m, n, k, batch, side, turned);
                Check<F32x8>(m, n, k, batch, side, turned);
                Check<F64>(m, n, k, batch, side, turned);
            }
        }
    }

    [Fact]
    public void TheWidestLaneOfTheMachineDoesToo()
    {
        using GuardedMemory a =
            new(Samples.Uniform(96 * 80, 1), false), b = new(Samples.Uniform(80 * 300, 2), false), c = new(96 * 300, false), d = new(96 * 300, false);
        GemmArguments g = new()
        {
            M = 96,
            N = 300,
            K = 80,
            A = GemmMatrix.RowMajor(a.Mem, 80),
            B = GemmMatrix.RowMajor(b.Mem, 300),
            C = GemmMatrix.RowMajor(c.Mem, 300),
        };
        using GuardedMemory packed = new(HostGemm.PackedLength(g, GemmSide.A, HostPrecision.Float32), false);
        HostGemm.Run(_pool, g, HostPrecision.Float32);
        HostGemm.Pack(_pool, g, GemmSide.A, packed.Mem, HostPrecision.Float32);
        HostGemm.RunPacked(
            _pool, g with { A = GemmMatrix.RowMajor(default, 80), C = GemmMatrix.RowMajor(d.Mem, 300) }, GemmSide.A, packed.Mem, HostPrecision.Float32);
        Assert.Equal(c.ToArray(), d.ToArray());
    }

    // The packed factor is shared by the batch, the other one is not.
    private void Check<TLane>(int m, int n, int k, int batch, GemmSide side, bool turned)
        where TLane : unmanaged, ILane<TLane>
    {
        bool inDouble = typeof(TLane) == typeof(F64);
        (int itemA, int itemB) = side == GemmSide.A ? (0, k * n) : (m * k, 0);
        using GuardedMemory a = new(
            Samples.Uniform(Math.Max(m * k, batch * itemA), 1), inDouble), b = new(Samples.Uniform(Math.Max(k * n, batch * itemB), 2), inDouble);
        using GuardedMemory bias = new(Samples.Uniform(m, 3), inDouble), residual = new(Samples.Uniform(batch * m * n, 4), inDouble);
        using GuardedMemory expected = new(batch * m * n, inDouble), actual = new(batch * m * n, inDouble);
        GemmArguments g = new()
        {
            M = m,
            N = n,
            K = k,
            Batch = batch,
            A = turned ? GemmMatrix.Transposed(a.Mem, m, batchStride: itemA) : GemmMatrix.RowMajor(a.Mem, k, batchStride: itemA),
            B = turned ? GemmMatrix.Transposed(b.Mem, k, batchStride: itemB) : GemmMatrix.RowMajor(b.Mem, n, batchStride: itemB),
            C = GemmMatrix.RowMajor(expected.Mem, n, batchStride: m * n),
            BiasKind = GemmBias.PerRow,
            Bias = bias.Mem,
            HasResidual = 1,
            Residual = residual.Mem,
            Activation = ActivationKind.Relu,
        };
        using GuardedMemory packed = new(HostGemm.PackedLength<TLane>(g, side), inDouble);
        HostGemm.Run<TLane>(_pool, g);
        HostGemm.Pack<TLane>(_pool, g, side, packed.Mem);
        packed.AssertGuards();
        GemmMatrix gone = GemmMatrix.RowMajor(default, k);
        GemmArguments onPanels = side == GemmSide.A ? g with { A = gone } : g with { B = gone };
        HostGemm.Run<TLane>(_pool, onPanels with { C = GemmMatrix.RowMajor(actual.Mem, n, batchStride: m * n) }, new PackedSide(packed.Mem, side));
        actual.AssertGuards();
        Assert.Equal(expected.ToArray(), actual.ToArray());
    }
}
