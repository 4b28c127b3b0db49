using HeteroAKD.Cuda.Tests.Runtime;
using HeteroAKD.Kernels.Intrinsics;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Checks;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Cuda.Tests.Cases;

/// <summary>The operations of networks with activations stored as bfloat16, by the PTX that a GPU would run.</summary>
public sealed class BFloat16CaseTests(EmulatedCard card, CudaDevices devices)
{
    /// <summary>What networks consist of, and what composed losses begin with; fused losses refuse bfloat16.</summary>
    public static TheoryData<string> Ops =>
    [
        "relu", "relu6", "gelu", "add", "reshape", "to", "dropout", "drop_path", "matmul", "linear", "conv2d", "batch_norm", "layer_norm", "interpolate",
        "max_pool2d", "avg_pool2d", "adaptive_avg_pool2d", "cat", "to_tokens", "to_map", "attention", "sum", "mean", "max", "sub", "mul", "scale_shift",
    ];

    public static TheoryData<string> Sizes => new(RealSizes.Names);

    [Theory]
    [MemberData(nameof(Ops))]
    public void Operation(string op) => Run(cuda =>
    {
        OpCase[] cases = [.. CaseTable.Of(OpTable.Find(op))];
        Assert.NotEmpty(cases);
        foreach (OpCase opCase in cases)
        {
            CaseChecks.BFloat16(cuda, devices.Cpu, opCase);
        }
    });

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Real_size(string name) => Run(cuda =>
    {
        RealSizes.Check(cuda, devices.Cpu, name, largeTiles: false, DType.BFloat16);
        RealSizes.Check(cuda, devices.Cpu, name, largeTiles: true, DType.BFloat16);
    });

    [Fact]
    public void A_batch_of_products_that_are_not_aligned_and_their_gradients() => Run(cuda =>
    {
        OpFamily family = new(MatMul.Row, ErrorClass.Sum, _ => []) { Terms = (_, _) => 33 };
        CaseChecks.BFloat16(cuda, devices.Cpu, family.Case("", CaseInput.Normal("input", 3, 19, 33), CaseInput.Normal("other", 3, 33, 21)));
    });

    [Fact]
    public void Numbers_are_rounded_to_nearest_ties_to_even_and_come_back() => Run(cuda =>
    {
        // 1 + 2^-8 and 1 + 3 · 2^-8 lie halfway between two bf16 numbers; the count makes both ways of access read them.
        float[] values = [1f, 1.00390625f, 1.01171875f, -1.0039064f, 0f, float.PositiveInfinity, float.NaN, -2.5f];
        float[] rounded = [1f, 1f, 1.015625f, -1.0078125f, 0f, float.PositiveInfinity, float.NaN, -2.5f];
        using (cuda.BeginStep())
        {
            Tensor narrow = Functional.To(Tensor.From(cuda, new Shape(8), values), DType.BFloat16);
            Assert.Equal((DType.BFloat16, 2), (narrow.DType, narrow.ElementBytes));
            Assert.Equal(rounded, narrow.ToFloats());
            Assert.Equal(rounded, Functional.To(narrow, DType.Float32).ToFloats());
            Assert.Equal(rounded[..7], Functional.To(Tensor.From(cuda, new Shape(7), values.AsSpan(0, 7)), DType.BFloat16).ToFloats());
            Assert.Equal(rounded, Tensor.From(cuda, new Shape(8), values, DType.BFloat16).ToFloats());
            Assert.Same(narrow, Functional.To(narrow, DType.BFloat16));
        }
    });

    [Fact]
    public void What_cannot_be_is_refused_in_words() => Run(cuda =>
    {
        using StepScope step = cuda.BeginStep();
        Tensor x = Tensor.Full(cuda, new Shape(4, 6), 1, DType.BFloat16);
        Tensor weight = Tensor.Full(cuda, new Shape(5, 6), 1, DType.BFloat16);
        Assert.Equal("linear: weight holds BFloat16, expected Float32.", Assert.Throws<DTypeMismatchException>(() => Functional.Linear(x, weight)).Message);
        Assert.Equal(
            "add: other holds Float32, expected BFloat16.",
            Assert.Throws<DTypeMismatchException>(() => Functional.Add(x, Functional.To(x, DType.Float32))).Message);
        Tensor logits = Tensor.Full(cuda, new Shape(1, 2, 2, 2), 1, DType.BFloat16);
        Tensor labels = Tensor.From(cuda, new Shape(1, 2, 2), [0, 1, 0, 1]);
        string loss = Assert.Throws<DTypeMismatchException>(() => Losses.CrossEntropy.Apply(new(), logits, labels)).Message;
        Assert.Equal("cross_entropy: input holds BFloat16, expected Float32; convert it with 'to'.", loss);
        Assert.Contains("must begin at an even element, not at 3", Assert.Throws<ShapeMismatchException>(() => x.View(new Shape(2), 3)).Message);
        Assert.Equal(1f, x.View(new Shape(2), 4).ToFloats()[1]);
        cuda.UseMatrixPrecision(MatrixPrecision.Tf32);
        string product = Assert.Throws<DTypeMismatchException>(() => MatMul.Row.Apply(default, x, Functional.Reshape(x, new Shape(6, 4)))).Message;
        Assert.Equal(
            "matrix product: a factor holds BFloat16, expected Float32, as 'cuda' multiplies in tf32; open it with precision bf16 or convert with 'to'.",
            product);
    });

    [Fact]
    public void Every_number_survives_the_way_to_the_device_and_back() => Run(cuda =>
    {
        float[] all = [.. Enumerable.Range(0, 1 << 16).Select(bits => Bf16.ToFloat((uint)bits)).Where(float.IsFinite)];
        using Tensor narrow = Tensor.From(cuda, new Shape(all.Length), all, DType.BFloat16);
        Assert.Equal(all, narrow.ToFloats());
    });

    private void Run(Action<Device> check) => devices.Run(card, cuda =>
    {
        cuda.UseMatrixPrecision(MatrixPrecision.Bf16);
        try
        {
            check(cuda);
        }
        finally
        {
            cuda.UseMatrixPrecision(MatrixPrecision.Fp32);
        }
    });
}
