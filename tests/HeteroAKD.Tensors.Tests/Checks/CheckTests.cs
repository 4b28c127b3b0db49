using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Pixelwise;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Checks;
using HeteroAKD.Tensors.Memory;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Tensors.Tests.Checks;

/// <summary>The checks of the cases see operations that are wrong on purpose.</summary>
public sealed class CheckTests(TestDevices devices)
{
    [Fact]
    public void A_right_operation_passes_every_check()
    {
        OpCase right = Case(n => Scale(n[0], 2, n.Output), (n, dy) => Scaled(n, dy, 2));
        CaseChecks.AgainstReference(devices.Cpu, right);
        CaseChecks.Float32(devices.Cpu, devices.Cpu, right);
        CaseChecks.Gradient(devices.Cpu, right);
        CaseChecks.Guarded(devices.Guarded, devices.Cpu, right);
        CaseChecks.Threads(devices.OneThread, devices.Cpu, right);
        CaseChecks.Repeats(devices.Cpu, right);
    }

    [Theory]
    [InlineData(2.00001f)]
    [InlineData(float.NaN)]
    public void A_wrong_gradient_is_seen(float factor)
    {
        OpCase wrong = Case(n => Scale(n[0], 2, n.Output), (n, dy) => Scaled(n, dy, factor));
        Assert.Contains("the gradient is off", Assert.Throws<CaseFailure>(() => CaseChecks.Gradient(devices.Cpu, wrong)).Message);
    }

    [Theory]
    [InlineData(2.00001f)]
    [InlineData(float.NaN)]
    public void A_wrong_result_is_seen(float factor)
    {
        OpCase wrong = Case(n => Scale(n[0], factor, n.Output), (n, dy) => Scaled(n, dy, 2));
        Assert.Contains("output[0]", Assert.Throws<CaseFailure>(() => CaseChecks.AgainstReference(devices.Cpu, wrong)).Message);
    }

    /// <summary>1f / 3 is a float32 in a lane of doubles, too; 1 / 3 computed in the lane has all digits of it.</summary>
    [Fact]
    public void A_constant_that_the_host_computed_is_seen()
    {
        CaseChecks.AgainstReference(devices.Cpu, Third(new ThirdOfLane(3)));
        Assert.Contains(
            "output[0]",
            Assert.Throws<CaseFailure>(() => CaseChecks.AgainstReference(devices.Cpu, Third(new ThirdOfHost(1f / 3)))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Lost_digits_in_float32_are_seen()
    {
        OpCase wrong = Case(n => Scale(n[0], n.DType == DType.Float32 ? 2.000001f : 2, n.Output), (n, dy) => Scaled(n, dy, 2));
        CaseChecks.AgainstReference(devices.Cpu, wrong);
        Assert.Contains("relative error", Assert.Throws<CaseFailure>(() => CaseChecks.Float32(devices.Cpu, devices.Cpu, wrong)).Message);
    }

    [Fact]
    public void A_write_behind_the_output_is_seen()
    {
        OpCase wrong = Case(
            n =>
            {
                int count = n.Output.Shape.Count + 1;
                n.Device.Pixel(new FillKernel(n.Output.Mem, 1, count), 1, count, 1, n.DType);
            },
            (n, dy) => Scaled(n, dy, 2));
        using Device guarded = Device.Open("cpu", 1);
        guarded.Allocator.Guarded = true;
        Assert.Throws<MemoryGuardException>(() => CaseChecks.Guarded(guarded, guarded, wrong));
    }

    [Fact]
    public void An_element_that_was_not_written_is_seen()
    {
        OpCase wrong = Case(n => Scale(n[0].View(new Shape(6)), 2, n.Output.View(new Shape(6))), (n, dy) => Scaled(n, dy, 2));
        Assert.Contains("output", Assert.Throws<CaseFailure>(() => CaseChecks.Guarded(devices.Guarded, devices.Cpu, wrong)).Message);
    }

    [Fact]
    public void Bits_that_change_from_run_to_run_are_seen()
    {
        float factor = 2;
        OpCase wrong = Case(n => Scale(n[0], factor = MathF.BitIncrement(factor), n.Output), (n, dy) => Scaled(n, dy, 2));
        Assert.Contains("bits differ", Assert.Throws<CaseFailure>(() => CaseChecks.Repeats(devices.Cpu, wrong)).Message);
    }

    [Fact]
    public void A_missing_gradient_is_seen()
    {
        OpCase wrong = Case(n => Scale(n[0], 2, n.Output), (n, dy) => { });
        Assert.Contains("the gradient of input [7] is missing", Assert.Throws<HeteroAkdException>(() => CaseChecks.Gradient(devices.Cpu, wrong)).Message);
    }

    [Fact]
    public void Numbers_that_are_not_finite_must_be_in_their_places()
    {
        Comparison.Check("x", [1, double.NaN, double.NegativeInfinity], [1, double.NaN, double.NegativeInfinity], 0);
        Assert.Throws<CaseFailure>(() => Comparison.Check("x", [1, 2], [1, double.NaN], 1));
        Assert.Throws<CaseFailure>(() => Comparison.Check("x", [1, double.NaN], [1, 2], 1));
        Assert.Throws<CaseFailure>(() => Comparison.Check("x", [double.PositiveInfinity], [double.NegativeInfinity], 1));
        Assert.Throws<CaseFailure>(() => Comparison.Check("x", [1], [1, 1], 1));
        Assert.Throws<CaseFailure>(() => Comparison.CheckBits("x", [0.0], [-0.0]));
    }

    [Fact]
    public void Every_case_has_a_name_of_its_own() => Assert.Equal(CaseTable.All.Count, CaseTable.All.Select(c => c.Name).Distinct().Count());

    // y = 2 x, or what the test makes of it.
    private static OpCase Case(Action<OpNode<NoAttributes>> forward, Action<OpNode<NoAttributes>, Tensor> gradient)
    {
        OpRow<NoAttributes> row = new("double", "2 x", [new("input", "any")], n => n[0].Shape, forward, gradient);
        return new OpFamily(row, ErrorClass.Arithmetic, v => [new("output", [.. v["input"].Select(x => 2 * x)])]).Case("", CaseInput.Normal("input", 7));
    }

    private static void Scaled(OpNode<NoAttributes> n, Tensor dy, float factor)
    {
        Tensor dx = n.New(n[0].Shape);
        Scale(dy, factor, dx);
        n.AddGradient(0, dx);
    }

    private static void Scale(Tensor x, float factor, Tensor y) => Tensors.Ops.ScaleShift.Run(x, y, factor, 0);

    // y = x / 3, without a gradient.
    private static OpCase Third<TOperator>(TOperator operation)
        where TOperator : struct, IUnaryOperator
    {
        OpRow<NoAttributes> row = new(
            "third", "x / 3", [new("input", "any")], n => n[0].Shape,
            n =>
                n.Device.Pixel(
                    new UnaryKernel<TOperator>(operation, n[0].Mem, n.Output.Mem, n.Output.Shape.Count), 1, n.Output.Shape.Count, 1, n.DType), (_, _) => { });
        return new OpFamily(row, ErrorClass.Arithmetic, v => [new("output", [.. v["input"].Select(x => x / 3)])]).ForwardOnly("", CaseInput.Normal("input", 7));
    }

    private readonly struct ThirdOfHost(float reciprocal) : IUnaryOperator
    {
        public static bool GradientReadsInput => false;

        public static bool GradientReadsOutput => false;

        public TLane Forward<TLane>(TLane x)
            where TLane : unmanaged, ILane<TLane> => x * TLane.Splat(reciprocal);

        public TLane Gradient<TLane>(TLane x, TLane y)
            where TLane : unmanaged, ILane<TLane> => TLane.Splat(reciprocal);

        public double Reference(double x) => x / 3;

        public double ReferenceGradient(double x) => 1 / 3.0;
    }

    private readonly struct ThirdOfLane(float divisor) : IUnaryOperator
    {
        public static bool GradientReadsInput => false;

        public static bool GradientReadsOutput => false;

        public TLane Forward<TLane>(TLane x)
            where TLane : unmanaged, ILane<TLane> => x * (TLane.Splat(1) / TLane.Splat(divisor));

        public TLane Gradient<TLane>(TLane x, TLane y)
            where TLane : unmanaged, ILane<TLane> => TLane.Splat(1) / TLane.Splat(divisor);

        public double Reference(double x) => x / 3;

        public double ReferenceGradient(double x) => 1 / 3.0;
    }
}
