using HeteroAKD.Kernels.Layout;
using HeteroAKD.Kernels.Reduce;
using HeteroAKD.Tensors.Ops;
using static HeteroAKD.Tensors.Checks.CaseInput;

namespace HeteroAKD.Tensors.Checks.Cases;

/// <summary>Operations that move elements.</summary>
internal static class LayoutCases
{
    public static IEnumerable<OpCase> All() =>
        [.. Cat(), .. ToTokens(), .. ToMap(), .. Permute(), .. Slice(), .. Pad(), .. Argmax(), .. Window(), .. AddWindow()];

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
            "", Normal("input", 2, 1, 3, 3), Normal("other", 2, 2, 3, 3), Normal("third", 2, 3, 3, 3), Normal("fourth", 2, 4, 3, 3),
            Normal("fifth", 2, 5, 3, 3), Normal("sixth", 2, 6, 3, 3));
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

    private static IEnumerable<OpCase> Permute()
    {
        OpFamily family = new(Permutation.Row, ErrorClass.Exact, v =>
        {
            Shape x = v.Shape("input");
            DimOrder dims = v.Attributes<PermuteAttributes>().Dims;
            int[] order = [.. Enumerable.Range(0, x.Rank).Select(d => (dims[d] + x.Rank) % x.Rank)];
            double[] y = new double[x.Count];
            PermuteKernel.Reference(v["input"], y, [.. order.Select(d => x[d])], [.. order.Select(d => x.CountFrom(d + 1))]);
            return [new("output", y)];
        });
        yield return family.Case("", Normal("input", 7));
        yield return family.Case("dims=1,0", Normal("input", 5, 19));
        yield return family.Case("dims=0,1,2", Normal("input", 2, 3, 5));
        yield return family.Case("dims=0,2,1", Normal("input", 3, 5, 33));
        yield return family.Case("dims=2,0,1", Normal("input", 3, 4, 17));
        yield return family.Case("dims=2,1,0", Normal("input", 3, 4, 17));
        yield return family.Case("dims=0,2,3,1", Normal("input", 2, 3, 5, 7));
        yield return family.Case("dims=0,3,1,2", Normal("input", 2, 5, 7, 3));
        yield return family.Case("dims=0,2,1,3", Normal("input", 2, 5, 3, 18));
        yield return family.Case("dims=3,-2,1,0", Normal("input", 2, 3, 5, 9));
        yield return family.Case("dims=1,3,0,2", Normal("input", 2, 1, 5, 9));
        yield return family.ForwardOnly("dims=2,0,1", Of(CaseNumbers.Special, "input", 2, 3, 11));
        yield return family.ForwardOnly("dims=1,2,0", Normal("input", 2, 0, 3));
    }

    private static IEnumerable<OpCase> Slice()
    {
        OpFamily family = new(Slicing.Slice, ErrorClass.Exact, v =>
        {
            Shape x = v.Shape("input");
            SliceAttributes a = v.Attributes<SliceAttributes>();
            int dim = (a.Dim + x.Rank) % x.Rank;
            int[] places =
            [
                .. Enumerable.Range(0, x[dim]).Where(i => i >= Place(a.Start, x[dim]) && i < Place(a.End, x[dim]) && (i - Place(a.Start, x[dim])) % a.Step == 0)
            ];
            int behind = x.CountFrom(dim + 1);
            List<double> y = [];
            for (int before = 0; before < x.Count / (x[dim] * behind); before++)
            {
                foreach (int place in places)
                {
                    y.AddRange(v["input"].AsSpan(((before * x[dim]) + place) * behind, behind));
                }
            }

            return [new("output", [.. y])];
        });
        yield return family.Case("", Normal("input", 5));
        yield return family.Case("start=1 end=4", Normal("input", 5, 7));
        yield return family.Case("dim=1 start=-3", Normal("input", 2, 5, 3, 4));
        yield return family.Case("dim=2 start=1 end=-1 step=2", Normal("input", 2, 3, 8, 5));
        yield return family.Case("dim=-1 start=3 end=60", Normal("input", 2, 3, 67));
        yield return family.Case("dim=-1 start=2 step=3", Normal("input", 3, 67));
        yield return family.Case("dim=1 step=70000", Normal("input", 2, 5));
        yield return family.Case("dim=-1 start=1 end=1000 step=4", Normal("input", 37));
        yield return family.ForwardOnly("dim=1 start=1 step=2", Of(CaseNumbers.Special, "input", 2, 33));
        yield return family.ForwardOnly("dim=1 start=3 end=2", Normal("input", 2, 5, 3));
        yield return family.ForwardOnly("dim=1 start=1", Normal("input", 0, 5, 3));
    }

    // A place in a dimension as Python's slices take it.
    private static int Place(int place, int size) => Math.Clamp(place < 0 ? place + size : place, 0, size);

    private static IEnumerable<OpCase> Pad()
    {
        OpFamily family = new(Slicing.Pad, ErrorClass.Exact, v =>
        {
            Shape x = v.Shape("input");
            PadAttributes a = v.Attributes<PadAttributes>();
            (int height, int width) = (x.Rank > 1 ? x[-2] : 1, x[-1]);
            (int newHeight, int newWidth) = (height + a.Top + a.Bottom, width + a.Left + a.Right);
            int planes = 1;
            for (int d = 0; d < x.Rank - 2; d++)
            {
                planes *= x[d];
            }

            double[] y = new double[planes * newHeight * newWidth];
            for (int k = 0; k < y.Length; k++)
            {
                (int row, int column) = ((k / newWidth % newHeight) - a.Top, (k % newWidth) - a.Left);
                bool inside = row >= 0 && row < height && column >= 0 && column < width;
                y[k] = inside ? v["input"][(((k / (newWidth * newHeight) * height) + row) * width) + column] : a.Value;
            }

            return [new("output", y)];
        });
        yield return family.Case("", Normal("input", 3));
        yield return family.Case("left=2 right=1 value=0.5", Normal("input", 7));
        yield return family.Case("left=1 right=2 top=3 bottom=4 value=-1.5", Normal("input", 2, 3, 5, 7));
        yield return family.Case("left=17 right=40", Normal("input", 3, 33));
        yield return family.Case("left=-2 right=3 top=-1 bottom=-1", Normal("input", 2, 5, 19));
        yield return family.Case("left=-2 right=-3 top=1", Normal("input", 2, 1, 4, 35));
        yield return family.ForwardOnly("left=5 top=1", Of(CaseNumbers.Special, "input", 3, 33));
        yield return family.ForwardOnly("left=1 right=1 value=2", Normal("input", 2, 3, 0));
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
