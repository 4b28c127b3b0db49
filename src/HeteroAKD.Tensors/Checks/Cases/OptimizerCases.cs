using HeteroAKD.Kernels.Optim;
using HeteroAKD.Tensors.Ops;
using static HeteroAKD.Tensors.Checks.CaseInput;

namespace HeteroAKD.Tensors.Checks.Cases;

/// <summary>Steps of optimisers.</summary>
internal static class OptimizerCases
{
    public static IEnumerable<OpCase> All() => [.. AdamW(), .. Sgd()];

    private static IEnumerable<OpCase> Sgd()
    {
        OpFamily family = new(SgdStep.Row, ErrorClass.Arithmetic, v =>
        {
            SgdAttributes a = v.Attributes<SgdAttributes>();
            double[] parameters = [.. v["param"]];
            double[] momenta = v.Has("momentum_buffer") ? [.. v["momentum_buffer"]] : new double[parameters.Length];
            SgdKernel.Reference(parameters, v["grad"], momenta, [a.Lr, 1, 1, 1], a.Momentum, a.WeightDecay, a.Nesterov);
            return [new("output", parameters), new("momentum_buffer", momenta)];
        });
        yield return family.Case("", Normal("param", 1), Normal("grad", 1));
        yield return family.Case("lr=0.1 weight_decay=0.01", Normal("param", 5, 7), Normal("grad", 5, 7));
        yield return family.Case("lr=0.1 momentum=0.9", Normal("param", 76), Normal("grad", 76), Normal("momentum_buffer", 76));
        yield return family.Case(
            "lr=0.1 momentum=0.9 weight_decay=0.01 nesterov=true", Normal("param", 1037), Normal("grad", 1037), Normal("momentum_buffer", 1037));
    }

    private static IEnumerable<OpCase> AdamW()
    {
        OpFamily family = new(AdamWStep.Row, ErrorClass.Arithmetic, v =>
        {
            AdamWAttributes a = v.Attributes<AdamWAttributes>();
            double[] parameters = [.. v["param"]];
            double[] means = v.Has("exp_avg") ? [.. v["exp_avg"]] : new double[parameters.Length];
            double[] squares = v.Has("exp_avg_sq") ? [.. v["exp_avg_sq"]] : new double[parameters.Length];
            double[] scalars = [a.Lr, 1, 1 - Math.Pow(a.Beta1, a.Step), Math.Sqrt(1 - Math.Pow(a.Beta2, a.Step))];

            // The kernel's constants are floats, 1 - beta rounded from double.
            double beta1 = 1 - (double)(float)(1 - a.Beta1);
            double beta2 = 1 - (double)(float)(1 - a.Beta2);
            AdamWKernel.Reference(parameters, v["grad"], means, squares, scalars, beta1, beta2, (float)a.Eps, (float)a.WeightDecay);
            return [new("output", parameters), new("exp_avg", means), new("exp_avg_sq", squares)];
        });
        yield return family.Case("", Normal("param", 1), Normal("grad", 1));
        yield return family.Case("lr=0.01 weight_decay=0.1", Normal("param", 5, 7), Normal("grad", 5, 7));
        yield return family.Case("lr=0.01 weight_decay=0.1", Normal("param", 76), Normal("grad", 76));
        yield return family.Case(
            "lr=0.1 beta1=0.8 beta2=0.99 eps=0.001 "
                + "step=12",
            Normal("param", 1037), Normal("grad", 1037), Normal("exp_avg", 1037), Positive("exp_avg_sq", 1037));
    }
}
