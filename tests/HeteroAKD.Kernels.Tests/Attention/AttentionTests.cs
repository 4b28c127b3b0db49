using HeteroAKD.Kernels.Attention;
using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Tests.Gemm;
using HeteroAKD.Kernels.Tests.Support;

namespace HeteroAKD.Kernels.Tests.Attention;

public sealed class AttentionTests
{
    private const double FloatTolerance = 4e-6;

    // batch, heads, queries, keys, head size: edges of lanes, panels, blocks (192 and 96 tokens) and tiles (64 tokens and more); in the last two a set of
    // sums serves several tiles, and a tile several bundles of queries
    public static TheoryData<int, int, int, int, int> Shapes() => new()
    {
        { 1, 1, 1, 1, 1 },
        { 1, 1, 1, 1, 5 },
        { 2, 3, 1, 7, 5 },
        { 2, 2, 37, 1, 8 },
        { 1, 2, 67, 130, 5 },
        { 2, 1, 48, 48, 12 },
        { 3, 2, 17, 23, 33 },
        { 1, 1, 33, 401, 16 },
        { 1, 1, 401, 33, 13 },
        { 1, 1, 130, 97, 64 },
        { 1, 1, 1000, 101, 20 },
        { 4, 4, 260, 19, 12 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void HostMatchesReference(int batch, int heads, int queries, int keys, int headSize)
    {
        Data d = new(new AttentionShape(batch, heads, queries, keys, heads * headSize), 1);
        KernelCheck.Matches(FloatTolerance, d.Expected, host =>
        {
            Buffers b = new(host, d);
            HostAttention.Forward(host.Launcher.Pool, d.Shape, b.Q, b.Kv, b.O, b.Lse, host.Precision);
            HostAttention.Backward(host.Launcher.Pool, b.Backward(d.Shape), host.Precision);
            return b.Outputs;
        });
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void PortableKernelsMatchReference(int batch, int heads, int queries, int keys, int headSize)
    {
        Data d = new(new AttentionShape(batch, heads, queries, keys, heads * headSize), 1);
        KernelCheck.Matches(FloatTolerance, d.Expected, host =>
        {
            Buffers b = new(host, d);
            int rows = d.Shape.Pairs * queries;
            host.Launcher.Rows(new AttentionForwardKernel(b.Q, b.Kv, b.O, b.Lse, d.Shape), rows, KernelCheck.SmallTiles, host.Precision);
            host.Launcher.Rows(new AttentionDeltaKernel(b.O, b.DO, b.Delta, d.Shape), rows, KernelCheck.SmallTiles, host.Precision);
            host.Launcher.Rows(
                new AttentionQueryGradientKernel(b.Q, b.Kv, b.Lse, b.Delta, b.DO, b.Dq, d.Shape), rows, KernelCheck.SmallTiles, host.Precision);
            host.Launcher.Rows(
                new AttentionKeyValueGradientKernel(
                    b.Q, b.Kv, b.Lse, b.Delta, b.DO, b.Dkv, d.Shape), d.Shape.Pairs * keys, KernelCheck.SmallTiles, host.Precision);
            return b.Outputs;
        });
    }

    [Fact]
    public void EveryLaneMatchesReference()
    {
        Lane<F32x4>();
        Lane<F32x8>();
        Lane<F32x16>();
    }

    [Theory]
    [InlineData(150, 60, 32)]
    [InlineData(60, 400, 48)]
    public void ErrorIsAtMostTwiceThatOfAPlainFloatLoop(int queries, int keys, int headSize)
    {
        Data d = new(new AttentionShape(1, 1, queries, keys, headSize), 7);
        double[][] plain = PlainFloatAttention.Run(d.Q, d.Kv, d.DO, d.Shape);
        using HostRun host = new(HostPrecision.Float32, 2);
        Buffers b = new(host, d);
        HostAttention.Forward(host.Launcher.Pool, d.Shape, b.Q, b.Kv, b.O, b.Lse, host.Precision);
        HostAttention.Backward(host.Launcher.Pool, b.Backward(d.Shape), host.Precision);
        double[][] kernels = [host.Read(b.O), host.Read(b.Dq), host.Read(b.Dkv)];
        double[][] truth = [d.Expected[0], d.Expected[3], d.Expected[4]];
        for (int k = 0; k < truth.Length; k++)
        {
            double allowed = 2 * Samples.MaxError(truth[k], plain[k]);
            Assert.InRange(Samples.MaxError(truth[k], kernels[k]), 0, allowed);
        }
    }

    [Fact]
    public void ReferenceGradientsAreCentralDifferences()
    {
        Data d = new(new AttentionShape(2, 2, 3, 4, 6), 5);
        const double Step = 1e-5;
        double[][] inputs = [d.Q, d.Kv];
        double[][] gradients = [d.Expected[3], d.Expected[4]];
        for (int k = 0; k < inputs.Length; k++)
        {
            for (int i = 0; i < inputs[k].Length; i++)
            {
                double kept = inputs[k][i];
                inputs[k][i] = kept + Step;
                double up = d.Loss();
                inputs[k][i] = kept - Step;
                double down = d.Loss();
                inputs[k][i] = kept;
                Assert.Equal((up - down) / (2 * Step), gradients[k][i], 1e-8);
            }
        }
    }

    [Fact]
    public void LargeScoresDoNotOverflow()
    {
        AttentionShape shape = new(1, 1, 40, 300, 8);
        double[] q = KernelCheck.Numbers(40 * 8, 1, 1000);
        double[] kv = KernelCheck.Numbers(300 * 16, 2, 1000);
        for (int i = 0; i < kv.Length; i++)
        {
            kv[i] = i % 16 < 8 ? kv[i] : 1;
        }

        // Whatever the weights are, they add up to 1, and so does the mean of ones.
        double[] ones = [.. Enumerable.Repeat(1.0, 40 * 8)];
        KernelCheck.Matches(1e-6, [ones], host =>
        {
            Mem o = host.Output(ones.Length);
            HostAttention.Forward(host.Launcher.Pool, shape, host.Input(q), host.Input(kv), o, host.Output(40), host.Precision);
            return [o];
        });
    }

    [Fact]
    public void NaNReachesItsQueryAlone()
    {
        AttentionShape shape = new(1, 1, 20, 10, 4);
        double[] q = KernelCheck.Numbers(80, 1);
        q[7 * 4] = double.NaN;
        using HostRun host = new(HostPrecision.Float32, 1);
        Mem o = host.Output(80);
        HostAttention.Forward(host.Launcher.Pool, shape, host.Input(q), host.Input(KernelCheck.Numbers(80, 2)), o, host.Output(20), host.Precision);
        double[] values = host.Read(o);
        Assert.Equal([28, 29, 30, 31], Enumerable.Range(0, 80).Where(i => double.IsNaN(values[i])));
    }

    [Theory]
    [InlineData(64, 64)]
    [InlineData(1 << 16, 1 << 16)]
    [InlineData(1 << 20, 64)]
    public void ScratchDoesNotGrowWithTheTokens(int along, int across)
    {
        AttentionPartition partition = new(1, along, across, 32, RegisterTile<F32x16>.MaxColumns, RegisterTile<F32x16>.MaxRows, 192);
        Assert.InRange(partition.AlongPerTile, 1, 512);
        Assert.InRange(partition.AcrossPerBlock, 1, 192);
        partition.Bounds(partition.Tiles - 1, out int pair, out int endPair, out _, out int end);
        Assert.Equal((0, 1, along), (pair, endPair, end));
    }

    [Fact]
    public void SteadyStateMakesNoGarbage()
    {
        Data d = new(new AttentionShape(2, 2, 70, 30, 16), 1);
        using HostRun host = new(HostPrecision.Float32, 1);
        Buffers b = new(host, d);
        long before = 0;
        for (int run = 0; run < 2; run++)
        {
            before = GC.GetAllocatedBytesForCurrentThread();
            HostAttention.Forward(host.Launcher.Pool, d.Shape, b.Q, b.Kv, b.O, b.Lse, host.Precision);
            HostAttention.Backward(host.Launcher.Pool, b.Backward(d.Shape), host.Precision);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void WrongShapesAreRefused()
    {
        Assert.Contains("do not divide into 3 heads", Assert.Throws<ArgumentException>(() => new AttentionShape(1, 3, 4, 4, 64)).Message);
        Assert.Contains("at least 1", Assert.Throws<ArgumentOutOfRangeException>(() => new AttentionShape(1, 1, 0, 4, 64)).Message);
        Assert.False(new AttentionShape(1, 1, 1 << 18, 4, 64).FitsRowKernels);
        Assert.True(new AttentionShape(1, 1, (1 << 18) - 1, 4, 64).FitsRowKernels);
    }

    private static void Lane<TLane>()
        where TLane : unmanaged, ILane<TLane>
    {
        Data d = new(new AttentionShape(2, 1, 75, 210, 20), 3);
        using HostRun host = new(HostPrecision.Float32, 2);
        Buffers b = new(host, d);
        AttentionForwardJob<TLane>.Run(host.Launcher.Pool, d.Shape, b.Q, b.Kv, b.O, b.Lse);
        AttentionGradientJob<TLane>.Run(host.Launcher.Pool, b.Backward(d.Shape));
        for (int k = 0; k < d.Expected.Length; k++)
        {
            KernelCheck.Close(d.Expected[k], host.Read(b.Outputs[k]), FloatTolerance, $"{typeof(TLane).Name}, output {k}");
        }
    }

    private sealed class Data
    {
        public Data(AttentionShape shape, int seed)
        {
            Shape = shape;
            Q = KernelCheck.Numbers(shape.Batch * shape.Queries * shape.Channels, seed);
            Kv = KernelCheck.Numbers(shape.Batch * shape.Keys * 2 * shape.Channels, seed + 1);
            DO = KernelCheck.Numbers(Q.Length, seed + 2);
            double[] o = new double[Q.Length];
            double[] lse = new double[shape.Pairs * shape.Queries];
            double[] delta = new double[lse.Length];
            double[] dq = new double[Q.Length];
            double[] dkv = new double[Kv.Length];
            AttentionForwardKernel.Reference(Q, Kv, o, lse, shape);
            AttentionQueryGradientKernel.Reference(Q, Kv, DO, dq, dkv, shape);
            for (int i = 0; i < o.Length; i++)
            {
                int head = i % shape.Channels / shape.HeadSize;
                int token = i / shape.Channels;
                delta[((((token / shape.Queries) * shape.Heads) + head) * shape.Queries) + (token % shape.Queries)] += o[i] * DO[i];
            }

            Expected = [o, lse, delta, dq, dkv];
        }

        public AttentionShape Shape { get; }

        public double[] Q { get; }

        public double[] Kv { get; }

        public double[] DO { get; }

        /// <summary>o, lse, delta, dq, dkv.</summary>
        public double[][] Expected { get; }

        public double Loss()
        {
            double[] o = new double[Q.Length];
            AttentionForwardKernel.Reference(Q, Kv, o, new double[Expected[1].Length], Shape);
            return o.Zip(DO, (a, b) => a * b).Sum();
        }
    }

    private sealed class Buffers(HostRun host, Data d)
    {
        public Mem Q { get; } = host.Input(d.Q);

        public Mem Kv { get; } = host.Input(d.Kv);

        public Mem DO { get; } = host.Input(d.DO);

        public Mem O { get; } = host.Output(d.Q.Length);

        public Mem Lse { get; } = host.Output(d.Expected[1].Length);

        public Mem Delta { get; } = host.Output(d.Expected[1].Length);

        public Mem Dq { get; } = host.Output(d.Q.Length);

        public Mem Dkv { get; } = host.Output(d.Kv.Length);

        public Mem[] Outputs => [O, Lse, Delta, Dq, Dkv];

        public AttentionBackward Backward(in AttentionShape shape) =>
            new() { Shape = shape, Q = Q, Kv = Kv, O = O, Lse = Lse, DO = DO, Delta = Delta, Dq = Dq, Dkv = Dkv };
    }
}
