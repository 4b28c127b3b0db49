using HeteroAKD.Kernels.Conv;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Pixelwise;
using HeteroAKD.Kernels.Tests.Gemm;

namespace HeteroAKD.Kernels.Tests.Conv;

/// <summary>Convolutions with weights packed for good and everything in the epilogue.</summary>
public sealed class PackedConvTests : IDisposable
{
    private readonly HostPool _pool = new(2);

    public static IEnumerable<TheoryDataRow<int>> Cases => ConvCases.Indices();

    // For the others see WinogradTests.
    public static IEnumerable<TheoryDataRow<int>> DirectCases => ConvCases.Indices().Where(row => !WinogradPlan.Serves<F32x16>(ConvCases.All[row.Data].Shape));

    public void Dispose() => _pool.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public void BiasResidualAndActivationFollowTheSums(int index)
    {
        ConvShape s = ConvCases.All[index].Shape;
        double[] x = Samples
            .Uniform(s.InputLength, 1), weight = Samples.Uniform(s.WeightLength, 2), bias = Samples
            .Uniform(s.OutChannels, 3), residual = Samples.Uniform(s.OutputLength, 4);
        foreach (ActivationKind activation in new[] { ActivationKind.None, ActivationKind.Relu, ActivationKind.Gelu })
        {
            double[] expected = new double[s.OutputLength];
            ConvForwardKernel.Reference(s, x, weight, bias, ActivationKind.None, expected);
            ResidualActivationKernel.Reference(expected, residual, activation);
            AssertClose<F64>(s, expected, Run<F64>(s, x, weight, bias, residual, activation, inPlace: true));
            double[] wide = Run<F32x16>(s, x, weight, bias, residual, activation, inPlace: false);
            AssertClose<F32x16>(s, expected, wide);
            AssertClose<F32x8>(s, expected, Run<F32x8>(s, x, weight, bias, residual, activation, inPlace: false));
            AssertClose<F32x4>(s, expected, Run<F32x4>(s, x, weight, bias, residual, activation, inPlace: true));
            Assert.Equal(wide, Run<F32x16>(s, x, weight, bias, residual, activation, inPlace: true));
        }
    }

    [Theory]
    [MemberData(nameof(DirectCases))]
    public void PackedWeightsGiveTheBitsOfOthers(int index)
    {
        ConvShape s = ConvCases.All[index].Shape;
        using GuardedMemory x = new(Samples.Uniform(s.InputLength, 1), false), weight = new(
            Samples.Uniform(s.WeightLength, 2), false), bias = new(Samples.Uniform(s.OutChannels, 3), false);
        using GuardedMemory expected = new(s.OutputLength, false), actual = new(s.OutputLength, false), workspace = new(HostConv.ForwardWorkspace(s), false);
        int length = HostConv.PackedLength(s, HostPrecision.Float32);
        using GuardedMemory packed = new(length, false);
        HostConv.Forward(_pool, s, x.Mem, weight.Mem, bias.Mem, 1, ActivationKind.Relu6, expected.Mem, workspace.Mem, HostPrecision.Float32);
        HostConv.Pack(_pool, s, weight.Mem, packed.Mem, HostPrecision.Float32);
        packed.AssertGuards();
        ConvEpilogue epilogue = new() { Bias = bias.Mem, HasBias = 1, Activation = ActivationKind.Relu6 };
        HostConv.ForwardPacked(_pool, s, x.Mem, length > 0 ? packed.Mem : weight.Mem, epilogue, actual.Mem, workspace.Mem, HostPrecision.Float32);
        Assert.Equal(expected.ToArray(), actual.ToArray());
    }

    private double[] Run<TLane>(in ConvShape s, double[] x, double[] weight, double[] bias, double[] residual, ActivationKind activation, bool inPlace)
        where TLane : unmanaged, ILane<TLane>
    {
        bool inDouble = typeof(TLane) == typeof(F64);
        using GuardedMemory mx =
            new(x, inDouble), mw = new(weight, inDouble), mb = new(bias, inDouble), mr = new(residual, inDouble), own = new(s.OutputLength, inDouble);
        using GuardedMemory packed = new(HostConv.PackedLength<TLane>(s), inDouble), workspace = new(HostConv.PackedWorkspace(s), inDouble);
        HostConv.Pack<TLane>(_pool, s, mw.Mem, packed.Mem);
        GuardedMemory y = inPlace ? mr : own;
        ConvOperands operands = new()
        {
            Source = mx.Mem,
            Weight = HostConv.PackedLength<TLane>(s) > 0 ? packed.Mem : mw.Mem,
            IsPacked = true,
            Bias = mb.Mem,
            HasBias = true,
            Residual = mr.Mem,
            HasResidual = true,
            Activation = activation,
            Target = y.Mem,
        };
        HostConv.Forward<TLane>(_pool, s, operands, workspace.Mem);
        y.AssertGuards();
        workspace.AssertGuards();
        return y.ToArray();
    }

    // The bound of a plain loop over the products of one sum.
    private static void AssertClose<TLane>(in ConvShape s, double[] expected, double[] actual)
        where TLane : unmanaged, ILane<TLane>
    {
        double unit = typeof(TLane) == typeof(F64) ? Math.Pow(2, -53) : Math.Pow(2, -24);
        double error = Samples.MaxError(expected, actual);
        double rounding = WinogradPlan.Serves<TLane>(s) ? 4 : 1;
        Assert.True(error <= rounding * unit * (12 + (4 * s.GroupInChannels * s.KernelSize)), $"{typeof(TLane).Name}: error {error}");
    }
}
