using HeteroAKD.Kernels.Conv;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Pixelwise;
using HeteroAKD.Kernels.Tests.Gemm;

namespace HeteroAKD.Kernels.Tests.Conv;

/// <summary>3x3 convolutions by tiles of 4x4 outputs.</summary>
public sealed class WinogradTests : IDisposable
{
    // Largest error of a sum, as a share of the root of the sum of its squared products: direct sums reach 1e-6.
    private const double Bound = 1e-5;

    private readonly HostPool _one = new(1);
    private readonly HostPool _three = new(3);

    public static IEnumerable<TheoryDataRow<int>> Cases()
    {
        for (int i = 0; i < Shapes.Length; i++)
        {
            yield return new TheoryDataRow<int>(i) { TestDisplayName = Shapes[i].Name };
        }
    }

    private static (string Name, ConvShape Shape)[] Shapes =>
    [
        ("whole tiles", ConvCases.Square(2, 16, 16, 16, 3, 16, 1, 1, 1)),
        ("rows and columns that no tile divides", ConvCases.Square(2, 20, 13, 23, 3, 17, 1, 1, 1)),
        ("one column of tiles", ConvCases.Square(3, 64, 19, 3, 3, 64, 1, 1, 1)),
        ("strips of a wide row", ConvCases.Square(1, 16, 9, 300, 3, 19, 1, 1, 1)),
        ("several blocks", ConvCases.Square(5, 70, 12, 16, 3, 40, 1, 1, 1)),
        ("parts of the target channels", ConvCases.Square(1, 32, 16, 16, 3, 200, 1, 1, 1)),
        ("dilation 2", ConvCases.Square(2, 24, 12, 16, 3, 24, 1, 2, 2)),
        ("dilation 3 on sides that it does not divide", ConvCases.Square(1, 24, 25, 31, 3, 30, 1, 3, 3)),
        ("dilations that differ", new ConvShape((2, 20, 16, 27), 24, (3, 3), (1, 1), (1, 2), (1, 2))),
    ];

    public void Dispose()
    {
        _one.Dispose();
        _three.Dispose();
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void SumsAreThoseOfThePlainLoop(int index)
    {
        ConvShape s = Shapes[index].Shape;
        Assert.True(WinogradPlan.Serves<F32x16>(s) && WinogradPlan.Serves<F32x4>(s), "the case is no longer computed so: choose another size");
        Assert.False(WinogradPlan.Serves<F64>(s));
        double[] x = Samples
            .Uniform(s.InputLength, 1), weight = Samples.Uniform(s.WeightLength, 2), bias = Samples
            .Uniform(s.OutChannels, 3), residual = Samples.Uniform(s.OutputLength, 4);
        double[] expected = new double[s.OutputLength];
        ConvForwardKernel.Reference(s, x, weight, bias, ActivationKind.None, expected);
        ResidualActivationKernel.Reference(expected, residual, ActivationKind.Relu);
        double scale = Math.Sqrt(s.InChannels * 9 / 9.0); // uniform numbers in [-1, 1) have a mean square of 1/3
        double[][] results =
        [
            Run<F32x16>(_one, s, x, weight, bias, residual), Run<F32x8>(_one, s, x, weight, bias, residual), Run<F32x4>(_one, s, x, weight, bias, residual),
        ];
        foreach (double[] actual in results)
        {
            double error = Samples.MaxError(expected, actual);
            Assert.True(error <= Bound * scale, $"error {error:G3} of {scale:G3}");
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void OneAndThreeThreadsGiveTheSameBits(int index)
    {
        ConvShape s = Shapes[index].Shape;
        double[] x = Samples
            .Uniform(s.InputLength, 1), weight = Samples.Uniform(s.WeightLength, 2), bias = Samples
            .Uniform(s.OutChannels, 3), residual = Samples.Uniform(s.OutputLength, 4);
        Assert.Equal(Run<F32x8>(_one, s, x, weight, bias, residual), Run<F32x8>(_three, s, x, weight, bias, residual));
    }

    [Fact]
    public void AnImageDoesNotSeeItsNeighbours()
    {
        ConvShape two = ConvCases.Square(2, 16, 12, 12, 3, 16, 1, 1, 1), one = ConvCases.Square(1, 16, 12, 12, 3, 16, 1, 1, 1);
        double[] x = Samples.Uniform(two.InputLength, 1), weight = Samples.Uniform(two.WeightLength, 2), bias = Samples.Uniform(16, 3);
        double[] first = Run<F32x8>(_one, two, x, weight, bias, new double[two.OutputLength]);
        x.AsSpan(one.InputLength).Fill(1e30);
        Assert.Equal(first[..one.OutputLength], Run<F32x8>(_one, two, x, weight, bias, new double[two.OutputLength])[..one.OutputLength]);
    }

    [Theory]
    [InlineData(1, 64, 4, 4, 1)]  // one tile would read 36 numbers a weight for 9
    [InlineData(4, 3, 64, 64, 1)] // the transforms of so few channels cost more than they save
    [InlineData(2, 64, 33, 33, 12)] // a tile of a phase is mostly beyond the map
    public void WhereItDoesNotPayItIsNotUsed(int batch, int channels, int height, int width, int dilation) =>
        Assert.False(WinogradPlan.Serves<F32x8>(ConvCases.Square(batch, channels, height, width, 3, 3, 1, dilation, dilation)));

    private static double[] Run<TLane>(HostPool pool, in ConvShape s, double[] x, double[] weight, double[] bias, double[] residual)
        where TLane : unmanaged, ILane<TLane>
    {
        using GuardedMemory mx =
            new(x, false), mw = new(weight, false), mb = new(bias, false), y = new(residual, false), packed = new(HostConv.PackedLength<TLane>(s), false);
        HostConv.Pack<TLane>(pool, s, mw.Mem, packed.Mem);
        packed.AssertGuards();
        ConvOperands operands = new()
        {
            Source = mx.Mem,
            Target = y.Mem,
            Weight = packed.Mem,
            IsPacked = true,
            Bias = mb.Mem,
            HasBias = true,
            Residual = y.Mem,
            HasResidual = true,
            Activation = ActivationKind.Relu,
        };
        HostConv.Forward<TLane>(pool, s, operands, default);
        y.AssertGuards();
        return y.ToArray();
    }
}
