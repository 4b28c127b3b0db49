using HeteroAKD.Kernels.Reduce;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;
using static HeteroAKD.Tensors.Checks.CaseInput;

namespace HeteroAKD.Tensors.Checks.Cases;

/// <summary>Batch norm, layer norm, group norm, softmax.</summary>
internal static class NormalizationCases
{
    public static IEnumerable<OpCase> All() =>
        [.. BatchNorm(), .. LayerNorm(), .. GroupNorm(), .. SoftmaxOf(Softmax.Row, false), .. SoftmaxOf(Softmax.LogRow, true)];

    private static IEnumerable<OpCase> BatchNorm()
    {
        OpFamily family = new(BatchNormalization.Row, ErrorClass.Normalization, BatchNormReference)
        {
            Differentiable = ["input", "weight", "bias", "residual"],
            Terms = (v, _) => v["input"].Length / v.Shape("input")[1],
        };
        yield return family.Case("training=true", BatchNormInputs(4, 1, 1, 1));
        yield return family.Case("training=true", BatchNormInputs(2, 3, 5, 7));
        yield return family.Case("training=true momentum=0.3 eps=0.001", BatchNormInputs(3, 5, 1, 16));
        yield return family.Case("training=true relu=true", BatchNormInputs(2, 19, 9, 17));
        yield return family.Case("training=true relu=true", [.. BatchNormInputs(2, 4, 3, 11), Normal("residual", 2, 4, 3, 11)]);
        yield return family.Case("training=true", [.. BatchNormInputs(1, 2, 33, 33), Normal("residual", 1, 2, 33, 33)]);
        yield return family.Case("", BatchNormInputs(2, 3, 5, 7));
        yield return family.Case("relu=true", [.. BatchNormInputs(1, 33, 1, 1), Normal("residual", 1, 33, 1, 1)]);
    }

    private static CaseInput[] BatchNormInputs(int images, int channels, int height, int width) =>
    [
        Normal(
            "input",
            images,
            channels,
            height,
            width), Positive("weight", channels), Normal("bias", channels), Normal("running_mean", channels), Positive("running_var", channels),
    ];

    private static NamedValues[] BatchNormReference(CaseValues v)
    {
        BatchNormAttributes a = v.Attributes<BatchNormAttributes>();
        Shape x = v.Shape("input");
        int columns = x.CountFrom(2);
        double[] runningMean = [.. v["running_mean"]];
        double[] runningVar = [.. v["running_var"]];
        double[] mean = runningMean;
        double[] rstd = [.. runningVar.Select(variance => 1 / Math.Sqrt(variance + a.Eps))];
        if (a.Training)
        {
            mean = new double[x[1]];
            BatchNormStatisticsKernel.Reference(v["input"], mean, rstd, runningMean, runningVar, columns, a.Eps, a.Momentum);
        }

        double[] y = new double[x.Count];
        BatchNormApplyKernel.Reference(v["input"], mean, rstd, v["weight"], v["bias"], v["residual"], y, columns, a.Relu);
        return [new("output", y), new("save_mean", mean), new("save_rstd", rstd), new("running_mean", runningMean), new("running_var", runningVar)];
    }

    private static IEnumerable<OpCase> LayerNorm()
    {
        OpFamily family = new(LayerNormalization.Row, ErrorClass.Normalization, v =>
        {
            int columns = v["weight"].Length;
            int rows = v["input"].Length / columns;
            double[] y = new double[rows * columns];
            double[] mean = new double[rows];
            double[] rstd = new double[rows];
            LayerNormKernel.Reference(v["input"], v["weight"], v["bias"], y, mean, rstd, v.Attributes<LayerNormAttributes>().Eps);
            return [new("output", y), new("mean", mean), new("rstd", rstd)];
        })
        {
            Terms = (v, result) => result is "grad.weight" or "grad.bias" ? v["input"].Length / v["weight"].Length : v["weight"].Length,
        };
        yield return family.Case("", Normal("input", 2, 1), Positive("weight", 1), Normal("bias", 1));
        yield return family.Case("eps=0.001", Normal("input", 2, 7, 5), Positive("weight", 5), Normal("bias", 5));
        yield return family.Case("", Normal("input", 3, 16), Positive("weight", 16), Normal("bias", 16));
        yield return family.Case("", Normal("input", 5, 67), Positive("weight", 67), Normal("bias", 67));
        yield return family.Case("", Normal("input", 530, 6), Positive("weight", 6), Normal("bias", 6));
        yield return family.Case("", Normal("input", 2, 2, 2, 300), Positive("weight", 300), Normal("bias", 300));
        yield return family.ForwardOnly("", Of(CaseNumbers.OneNaN, "input", 3, 35), Positive("weight", 35), Normal("bias", 35));
        yield return family.ForwardOnly("", Normal("input", 0, 8), Positive("weight", 8), Normal("bias", 8));
    }

    private static IEnumerable<OpCase> GroupNorm()
    {
        OpFamily family = new(GroupNormalization.Row, ErrorClass.Normalization, v =>
        {
            GroupNormAttributes a = v.Attributes<GroupNormAttributes>();
            double[] mean = new double[v.Shape("input")[0] * a.NumGroups];
            double[] rstd = new double[mean.Length];
            double[] y = new double[v["input"].Length];
            GroupNormStatisticsKernel.Reference(v["input"], mean, rstd, a.Eps);
            GroupNormApplyKernel.Reference(v["input"], v["weight"], v["bias"], mean, rstd, y, a.NumGroups);
            return [new("output", y), new("mean", mean), new("rstd", rstd)];
        })
        {
            Terms = (v, result) => result is "grad.weight" or "grad.bias"
                ? v["input"].Length / v["weight"].Length
                : v.Shape("input").CountFrom(1) / v.Attributes<GroupNormAttributes>().NumGroups,
        };
        yield return family.Case("", Normal("input", 3, 7), Positive("weight", 7), Normal("bias", 7));
        yield return family.Case("num_groups=3 eps=0.001", Normal("input", 2, 6, 5, 7), Positive("weight", 6), Normal("bias", 6));
        yield return family.Case("num_groups=5", Normal("input", 2, 5, 9, 17), Positive("weight", 5), Normal("bias", 5));
        yield return family.Case("num_groups=2", Normal("input", 3, 38, 11), Positive("weight", 38), Normal("bias", 38));
        yield return family.Case("num_groups=4", Normal("input", 1, 8, 6, 12), Positive("weight", 8), Normal("bias", 8));
        yield return family.ForwardOnly("num_groups=2", Of(CaseNumbers.OneNaN, "input", 2, 4, 3, 5), Positive("weight", 4), Normal("bias", 4));
        yield return family.ForwardOnly("num_groups=2", Normal("input", 0, 4, 3, 5), Positive("weight", 4), Normal("bias", 4));
    }

    private static IEnumerable<OpCase> SoftmaxOf(OpRow row, bool logarithm)
    {
        OpFamily family = new(row, ErrorClass.Normalization, v =>
        {
            Shape x = v.Shape("input");
            bool rows = v.Attributes<SoftmaxAttributes>().Dim != 1 || x.Rank == 2;
            double[] y = new double[x.Count];
            ClassSoftmaxKernel.Reference(v["input"], y, rows ? x[-1] : x[1], rows ? 1 : x.CountFrom(2), logarithm);
            return [new("output", y)];
        })
        {
            Terms = (v, _) => v.Attributes<SoftmaxAttributes>().Dim == 1 ? v.Shape("input")[1] : v.Shape("input")[-1],
        };
        yield return family.Case("", Normal("input", 1));
        yield return family.Case("", Normal("input", 5, 1));
        yield return family.Case("", Normal("input", 3, 2, 67));
        yield return family.Case("dim=1", Normal("input", 7, 19));
        yield return family.Case("dim=1", Normal("input", 2, 19, 5, 7));
        yield return family.Case("dim=1", Normal("input", 2, 3, 1, 1));
        yield return family.Case("dim=1", Normal("input", 1, 5, 67));
        yield return family.Case("dim=1", Normal("input", 2, 40, 67));

        // Planes of 4 KiB, which the host brings together.
        yield return family.Case("dim=1", Normal("input", 1, 9, 32, 32));

        // Rows of whole quads: devices take four elements a thread.
        yield return family.Case("", Normal("input", 3, 72));
        yield return family.Case("dim=1", Normal("input", 2, 19, 3, 8));
        yield return family.Case("dim=1", Normal("input", 1, 40, 2, 8));
        yield return family.ForwardOnly("", Of(CaseNumbers.OneNaN, "input", 3, 35));
        yield return family.ForwardOnly("dim=1", Of(CaseNumbers.OneNaN, "input", 2, 3, 35));
        yield return family.ForwardOnly("dim=1", Of(CaseNumbers.OneNaN, "input", 1, 40, 35));
        yield return family.ForwardOnly("", Normal("input", 0, 8));
    }
}
