using HeteroAKD.Tensors.Checks;

namespace HeteroAKD.Tensors.Tests.Checks;

/// <summary>The table of tolerances claims no more error than plain float32 loops really have, at every length of sum.</summary>
public sealed class PlainLoopTests
{
    private const int Draws = 16;
    private const int Elements = 256;

    [Theory]
    [InlineData(ErrorClass.Arithmetic, 1)]
    [InlineData(ErrorClass.Function, 1)]
    [InlineData(ErrorClass.Sum, 1)]
    [InlineData(ErrorClass.Sum, 9)]
    [InlineData(ErrorClass.Sum, 64)]
    [InlineData(ErrorClass.Sum, 256)]
    [InlineData(ErrorClass.Sum, 1024)]
    [InlineData(ErrorClass.Normalization, 5)]
    [InlineData(ErrorClass.Normalization, 16)]
    [InlineData(ErrorClass.Normalization, 64)]
    [InlineData(ErrorClass.Normalization, 1024)]
    [InlineData(ErrorClass.Attention, 3)]
    [InlineData(ErrorClass.Attention, 16)]
    [InlineData(ErrorClass.Attention, 64)]
    [InlineData(ErrorClass.Loss, 1)]
    [InlineData(ErrorClass.Loss, 16)]
    [InlineData(ErrorClass.Loss, 64)]
    [InlineData(ErrorClass.Loss, 512)]
    public void Table_claims_no_more_than_plain_loops_lose(ErrorClass error, int terms)
    {
        double worst = 0;
        for (int draw = 0; draw < Draws; draw++)
        {
            Random random = new((1000 * terms) + draw);
            foreach ((double[] narrow, double[] wide) in Loops(error, terms, random))
            {
                worst = Math.Max(worst, Error(narrow, wide));
            }
        }

        double claimed = FloatTolerance.PlainLoop(error, terms);
        Assert.True(claimed <= worst, $"{error}, {terms} terms: the table claims {claimed:F2} units, plain loops lose {worst:F2}");
    }

    [Fact]
    public void Every_class_has_a_line() => Assert.All(Enum.GetValues<ErrorClass>(), e => Assert.True(FloatTolerance.Of(e, 1) >= 0));

    private static IEnumerable<(double[] Narrow, double[] Wide)> Loops(ErrorClass error, int n, Random random)
    {
        int rows = Math.Max(1, Elements / n);
        double[] x = Numbers(2 * rows * n, random);
        switch (error)
        {
            case ErrorClass.Arithmetic:
                yield return (PlainLoops.ScaleAndAdd<float>(x), PlainLoops.ScaleAndAdd<double>(x));
                break;
            case ErrorClass.Function:
                yield return (PlainLoops.Silu<float>(x), PlainLoops.Silu<double>(x));
                break;
            case ErrorClass.Sum:
                double[] pairs = Numbers(2 * 64 * n, random);
                yield return (PlainLoops.Dot<float>(pairs, n), PlainLoops.Dot<double>(pairs, n));
                break;
            case ErrorClass.Normalization:
                yield return (PlainLoops.SoftmaxGradient<float>(x, n), PlainLoops.SoftmaxGradient<double>(x, n));
                yield return (PlainLoops.LayerNormGradient<float>(x, n), PlainLoops.LayerNormGradient<double>(x, n));
                break;
            case ErrorClass.Attention:
                double[] tokens = Numbers((8 + (2 * n)) * PlainLoops.HeadSize, random);
                yield return (PlainLoops.Attention<float>(tokens, n), PlainLoops.Attention<double>(tokens, n));
                break;
            default:
                double[] logits = Numbers(2 * n * PlainLoops.Classes, random);
                yield return (PlainLoops.Divergence<float>(logits), PlainLoops.Divergence<double>(logits));
                yield return (PlainLoops.DivergenceGradient<float>(logits), PlainLoops.DivergenceGradient<double>(logits));
                break;
        }
    }

    private static double[] Numbers(int count, Random random)
    {
        double[] values = new double[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        }

        return values;
    }

    /// <summary>The largest error in units of 2^-24 of the largest element.</summary>
    private static double Error(double[] narrow, double[] wide)
    {
        double error = narrow.Zip(wide, (a, b) => Math.Abs(a - b)).Max();
        return error / wide.Max(Math.Abs) / FloatTolerance.Unit;
    }
}
