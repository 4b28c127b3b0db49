using HeteroAKD.Kernels.Pixelwise;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;
using static HeteroAKD.Tensors.Checks.CaseInput;

namespace HeteroAKD.Tensors.Checks.Cases;

/// <summary>Operations on two tensors, element by element, with each kind of broadcast.</summary>
internal static class ArithmeticCases
{
    public static IEnumerable<OpCase> All() =>
    [
        .. Binary<Add>(Arithmetic.Add),
        .. Binary<Subtract>(Arithmetic.Subtract),
        .. Binary<Multiply>(Arithmetic.Multiply),
        .. Binary<Divide>(Arithmetic.Divide),
        .. Weighted(),
    ];

    private static IEnumerable<OpCase> Binary<TOperator>(OpRow row)
        where TOperator : struct, IBinaryOperator
    {
        OpFamily family = new(row, ErrorClass.Sum, v => [new("output", Reference<TOperator>(v))])
        {
            // The gradient of a broadcast operand is a sum over what it was spread over; that of a divisor, -dy a / b², rounds three times a term.
            Terms = (v, result) => result == "grad.other" ? (row == Arithmetic.Divide ? 3 : 1) * v["input"].Length / Math.Max(1, v["other"].Length) : 1,
        };
        yield return family.Case("", Normal("input", 2, 3, 5, 7), Of(CaseNumbers.AwayFromZero, "other", 2, 3, 5, 7));
        yield return family.Case("", Normal("input", 2, 3, 4, 8), Of(CaseNumbers.AwayFromZero, "other", 2, 3, 4, 8));
        yield return family.Case("", Normal("input", 2, 3, 4, 8), Of(CaseNumbers.AwayFromZero, "other", 3));
        yield return family.Case("", Normal("input", 3, 76), Of(CaseNumbers.AwayFromZero, "other", 1));
        yield return family.Case("", Normal("input", 2, 3, 5, 7), Of(CaseNumbers.AwayFromZero, "other", 3));
        yield return family.Case("", Normal("input", 3, 67), Of(CaseNumbers.AwayFromZero, "other", 67));
        yield return family.Case("", Normal("input", 1037), Of(CaseNumbers.AwayFromZero, "other", 1));
        yield return family.Case("", Normal("input", 1), Of(CaseNumbers.AwayFromZero, "other", 1));
        yield return family.ForwardOnly("", Of(CaseNumbers.Special, "input", 67), Normal("other", 67));
        yield return family.ForwardOnly("", Normal("input", 0, 3, 4), Normal("other", 3));
    }

    private static double[] Reference<TOperator>(CaseValues v)
        where TOperator : struct, IBinaryOperator
    {
        double[] a = v["input"];
        double[] b = v["other"];
        double[] y = new double[a.Length];
        Shape shape = v.Shape("input");
        if (shape == v.Shape("other"))
        {
            BinaryKernel<TOperator, SameShape>.Reference(a, b, y, Math.Max(1, a.Length), 1);
        }
        else if (b.Length == 1)
        {
            BinaryKernel<TOperator, Scalar>.Reference(a, b, y, a.Length, 1);
        }
        else
        {
            BinaryKernel<TOperator, PerChannel>.Reference(a, b, y, shape.CountFrom(2), shape[1]);
        }

        return y;
    }

    private static IEnumerable<OpCase> Weighted()
    {
        OpFamily family = new(WeightedSum.Row, ErrorClass.Arithmetic, v =>
        {
            WeightedSumAttributes a = v.Attributes<WeightedSumAttributes>();
            return [new("output", [.. v["input"].Zip(v["other"], (x, y) => (a.A * x) + (a.B * y))])];
        });
        yield return family.Case("a=0.5 b=-2", Normal("input", 3, 67), Normal("other", 3, 67));
        yield return family.Case("a=1 b=10", Normal("input", 1), Normal("other", 1));
        yield return family.Case("a=0.5 b=3", Normal("input", 3, 76), Normal("other", 3, 76));
    }
}
