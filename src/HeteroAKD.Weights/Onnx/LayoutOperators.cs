using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Weights.Onnx;

/// <summary>Operations that move elements and change none. In a shape 0 keeps the input's size, so the batch stays open.</summary>
internal static class LayoutOperators
{
    /// <summary>Concatenation along the channels.</summary>
    public static string Cat(Translation t, TracedOperation o) => t.Graph.Add(
        "Concat",
        [.. Enumerable.Range(0, o.Inputs.Count).Where(i => o.Inputs[i] is not null).Select(i => t.Name(o, i))],
        OnnxAttribute.Int("axis", 1));

    /// <summary>[N, C, H, W] → [N, H·W, C].</summary>
    public static string ToTokens(Translation t, TracedOperation o)
    {
        string rows = t.Graph.Add("Reshape", [t.Name(o, 0), t.Graph.Ints(0, 0, -1)]);
        return t.Graph.Add("Transpose", [rows], OnnxAttribute.Ints("perm", 0, 2, 1));
    }

    /// <summary>[N, H·W, C] → [N, C, H, W].</summary>
    public static string ToMap(Translation t, TracedOperation o)
    {
        MapAttributes a = (MapAttributes)o.Attributes;
        string rows = t.Graph.Add("Transpose", [t.Name(o, 0)], OnnxAttribute.Ints("perm", 0, 2, 1));
        string sizes = t.HasOpenSizes
            ? t.Graph.Add("Concat", [t.Graph.Ints(0, 0), t.MapSize(o, a.Height, a.Width)], OnnxAttribute.Int("axis", 0))
            : t.Graph.Ints(0, 0, a.Height, a.Width);
        return t.Graph.Add("Reshape", [rows, sizes]);
    }

    /// <summary>Dimensions in another order.</summary>
    public static string Permute(Translation t, TracedOperation o)
    {
        DimOrder dims = ((PermuteAttributes)o.Attributes).Dims;
        int rank = o.Inputs[0]!.Shape.Rank;
        return t.Graph.Add(
            "Transpose", [t.Name(o, 0)], OnnxAttribute.Ints("perm", [.. Enumerable.Range(0, rank).Select(d => dims[d] < 0 ? dims[d] + rank : dims[d])]));
    }

    /// <summary>A part of a dimension; places count from its ends, so it may be open.</summary>
    public static string Slice(Translation t, TracedOperation o)
    {
        SliceAttributes a = (SliceAttributes)o.Attributes;
        return t.Graph.Add("Slice", [t.Name(o, 0), t.Graph.Ints(a.Start), t.Graph.Ints(a.End), t.Graph.Ints(a.Dim), t.Graph.Ints(a.Step)]);
    }

    /// <summary>A constant around the last two dimensions.</summary>
    public static string Pad(Translation t, TracedOperation o)
    {
        PadAttributes a = (PadAttributes)o.Attributes;
        int rank = o.Inputs[0]!.Shape.Rank;
        long[] pads = new long[2 * rank]; // before each dimension, then behind each
        (pads[rank - 1], pads[^1]) = (a.Left, a.Right);
        if (rank > 1)
        {
            (pads[rank - 2], pads[^2]) = (a.Top, a.Bottom);
        }

        return t.Graph.Add("Pad", [t.Name(o, 0), t.Graph.Ints(pads), t.Graph.Scalar(a.Value)]);
    }

    /// <summary>Another shape; an open batch must be the first size of both.</summary>
    public static string Reshape(Translation t, TracedOperation o)
    {
        Shape from = o.Inputs[0]!.Shape;
        Shape to = o.Output.Shape;
        if (t.HasOpenSizes)
        {
            throw new ExportException($"operation 'reshape' turns {from} into {to}, sizes of its own; export without --dynamic-size.");
        }

        if (t.Options.DynamicBatch && from[0] != to[0])
        {
            throw new ExportException(
                $"operation 'reshape' turns {from} into {to}, which moves the batch out of the first dimension; export without --dynamic-batch.");
        }

        long[] sizes = Array.ConvertAll(to.ToArray(), s => (long)s);
        sizes[0] = t.Options.DynamicBatch ? 0 : sizes[0];
        return t.Graph.Add("Reshape", [t.Name(o, 0), t.Graph.Ints(sizes)]);
    }
}
