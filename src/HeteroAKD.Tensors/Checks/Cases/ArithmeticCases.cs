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
        .. Scaled(),
    ];

    private static IEnumerable<OpCase> Binary<TOperator>(OpRow row)
        where TOperator : struct, IBinaryOperator
    {
        OpFamily family = new(row, ErrorClass.Sum, v => [new("output", Reference<TOperator>(v))])
        {
            // The gradient of a broadcast operand is a sum over what it was spread over; that of a divisor, -dy a / b², rounds three times a term.
            Terms = (v, result) => result switch
            {
                "grad.other" => (row == Arithmetic.Divide ? 3 : 1) * Places(v).Count / Math.Max(1, v["other"].Length),
                "grad.input" => Places(v).Count / Math.Max(1, v["input"].Length),
                _ => 1,
            },
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

        // PyTorch's rules: either operand spread, or both; the two numbers of channels equal the width, so that per channel and per column differ.
        yield return family.Case("", Normal("input", 2, 3, 5, 7), Of(CaseNumbers.AwayFromZero, "other", 1, 1, 5, 7));
        yield return family.Case("", Normal("input", 2, 3, 5, 7), Of(CaseNumbers.AwayFromZero, "other", 3, 1, 1));
        yield return family.Case("", Normal("input", 2, 3, 5, 3), Of(CaseNumbers.AwayFromZero, "other", 1, 1, 1, 3));
        yield return family.Case("", Normal("input", 2, 3, 5, 3), Of(CaseNumbers.AwayFromZero, "other", 3));
        yield return family.Case("", Normal("input", 3), Of(CaseNumbers.AwayFromZero, "other", 2, 3, 5, 3));
        yield return family.Case("", Normal("input", 2, 1, 4, 8), Of(CaseNumbers.AwayFromZero, "other", 1, 3, 4, 1));
        yield return family.Case("", Normal("input", 2, 1, 3, 1), Of(CaseNumbers.AwayFromZero, "other", 1, 5, 1, 4));
        yield return family.Case("", Normal("input", 5, 1), Of(CaseNumbers.AwayFromZero, "other", 1, 67));
        yield return family.Case("", Normal("input", 1), Of(CaseNumbers.AwayFromZero, "other", 4, 7));
        yield return family.Case("", Normal("input", 2, 1, 8), Of(CaseNumbers.AwayFromZero, "other", 3, 1));
        yield return family.ForwardOnly("", Of(CaseNumbers.Special, "input", 67, 1), Normal("other", 1, 5));
        yield return family.ForwardOnly("", Normal("input", 0, 1, 4), Normal("other", 3, 1));
        yield return family.ForwardOnly("", Normal("input", 2, 1), Normal("other", 1, 0));
    }

    private static Shape Places(CaseValues v) => v["other"].Length == 1 || Arithmetic.IsPerChannel(v.Shape("input"), v.Shape("other"))
        ? v.Shape("input")
        : Broadcasting.Common(v.Shape("input"), v.Shape("other"))!.Value;

    private static double[] Reference<TOperator>(CaseValues v)
        where TOperator : struct, IBinaryOperator
    {
        double[] a = v["input"];
        double[] b = v["other"];
        (Shape input, Shape other) = (v.Shape("input"), v.Shape("other"));
        double[] y = new double[Places(v).Count];
        if (input == other)
        {
            BinaryKernel<TOperator, SameShape>.Reference(a, b, y, Math.Max(1, a.Length), 1);
        }
        else if (b.Length == 1)
        {
            BinaryKernel<TOperator, Scalar>.Reference(a, b, y, a.Length, 1);
        }
        else if (Arithmetic.IsPerChannel(input, other))
        {
            BinaryKernel<TOperator, PerChannel>.Reference(a, b, y, input.CountFrom(2), input[1]);
        }
        else
        {
            BroadcastKernel<TOperator>.Reference(a, b, y, Places(v).ToArray(), Strides(input, Places(v)), Strides(other, Places(v)));
        }

        return y;
    }

    // Elements from one place to the next along each dimension of the output; 0 where an operand has size 1 or lacks the dimension.
    private static int[] Strides(Shape operand, Shape output)
    {
        int[] strides = new int[output.Rank];
        for (int back = 1; back <= operand.Rank; back++)
        {
            strides[^back] = operand[-back] == 1 ? 0 : operand.CountFrom(operand.Rank - back + 1);
        }

        return strides;
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

    private static IEnumerable<OpCase> Scaled()
    {
        OpFamily family = new(Ops.ScaleShift.Row, ErrorClass.Arithmetic, v =>
        {
            ScaleShiftAttributes a = v.Attributes<ScaleShiftAttributes>();
            return [new("output", [.. v["input"].Select(x => (a.Scale * x) + a.Shift)])];
        });
        yield return family.Case("", Normal("input", 3, 67));
        yield return family.Case("scale=-0.75", Normal("input", 2, 3, 5, 7));
        yield return family.Case("scale=-1 shift=1", Normal("input", 3, 76));
        yield return family.Case("scale=3 shift=-0.1", Normal("input", 1));
        yield return family.ForwardOnly("scale=2 shift=0.5", Of(CaseNumbers.Special, "input", 67));
        yield return family.ForwardOnly("scale=2", Normal("input", 0));
    }
}
