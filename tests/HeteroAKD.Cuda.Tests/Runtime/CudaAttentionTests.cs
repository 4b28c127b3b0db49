using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Checks;
using HeteroAKD.Tensors.Checks.Cases;
using static HeteroAKD.Tensors.Checks.CaseInput;

namespace HeteroAKD.Cuda.Tests.Runtime;

/// <summary>Attention in every precision of the card.</summary>
public sealed class CudaAttentionTests : IDisposable
{
    // A product's factors are off by up to a unit each: two for an output, another two for a gradient. What rounded scores change in the weights comes on top,
    // but such errors seldom add up: over six seeds, heads of 13 columns or more stay below 2.4 units, those of 4 or 5 below 4.6, with the seed of the cases
    // 3.1.
    private const double Units = 4;

    private static readonly (int Batch, int Heads, int Queries, int Keys, int HeadSize)[] s_shapes =
    [
        (1, 2, 130, 96, 32),
        (1, 2, 200, 70, 64),
        (2, 1, 150, 81, 40),
        (1, 1, 300, 64, 64), // three pieces of queries
        (1, 2, 133, 70, 13), // rows that do not begin at multiples of 16 bytes
    ];

    private readonly EmulatedCard _card;
    private readonly CudaDevice _cuda;
    private readonly Device _cpu;

    public CudaAttentionTests(EmulatedCard card)
    {
        card.Require();
        _card = card;
        _cuda = (CudaDevice)Device.Open("cuda");
        _cpu = Device.Open("cpu", 1);
    }

    /// <summary>Each case with each precision.</summary>
    public static TheoryData<string, MatrixPrecision> Rounded
    {
        get
        {
            TheoryData<string, MatrixPrecision> data = [];
            foreach (string name in Cases.Select(c => c.Name))
            {
                data.Add(name, MatrixPrecision.Tf32);
                data.Add(name, MatrixPrecision.Bf16);
            }

            return data;
        }
    }

    /// <summary>The larger cases; the others are run in fp32 with those of all operations.</summary>
    public static TheoryData<string> Exact => new(Larger.Select(c => c.Name));

    private static IEnumerable<OpCase> Cases => AttentionCases.All().Concat(Larger);

    private static IEnumerable<OpCase> Larger => s_shapes.Select(s => AttentionCases.Family.Case(
        $"heads={s.Heads}", Normal("query", s.Batch, s.Queries, s.Heads * s.HeadSize), Normal("key_value", s.Batch, s.Keys, 2 * s.Heads * s.HeadSize)));

    public void Dispose()
    {
        _cuda.Dispose();
        _cpu.Dispose();
    }

    [Theory]
    [MemberData(nameof(Rounded))]
    public void Tensor_cores_are_off_by_the_rounding_of_factors_and_repeat_their_bits(string name, MatrixPrecision precision)
    {
        OpCase opCase = Cases.Single(c => c.Name == name);
        CaseValues values = opCase.Values(CaseChecks.Seed);
        _cuda.UseMatrixPrecision(precision);
        double unit = precision == MatrixPrecision.Tf32 ? 1.0 / (1 << 11) : 1.0 / (1 << 8);
        IReadOnlyDictionary<string, double[]> expected = CaseRun.On(_cpu, DType.Float64, opCase, values, gradients: true);
        long before = _card.MatrixInstructions;
        IReadOnlyDictionary<string, double[]> actual = CaseRun.On(_cuda, DType.Float32, opCase, values, gradients: true);
        Assert.True(_card.MatrixInstructions > before, "no matrix instruction was run");
        IReadOnlyDictionary<string, double[]> again = CaseRun.On(_cuda, DType.Float32, opCase, values, gradients: true);
        foreach ((string result, double[] numbers) in expected)
        {
            string what = $"{name}: {result} in {precision}";
            Comparison.Check(what, actual[result], numbers, Units * unit);
            Comparison.CheckBits(what, again[result], actual[result]);
        }
    }

    [Theory]
    [MemberData(nameof(Exact))]
    public void Without_them_it_is_exact_but_for_the_rounding_of_floats(string name) => CaseChecks.Float32(_cuda, _cpu, Cases.Single(c => c.Name == name));

    [Theory]
    [InlineData(32, MatrixPrecision.Tf32)]
    [InlineData(32, MatrixPrecision.Bf16)]
    [InlineData(64, MatrixPrecision.Tf32)]
    [InlineData(64, MatrixPrecision.Bf16)]
    public void Threads_of_a_warp_read_and_write_shared_memory_in_different_banks(int headSize, MatrixPrecision precision)
    {
        OpCase opCase = AttentionCases.Family.Case("", Normal("query", 1, 70, headSize), Normal("key_value", 1, 70, 2 * headSize));
        _cuda.UseMatrixPrecision(precision);
        long before = _card.BankConflicts;
        CaseRun.On(_cuda, DType.Float32, opCase, opCase.Values(CaseChecks.Seed), gradients: true);
        Assert.Equal(before, _card.BankConflicts);
    }

    [Fact]
    public void Weights_of_keys_that_do_not_exist_stay_zero_where_all_scores_are_very_negative()
    {
        // e^-lse is infinite here; times the zeros beyond the last key it would be NaN.
        using Tensor q = Tensor.Full(_cuda, new Shape(1, 3, 4), 40);
        using Tensor kv = Tensor.Full(_cuda, new Shape(1, 5, 8), -40);
        q.RequiresGrad = true;
        kv.RequiresGrad = true;
        _cuda.UseMatrixPrecision(MatrixPrecision.Tf32);
        using StepScope step = _cuda.BeginStep();
        Tensor output = Functional.Attention(q, kv, 1);
        _cuda.Tape.Backward(output, Tensor.Full(_cuda, output.Shape, 1));
        Assert.All(output.ToFloats(), x => Assert.Equal(-40, x, 40.0 / (1 << 11)));
        Assert.All(q.Grad!.ToFloats(), x => Assert.True(float.IsFinite(x)));
        Assert.All(kv.Grad!.ToFloats(), x => Assert.True(float.IsFinite(x)));
    }
}
