using HeteroAKD.Kernels.Attention;
using HeteroAKD.Tensors.Ops;
using static HeteroAKD.Tensors.Checks.CaseInput;

namespace HeteroAKD.Tensors.Checks.Cases;

/// <summary>Attention: as many keys as queries, fewer (spatial reduction), one.</summary>
internal static class AttentionCases
{
    /// <summary>What all cases have in common.</summary>
    public static readonly OpFamily Family = new(Attention.Row, ErrorClass.Attention, Reference)
    {
        Terms = (v, result) => result == "grad.key_value" ? v.Shape("query")[1] : v.Shape("key_value")[1],
    };

    public static IEnumerable<OpCase> All()
    {
        yield return Family.Case("", Normal("query", 1, 1, 4), Normal("key_value", 1, 3, 8));
        yield return Family.Case("heads=3", Normal("query", 2, 7, 15), Normal("key_value", 2, 5, 30));
        yield return Family.Case("heads=2", Normal("query", 1, 35, 64), Normal("key_value", 1, 9, 128));
        yield return Family.Case("", Normal("query", 1, 70, 32), Normal("key_value", 1, 67, 64));

        // One key: the softmax is 1 whatever the scores are, and gradients of queries and keys are 0.
        yield return Family.Case("", Normal("query", 2, 9, 8), Normal("key_value", 2, 1, 16));
        yield return Family.Case("heads=5", Normal("query", 1, 17, 40), Normal("key_value", 1, 1, 80));
        yield return Family.ForwardOnly("heads=2", Of(CaseNumbers.OneNaN, "query", 1, 9, 8), Normal("key_value", 1, 5, 16));
    }

    private static NamedValues[] Reference(CaseValues v)
    {
        Shape q = v.Shape("query");
        AttentionShape shape = new(q[0], v.Attributes<AttentionAttributes>().Heads, q[1], v.Shape("key_value")[1], q[2]);
        double[] output = new double[q.Count];
        double[] logSumExp = new double[shape.Pairs * shape.Queries];
        AttentionForwardKernel.Reference(v["query"], v["key_value"], output, logSumExp, shape);
        return [new("output", output), new("logsumexp", logSumExp)];
    }
}
