using HeteroAKD.Kernels.Attention;
using HeteroAKD.Tensors.Ops;
using static HeteroAKD.Tensors.Checks.CaseInput;

namespace HeteroAKD.Tensors.Checks.Cases;

/// <summary>Attention: as many keys as queries, fewer (spatial reduction), one.</summary>
internal static class AttentionCases
{
    public static IEnumerable<OpCase> All()
    {
        OpFamily family = new(Attention.Row, ErrorClass.Attention, v =>
        {
            Shape q = v.Shape("query");
            AttentionShape shape = new(q[0], v.Attributes<AttentionAttributes>().Heads, q[1], v.Shape("key_value")[1], q[2]);
            double[] output = new double[q.Count];
            double[] logSumExp = new double[shape.Pairs * shape.Queries];
            AttentionForwardKernel.Reference(v["query"], v["key_value"], output, logSumExp, shape);
            return [new("output", output), new("logsumexp", logSumExp)];
        })
        {
            Terms = (v, result) => result == "grad.key_value" ? v.Shape("query")[1] : v.Shape("key_value")[1],
        };
        yield return family.Case("", Normal("query", 1, 1, 4), Normal("key_value", 1, 3, 8));
        yield return family.Case("heads=3", Normal("query", 2, 7, 15), Normal("key_value", 2, 5, 30));
        yield return family.Case("heads=2", Normal("query", 1, 35, 64), Normal("key_value", 1, 9, 128));
        yield return family.Case("", Normal("query", 1, 70, 32), Normal("key_value", 1, 67, 64));

        // One key: the softmax is 1 whatever the scores are, and gradients of the query are nothing but rounding.
        yield return family.ForwardOnly("heads=5", Normal("query", 1, 17, 40), Normal("key_value", 1, 1, 80));
        yield return family.ForwardOnly("heads=2", Of(CaseNumbers.OneNaN, "query", 1, 9, 8), Normal("key_value", 1, 5, 16));
    }
}
