using HeteroAKD.Kernels.Reduce;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;
using static HeteroAKD.Tensors.Checks.CaseInput;

namespace HeteroAKD.Tensors.Checks.Cases;

/// <summary>Sum, mean and maximum over every kind of set of dimensions.</summary>
internal static class ReductionCases
{
    public static IEnumerable<OpCase> All() =>
    [
        .. Cases<SumFold>(Reduction.Sum, ErrorClass.Sum, CaseNumbers.Normal, isMean: false),
        .. Cases<SumFold>(Reduction.Mean, ErrorClass.Sum, CaseNumbers.Normal, isMean: true),
        .. Cases<MaxFold>(Reduction.Max, ErrorClass.Exact, CaseNumbers.Distinct, isMean: false),
    ];

    private static IEnumerable<OpCase> Cases<TFold>(OpRow row, ErrorClass error, CaseNumbers numbers, bool isMean)
        where TFold : struct, IFold
    {
        OpFamily family = new(row, error, v => [new("output", Reference<TFold>(v, row.Name, isMean))])
        {
            Terms = (v, result) => result == "output" ? Reduced(v, row.Name) : 1,
        };
        foreach (string dim in new[] { "0", "1", "3", "0,1", "1,2", "0,2", "1,3", "0,1,3", "0,2,3", "all" })
        {
            yield return family.Case($"dim={dim}", Of(numbers, "input", 2, 3, 5, 7));
        }

        yield return family.Case("dim=2,3 keepdim=true", Of(numbers, "input", 2, 3, 4, 8));
        yield return family.Case("dim=0,-1 keepdim=true", Of(numbers, "input", 3, 5, 4));
        yield return family.Case("keepdim=true", Of(numbers, "input", 3, 67));
        yield return family.Case("dim=1", Of(numbers, "input", 3, 1, 7));
        yield return family.Case("dim=0,2", Of(numbers, "input", 5, 1, 9));
        yield return family.Case("", Of(numbers, "input", 1));

        // Longer than a piece of a row or of an axis: two stages; and with a row of whole lanes of four.
        yield return family.Case("dim=-1", Of(numbers, "input", 2, 4103));
        yield return family.Case("dim=-1", Of(numbers, "input", 2, 4100));
        yield return family.Case("dim=1", Of(numbers, "input", 2, 259, 3));
        yield return family.Case("dim=0", Of(numbers, "input", 600, 4));
        yield return family.ForwardOnly("dim=1", Of(CaseNumbers.OneNaN, "input", 3, 35));
        yield return family.ForwardOnly("dim=0", Of(CaseNumbers.OneNaN, "input", 3, 35));
        yield return family.ForwardOnly("dim=0", Of(CaseNumbers.Special, "input", 1, 67));
        yield return family.ForwardOnly("dim=1", Normal("input", 0, 3, 4));
        if (row != Reduction.Max)
        {
            yield return family.ForwardOnly("dim=0", Normal("input", 0, 3, 4));
            yield return family.ForwardOnly("dim=0,1 keepdim=true", Normal("input", 3, 0));
        }
    }

    private static double[] Reference<TFold>(CaseValues v, string operation, bool isMean)
        where TFold : struct, IFold
    {
        double[] x = v["input"];
        Shape shape = v.Shape("input");
        int mask = v.Attributes<ReductionAttributes>().Dim.MaskOf(operation, shape);
        int kept = 1;
        for (int d = 0; d < shape.Rank; d++)
        {
            kept *= IsReduced(mask, d) ? 1 : shape[d];
        }

        double[] y = new double[kept];
        Array.Fill(y, TFold.Start);
        for (int i = 0; i < x.Length; i++)
        {
            (int rest, int place, int stride) = (i, 0, 1);
            for (int d = shape.Rank - 1; d >= 0; d--)
            {
                place += IsReduced(mask, d) ? 0 : rest % shape[d] * stride;
                stride *= IsReduced(mask, d) ? 1 : shape[d];
                rest /= shape[d];
            }

            y[place] = TFold.Reference(y[place], x[i]);
        }

        return isMean ? Array.ConvertAll(y, sum => sum / Reduced(v, operation)) : y;
    }

    private static int Reduced(CaseValues v, string operation)
    {
        Shape shape = v.Shape("input");
        int mask = v.Attributes<ReductionAttributes>().Dim.MaskOf(operation, shape);
        int count = 1;
        for (int d = 0; d < shape.Rank; d++)
        {
            count *= IsReduced(mask, d) ? shape[d] : 1;
        }

        return count;
    }

    private static bool IsReduced(int mask, int dimension) => (mask & (1 << dimension)) != 0;
}
