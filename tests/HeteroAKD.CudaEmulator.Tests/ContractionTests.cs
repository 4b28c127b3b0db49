using System.Globalization;
using HeteroAKD.CudaEmulator.Execution;
using HeteroAKD.CudaEmulator.Tests.Support;

namespace HeteroAKD.CudaEmulator.Tests;

/// <summary>Products and sums with one rounding, as ptxas makes them, and where it must not.</summary>
public sealed class ContractionTests
{
    private const string Fused = "28800000";    // of (1 + 2^-23)² - (1 + 2^-22): 2^-46
    private const string Rounded = "00000000";

    // %f1 = %f2 = 1 + 2^-23, %f3 = 1 + 2^-22.
    [Theory]
    [InlineData("mul.f32 %f5, %f1, %f2; sub.f32 %f4, %f5, %f3;", Fused)]
    [InlineData("mul.f32 %f5, %f1, %f2; sub.f32 %f4, %f3, %f5;", "a8800000")]
    [InlineData("neg.f32 %f6, %f3; mul.f32 %f5, %f1, %f2; add.f32 %f4, %f6, %f5;", Fused)]
    [InlineData("neg.f32 %f6, %f3; mul.f32 %f5, %f1, %f2; add.f32 %f4, %f5, %f6; add.f32 %f7, %f5, %f5;", Fused)]
    [InlineData("mul.rn.f32 %f5, %f1, %f2; sub.f32 %f4, %f5, %f3;", Rounded)]
    [InlineData("mul.f32 %f5, %f1, %f2; sub.rn.f32 %f4, %f5, %f3;", Rounded)]
    [InlineData("mul.f32 %f5, %f1, %f2; mov.f32 %f1, %f3; sub.f32 %f4, %f5, %f3;", Rounded)]
    [InlineData("mul.f32 %f5, %f1, %f2; bra NEXT; NEXT: sub.f32 %f4, %f5, %f3;", Rounded)]
    [InlineData("mul.f32 %f5, %f1, %f2; mov.f32 %f5, %f3; sub.f32 %f4, %f5, %f3;", Rounded)]
    public void Only_what_ptx_leaves_open_is_fused(string body, string expected)
    {
        const string Numbers = "mov.f32 %f1, 0f3f800001; mov.f32 %f2, %f1; mov.f32 %f3, 0f3f800002;";
        string text = $"{Numbers} {body} st.global.f32 [%rd3], %f4;";
        Assert.Equal(expected, Run(text, contract: true));
        Assert.Equal(Rounded, Run(text, contract: false));
    }

    private static string Run(string body, bool contract)
    {
        using KernelBench bench = new();
        uint result = bench.Run(KernelBench.Load(body, contract: contract), [0], 1, new Dim3(1, 1, 1), new Dim3(1, 1, 1))[0];
        return result.ToString("x8", CultureInfo.InvariantCulture);
    }
}
