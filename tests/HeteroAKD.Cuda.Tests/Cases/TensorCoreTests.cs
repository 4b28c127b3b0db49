using HeteroAKD.Cuda.Tests.Runtime;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Checks;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Cuda.Tests.Cases;

/// <summary>
/// Products on tensor cores. Inputs and upstream gradients are numbers that the format holds, so nothing is rounded but the sums: results have to be as exact
/// as those of plain float32.
/// </summary>
public sealed class TensorCoreTests(EmulatedCard card, CudaDevices devices)
{
    [Theory]
    [InlineData("matmul", MatrixPrecision.Tf32)]
    [InlineData("matmul", MatrixPrecision.Bf16)]
    [InlineData("linear", MatrixPrecision.Tf32)]
    [InlineData("linear", MatrixPrecision.Bf16)]
    [InlineData("conv2d", MatrixPrecision.Tf32)]
    [InlineData("conv2d", MatrixPrecision.Bf16)]
    public void Products_of_numbers_that_the_format_holds_are_exact_but_for_the_sum(string op, MatrixPrecision precision) => devices.Run(card, cuda =>
    {
        long before = card.MatrixInstructions;
        cuda.UseMatrixPrecision(precision);
        try
        {
            foreach (OpCase opCase in CaseTable.Of(OpTable.Find(op)))
            {
                Check(cuda, opCase, precision == MatrixPrecision.Tf32 ? 13 : 16);
            }
        }
        finally
        {
            cuda.UseMatrixPrecision(MatrixPrecision.Fp32);
        }

        Assert.True(card.MatrixInstructions > before, "no matrix instruction was run");
    });

    private void Check(Device cuda, OpCase opCase, int droppedBits)
    {
        CaseValues values = opCase.Values(CaseChecks.Seed);
        foreach (CaseInput input in opCase.Inputs.Where(i => i.Numbers != CaseNumbers.Labels))
        {
            values = values.With(input.Name, Rounded(values[input.Name], droppedBits));
        }

        int outputs = CaseRun.On(devices.Cpu, DType.Float64, opCase, values, gradients: false)["output"].Length;
        values = values.With(CaseValues.UpstreamName, Rounded(values.Upstream(outputs), droppedBits));
        IReadOnlyDictionary<string, double[]> expected = CaseRun.On(devices.Cpu, DType.Float64, opCase, values, gradients: true);
        IReadOnlyDictionary<string, double[]> actual = CaseRun.On(cuda, DType.Float32, opCase, values, gradients: true);
        foreach ((string result, double[] numbers) in expected)
        {
            double tolerance = FloatTolerance.Of(opCase.ErrorOf(result), opCase.Terms(values, result));
            Comparison.Check($"{opCase.Name}: {result} with {droppedBits} bits dropped", actual[result], numbers, tolerance);
        }
    }

    private static double[] Rounded(double[] values, int droppedBits) =>
        Array.ConvertAll(values, v => (double)BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits((float)v) >> droppedBits << droppedBits));
}
