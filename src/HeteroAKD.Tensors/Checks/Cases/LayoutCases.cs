using HeteroAKD.Kernels.Layout;
using HeteroAKD.Kernels.Reduce;
using HeteroAKD.Tensors.Ops;
using static HeteroAKD.Tensors.Checks.CaseInput;

namespace HeteroAKD.Tensors.Checks.Cases;

/// <summary>Operations that move elements.</summary>
internal static class LayoutCases
{
    public static IEnumerable<OpCase> All() => [.. Cat(), .. ToTokens(), .. ToMap(), .. Argmax(), .. Window(), .. AddWindow()];

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

    private static IEnumerable<OpCase> Argmax()
    {
        OpFamily family = new(Ops.Argmax.Row, ErrorClass.Exact, v =>
        {
            Shape x = v.Shape("input");
            int[] classes = new int[x.Count / x[1]];
            ArgmaxKernel.Reference(v["input"], classes, x[1], x.CountFrom(2));
            return [new("output", Array.ConvertAll(classes, c => (double)c))];
        });
        yield return family.Case("", Normal("input", 2, 19, 5, 7));
        yield return family.Case("", Normal("input", 1, 1, 3, 3));
        yield return family.Case("", Normal("input", 3, 7));
        yield return family.Case("", Normal("input", 1, 150, 37));
        yield return family.ForwardOnly("", Of(CaseNumbers.Special, "input", 1, 4, 9, 11));
        yield return family.ForwardOnly("", Normal("input", 0, 3, 6, 8));
    }

    private static IEnumerable<OpCase> Window()
    {
        OpFamily family = new(Windows.Cut, ErrorClass.Exact, v =>
        {
            Shape x = v.Shape("input");
            WindowAttributes a = v.Attributes<WindowAttributes>();
            double[] y = new double[x[0] * x[1] * a.Height * a.Width];
            WindowKernel.Reference(v["input"], y, (x[2], x[3]), (a.Height, a.Width), a.Top, a.Left, a.Mirror, a.Outside == Outside.Zero);
            return [new("output", y)];
        });
        yield return family.Case("", Normal("input", 1, 1, 1, 1));
        yield return family.Case("height=3 width=17 top=2 left=5", Normal("input", 2, 3, 7, 37));
        yield return family.Case("height=3 width=17 top=2 left=5 mirror=true", Normal("input", 2, 3, 7, 37));
        yield return family.Case("height=9 width=21 top=-1 left=-2", Normal("input", 1, 2, 5, 11));
        yield return family.Case("height=9 width=21 top=-1 left=-2 mirror=true outside=zero", Normal("input", 1, 2, 5, 11));
        yield return family.Case("height=8 width=16 outside=zero", Normal("input", 1, 3, 5, 7));
    }

    private static IEnumerable<OpCase> AddWindow()
    {
        OpFamily family = new(Windows.Add, ErrorClass.Arithmetic, v =>
        {
            (Shape x, Shape y) = (v.Shape("input"), v.Shape("target"));
            AddWindowAttributes a = v.Attributes<AddWindowAttributes>();
            double[] sum = [.. v["target"]];
            (int Rows, int Columns) used = (Math.Min(x[2], y[2] - a.Top), Math.Min(x[3], y[3] - a.Left));
            AddWindowKernel.Reference(v["input"], sum, (x[2], x[3]), (y[2], y[3]), used, a.Top, a.Left, a.Mirror);
            return [new("output", sum)];
        });
        yield return family.Case("", Normal("target", 1, 1, 1, 1), Normal("input", 1, 1, 1, 1));
        yield return family.Case("top=2 left=5", Normal("target", 2, 3, 7, 37), Normal("input", 2, 3, 3, 17));
        yield return family.Case("top=2 left=5 mirror=true", Normal("target", 2, 3, 7, 37), Normal("input", 2, 3, 3, 17));
        yield return family.Case("top=3 left=2", Normal("target", 1, 2, 5, 11), Normal("input", 1, 2, 8, 32));
        yield return family.Case("top=3 left=2 mirror=true", Normal("target", 1, 2, 5, 11), Normal("input", 1, 2, 8, 32));
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
