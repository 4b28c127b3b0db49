using HeteroAKD.Tensors.Ops;
using static HeteroAKD.Tensors.Checks.CaseInput;

namespace HeteroAKD.Tensors.Checks.Cases;

/// <summary>Operations that move elements.</summary>
internal static class LayoutCases
{
    public static IEnumerable<OpCase> All() => [.. Cat(), .. ToTokens(), .. ToMap()];

    private static IEnumerable<OpCase> Cat()
    {
        OpFamily family = new(Layout.Cat, ErrorClass.Exact, v =>
        {
            double[][] parts = [.. Layout.Cat.Inputs.Where(i => v.Has(i.Name)).Select(i => v[i.Name])];
            int images = v.Shape("input")[0];
            List<double> all = [];
            for (int n = 0; n < images; n++)
            {
                foreach (double[] part in parts)
                {
                    all.AddRange(part.AsSpan(n * part.Length / images, part.Length / images));
                }
            }

            return [new("output", [.. all])];
        });
        yield return family.Case("", Normal("input", 2, 3, 5, 7), Normal("other", 2, 1, 5, 7));
        yield return family.Case("", Normal("input", 3, 2), Normal("other", 3, 17), Normal("third", 3, 1));
        yield return family.Case(
            "", Normal("input", 2, 1, 3, 3), Normal("other", 2, 2, 3, 3), Normal("third", 2, 3, 3, 3), Normal("fourth", 2, 4, 3, 3), Normal("fifth", 2, 5, 3, 3), Normal("sixth", 2, 6, 3, 3));
    }

    private static IEnumerable<OpCase> ToTokens()
    {
        OpFamily family = new(Layout.ToTokens, ErrorClass.Exact, v =>
        {
            Shape x = v.Shape("input");
            return [new("output", Transposed(v["input"], x[0], x[1], x[2] * x[3]))];
        });
        yield return family.Case("", Normal("input", 2, 3, 5, 7));
        yield return family.Case("", Normal("input", 1, 1, 1, 1));
        yield return family.Case("", Normal("input", 2, 33, 4, 17));
    }

    private static IEnumerable<OpCase> ToMap()
    {
        OpFamily family = new(Layout.ToMap, ErrorClass.Exact, v =>
        {
            Shape x = v.Shape("input");
            return [new("output", Transposed(v["input"], x[0], x[1], x[2]))];
        });
        yield return family.Case("height=5 width=7", Normal("input", 2, 35, 3));
        yield return family.Case("height=1 width=67", Normal("input", 1, 67, 19));
    }

    private static double[] Transposed(double[] x, int batch, int rows, int columns)
    {
        double[] y = new double[x.Length];
        for (int i = 0; i < x.Length; i++)
        {
            int item = i / (rows * columns);
            int row = i / columns % rows;
            y[(((item * columns) + (i % columns)) * rows) + row] = x[i];
        }

        return y;
    }
}
