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
}
