using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Weights.Onnx;

/// <summary>Sum, mean and maximum over dimensions. The axes of a sum are an input, those of the others an attribute up to opset 17.</summary>
internal static class ReductionOperators
{
    /// <summary>Sum.</summary>
    public static string Sum(Translation t, TracedOperation o) =>
        Shaped(t, o, t.Graph.Add("ReduceSum", [t.Name(o, 0), t.Graph.Ints(Array.ConvertAll(Axes(o), d => (long)d))], KeepDims(o)));

    /// <summary>Mean or maximum.</summary>
    public static Translator Other(string operation) => (t, o) =>
        Shaped(t, o, Reduced(t, operation, t.Name(o, 0), Axes(o), KeepDims(o)));

    /// <summary>The mean of the last dimension, which stays with size 1.</summary>
    public static string MeanOfLast(Translation t, string input) => Reduced(t, "ReduceMean", input, [-1], OnnxAttribute.Int("keepdims", 1));

    private static string Reduced(Translation t, string operation, string input, int[] axes, OnnxAttribute keepDims) => t.Graph.Opset >= 18
        ? t.Graph.Add(operation, [input, t.Graph.Ints(Array.ConvertAll(axes, d => (long)d))], keepDims)
        : t.Graph.Add(operation, [input], OnnxAttribute.Ints("axes", axes), keepDims);

    private static int[] Axes(TracedOperation o) => ((ReductionAttributes)o.Attributes).Dim.In(o.Inputs[0]!.Shape);

    private static OnnxAttribute KeepDims(TracedOperation o) => OnnxAttribute.Int("keepdims", ((ReductionAttributes)o.Attributes).Keepdim ? 1 : 0);

    // Where no dimension is left the result is [1] here, and has no dimension there.
    private static string Shaped(Translation t, TracedOperation o, string reduced) =>
        !((ReductionAttributes)o.Attributes).Keepdim && Axes(o).Length == o.Inputs[0]!.Shape.Rank ? t.Graph.Add("Reshape", [reduced, t.Graph.Ints(1)])
            : reduced;
}
