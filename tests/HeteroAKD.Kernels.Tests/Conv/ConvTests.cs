using HeteroAKD.Kernels.Conv;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Pixelwise;
using HeteroAKD.Kernels.Tests.Gemm;

namespace HeteroAKD.Kernels.Tests.Conv;

public sealed class ConvTests : IDisposable
{
    private readonly HostPool _one = new(1);
    private readonly HostPool _two = new(2);

    public static IEnumerable<TheoryDataRow<int>> Cases => ConvCases.Indices();

    public void Dispose()
    {
        _one.Dispose();
        _two.Dispose();
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void ForwardMatchesThePlainLoop(int index)
    {
        ConvShape s = ConvCases.All[index].Shape;
        double[] x = Samples.Uniform(s.InputLength, 1), weight = Samples.Uniform(s.WeightLength, 2), bias = Samples.Uniform(s.OutChannels, 3);
        double[] expected = new double[s.OutputLength];
        ConvForwardKernel.Reference(s, x, weight, bias, ActivationKind.Gelu, expected);

        AssertAllLanes(
            expected,
            s.GroupInChannels * s.KernelSize,
            Forward<F64>(s, x, weight, bias, ActivationKind.Gelu),
            Forward<F32x16>(s, x, weight, bias, ActivationKind.Gelu),
            Forward<F32x8>(s, x, weight, bias, ActivationKind.Gelu),
            Forward<F32x4>(s, x, weight, bias, ActivationKind.Gelu));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void InputGradientMatchesThePlainLoop(int index)
    {
        ConvShape s = ConvCases.All[index].Shape;
        double[] dy = Samples.Uniform(s.OutputLength, 1), weight = Samples.Uniform(s.WeightLength, 2), before = Samples.Uniform(s.InputLength, 3);
        foreach (int accumulate in new[] { 0, 1 })
        {
            double[] expected = accumulate != 0 ? (double[])before.Clone() : new double[s.InputLength];
            ConvInputGradientKernel.Reference(s, dy, weight, expected);
            AssertAllLanes(
                expected,
                s.GroupOutChannels * s.KernelSize,
                InputGradient<F64>(s, dy, weight, before, accumulate),
                InputGradient<F32x16>(s, dy, weight, before, accumulate),
                InputGradient<F32x8>(s, dy, weight, before, accumulate),
                InputGradient<F32x4>(s, dy, weight, before, accumulate));
        }
    }

    [Theory]
    [InlineData(24, 3, 1, 1)]
    [InlineData(3, 3, 2, 1)]
    [InlineData(4, 2, 2, 1)]
    [InlineData(8, 1, 1, 1)]
    [InlineData(6, 3, 2, 6)]
    public void WithoutImagesTheWeightGradientIsZeroOrStays(int channels, int kernel, int stride, int groups)
    {
        ConvShape s = ConvCases.Square(0, channels, 9, 9, kernel, 12, stride, kernel / 2, 1, groups);
        double[] before = Samples.Uniform(s.WeightLength, 3);
        Assert.All(WeightGradient<F32x16>(s, [], [], before, 0).ToArray(), value => Assert.Equal(0, value));
        Assert.Equal(Array.ConvertAll(before, v => (double)(float)v), WeightGradient<F32x16>(s, [], [], before, 1).ToArray());
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void WeightGradientMatchesThePlainLoop(int index)
    {
        ConvShape s = ConvCases.All[index].Shape;
        double[] x = Samples.Uniform(s.InputLength, 1), dy = Samples.Uniform(s.OutputLength, 2), before = Samples.Uniform(s.WeightLength, 3);
        foreach (int accumulate in new[] { 0, 1 })
        {
            double[] expected = accumulate != 0 ? (double[])before.Clone() : new double[s.WeightLength];
            ConvWeightGradientKernel.Reference(s, x, dy, expected);
            AssertAllLanes(
                expected,
                s.Batch * s.OutHeight * s.OutWidth,
                WeightGradient<F64>(s, x, dy, before, accumulate),
                WeightGradient<F32x16>(s, x, dy, before, accumulate),
                WeightGradient<F32x8>(s, x, dy, before, accumulate),
                WeightGradient<F32x4>(s, x, dy, before, accumulate));
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void PortableKernelsMatchThePlainLoops(int index)
    {
        ConvShape s = ConvCases.All[index].Shape;
        double[] x = Samples
            .Uniform(s.InputLength, 1), weight = Samples.Uniform(s.WeightLength, 2), bias = Samples.Uniform(s.OutChannels, 3), dy = Samples
            .Uniform(s.OutputLength, 4);
        double[] y = new double[s.OutputLength], dx = new double[s.InputLength], dw = new double[s.WeightLength], db = new double[s.OutChannels];
        ConvForwardKernel.Reference(s, x, weight, bias, ActivationKind.Relu, y);
        ConvInputGradientKernel.Reference(s, dy, weight, dx);
        ConvWeightGradientKernel.Reference(s, x, dy, dw);
        ConvBiasGradientKernel.Reference(s, dy, db);

        HostLauncher launcher = new(_two);
        foreach (HostPrecision precision in new[] { HostPrecision.Float64, HostPrecision.Float32 })
        {
            bool inDouble = precision == HostPrecision.Float64;
            using GuardedMemory mx = new(x, inDouble), mw = new(weight, inDouble), mb = new(bias, inDouble), mdy = new(dy, inDouble);
            using GuardedMemory my = new(y.Length, inDouble), mdx = new(dx.Length, inDouble), mdw = new(dw.Length, inDouble), mdb = new(db.Length, inDouble);
            ConvForwardKernel forward = new(s, mx.Mem, mw.Mem, mb.Mem, 1, ActivationKind.Relu, my.Mem);
            launcher.Pixel(forward, forward.Rows, s.OutWidth, s.GroupInChannels * s.KernelSize, precision);
            ConvInputGradientKernel input = new(s, mdy.Mem, mw.Mem, mdx.Mem, 0);
            launcher.Pixel(input, input.Rows, s.Width, s.GroupOutChannels * s.KernelSize, precision);
            ConvWeightGradientKernel weights = new(s, mx.Mem, mdy.Mem, mdw.Mem, 0);
            launcher.Rows(weights, weights.Rows, s.Batch * s.OutHeight * s.OutWidth, precision);
            launcher.Rows(
                new ConvBiasGradientKernel((s.Batch, s.OutChannels, s.OutHeight * s.OutWidth), mdy.Mem, mdb.Mem, 0),
                s.OutChannels,
                s.Batch * s.OutHeight * s.OutWidth,
                precision);
            AssertClose(y, my, s.GroupInChannels * s.KernelSize, inDouble, "y");
            AssertClose(dx, mdx, s.GroupOutChannels * s.KernelSize, inDouble, "dx");
            AssertClose(dw, mdw, s.Batch * s.OutHeight * s.OutWidth, inDouble, "dw");
            AssertClose(db, mdb, s.Batch * s.OutHeight * s.OutWidth, inDouble, "db");
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void OneAndTwoThreadsGiveTheSameBits(int index)
    {
        ConvShape s = ConvCases.All[index].Shape;
        double[] x = Samples.Uniform(s.InputLength, 1), weight = Samples.Uniform(s.WeightLength, 2), dy = Samples.Uniform(s.OutputLength, 3);
        using GuardedMemory mx = new(x, false), mw = new(weight, false), mdy = new(dy, false), workspace = Workspace(s, HostPrecision.Float32);
        List<double[]> results = new();
        foreach (HostPool pool in new[] { _one, _two })
        {
            using GuardedMemory y = new(s.OutputLength, false), dx = new(s.InputLength, false), dw = new(s.WeightLength, false);
            HostConv.Forward(pool, s, mx.Mem, mw.Mem, default, 0, ActivationKind.None, y.Mem, workspace.Mem, HostPrecision.Float32);
            HostConv.InputGradient(pool, s, mdy.Mem, mw.Mem, dx.Mem, 0, workspace.Mem, HostPrecision.Float32);
            HostConv.WeightGradient(pool, s, mx.Mem, mdy.Mem, dw.Mem, 0, workspace.Mem, HostPrecision.Float32);
            results.AddRange([y.ToArray(), dx.ToArray(), dw.ToArray()]);
        }

        Assert.Equal(results[0], results[3]);
        Assert.Equal(results[1], results[4]);
        Assert.Equal(results[2], results[5]);
    }

    [Fact]
    public void AnInfinityOutsideTheReceptiveFieldDoesNotSpread()
    {
        // Padding shared between rows must be zero, not a neighbour times zero.
        ConvShape s = ConvCases.Square(1, 1, 4, 6, 3, 1, 1, 1, 1);
        double[] x = new double[s.InputLength];
        x[5] = double.PositiveInfinity;
        double[] weight = [1, 1, 1, 1, 1, 1, 1, 1, 1];
        using GuardedMemory y = new(Forward<F32x16>(s, x, weight, [0], ActivationKind.None).ToArray(), false);
        for (int i = 0; i < s.OutputLength; i++)
        {
            bool sees = i / 6 <= 1 && i % 6 >= 4;
            Assert.Equal(sees ? double.PositiveInfinity : 0, y[i]);
        }
    }

    [Fact]
    public void RunningMakesNoGarbage()
    {
        ConvShape s = ConvCases.Square(2, 8, 12, 16, 3, 16, 2, 1, 1);
        using GuardedMemory x =
            new(s.InputLength, false), weight = new(s.WeightLength, false), y = new(s.OutputLength, false), workspace = Workspace(s, HostPrecision.Float32);
        long before = 0;
        for (int i = 0; i < 10; i++)
        {
            HostConv.Forward(_one, s, x.Mem, weight.Mem, default, 0, ActivationKind.Relu, y.Mem, workspace.Mem, HostPrecision.Float32);
            HostConv.InputGradient(_one, s, y.Mem, weight.Mem, x.Mem, 0, workspace.Mem, HostPrecision.Float32);
            HostConv.WeightGradient(_one, s, x.Mem, y.Mem, weight.Mem, 0, workspace.Mem, HostPrecision.Float32);
            before = i == 0 ? GC.GetAllocatedBytesForCurrentThread() : before;
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void ImpossibleOptionsAreNamed()
    {
        ArgumentException groups = Assert.Throws<ArgumentException>(() => ConvCases.Square(1, 5, 8, 8, 3, 4, 1, 1, 1, groups: 2));
        Assert.Contains("5 input and 4 output channels", groups.Message, StringComparison.Ordinal);
        ArgumentException kernel = Assert.Throws<ArgumentException>(() => ConvCases.Square(1, 5, 2, 8, 5, 4, 1, 0, 1));
        Assert.Contains("larger than x", kernel.Message, StringComparison.Ordinal);
    }

    private static GuardedMemory Workspace(in ConvShape s, HostPrecision precision)
    {
        int elements = Math.Max(HostConv.ForwardWorkspace(s), HostConv.InputGradientWorkspace(s));
        return new GuardedMemory(Math.Max(elements, HostConv.WeightGradientWorkspace(s, precision)), precision == HostPrecision.Float64);
    }

    private static void AssertAllLanes(double[] expected, int terms, GuardedMemory f64, GuardedMemory f32x16, GuardedMemory f32x8, GuardedMemory f32x4)
    {
        AssertClose(expected, f64, terms, true, "double");
        AssertClose(expected, f32x16, terms, false, "16 lanes");
        AssertClose(expected, f32x8, terms, false, "8 lanes");
        AssertClose(expected, f32x4, terms, false, "4 lanes");
        f64.Dispose();
        f32x16.Dispose();
        f32x8.Dispose();
        f32x4.Dispose();
    }

    // A sum of n products below 1, each added with half a unit of a partial sum below n: the bound of a plain loop, with its random walk.
    private static void AssertClose(double[] expected, GuardedMemory actual, int terms, bool inDouble, string what)
    {
        actual.AssertGuards();
        double unit = inDouble ? Math.Pow(2, -53) : Math.Pow(2, -24);
        double error = Samples.MaxError(expected, actual.ToArray());
        Assert.True(error <= unit * (8 + (4 * terms)), $"{what}: error {error} over sums of {terms}");
    }

    private GuardedMemory Forward<TLane>(in ConvShape s, double[] x, double[] weight, double[] bias, ActivationKind activation)
        where TLane : unmanaged, ILane<TLane>
    {
        bool inDouble = typeof(TLane) == typeof(F64);
        using GuardedMemory mx =
            new(x, inDouble), mw = new(weight, inDouble), mb = new(bias, inDouble), workspace = new(HostConv.ForwardWorkspace(s), inDouble);
        GuardedMemory y = new(s.OutputLength, inDouble);
        ConvOperands operands = new() { Source = mx.Mem, Weight = mw.Mem, Bias = mb.Mem, HasBias = true, Activation = activation, Target = y.Mem };
        HostConv.Forward<TLane>(_two, s, operands, workspace.Mem);
        workspace.AssertGuards();
        return y;
    }

    private GuardedMemory InputGradient<TLane>(in ConvShape s, double[] dy, double[] weight, double[] before, int accumulate)
        where TLane : unmanaged, ILane<TLane>
    {
        bool inDouble = typeof(TLane) == typeof(F64);
        using GuardedMemory mdy = new(dy, inDouble), mw = new(weight, inDouble), workspace = new(HostConv.InputGradientWorkspace(s), inDouble);
        GuardedMemory dx = new(before, inDouble);
        HostConv.InputGradient<TLane>(
            _two, s, new ConvOperands { Source = mdy.Mem, Weight = mw.Mem, Target = dx.Mem, Accumulate = accumulate != 0 }, workspace.Mem);
        workspace.AssertGuards();
        return dx;
    }

    private GuardedMemory WeightGradient<TLane>(in ConvShape s, double[] x, double[] dy, double[] before, int accumulate)
        where TLane : unmanaged, ILane<TLane>
    {
        bool inDouble = typeof(TLane) == typeof(F64);
        using GuardedMemory mx = new(x, inDouble), mdy = new(dy, inDouble), workspace = new(HostConv.WeightGradientWorkspace<TLane>(s), inDouble);
        GuardedMemory dw = new(before, inDouble);
        HostConv.WeightGradient<TLane>(_two, s, mx.Mem, mdy.Mem, dw.Mem, accumulate, workspace.Mem);
        workspace.AssertGuards();
        return dw;
    }
}
