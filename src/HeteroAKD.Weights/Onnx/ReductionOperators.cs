using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Weights.Onnx;

/// <summary>Sum, mean and maximum over dimensions. Up to opset 17 the axes of a sum are an input, those of the others an attribute.</summary>
internal static class ReductionOperators
{
    /// <summary>Sum.</summary>
    public static string Sum(Translation t, TracedOperation o) =>
        Shaped(t, o, t.Graph.Add("ReduceSum", [t.Name(o, 0), t.Graph.Ints(Array.ConvertAll(Axes(o), d => (long)d))], KeepDims(o)));

    /// <summary>Mean or maximum.</summary>
    public static Translator Other(string operation) => (t, o) =>
        Shaped(t, o, t.Graph.Add(operation, [t.Name(o, 0)], OnnxAttribute.Ints("axes", Axes(o)), KeepDims(o)));

    private static int[] Axes(TracedOperation o) => ((ReductionAttributes)o.Attributes).Dim.In(o.Inputs[0]!.Shape);

    private static OnnxAttribute KeepDims(TracedOperation o) => OnnxAttribute.Int("keepdims", ((ReductionAttributes)o.Attributes).Keepdim ? 1 : 0);

    // Where no dimension is left the result is [1] here, and has no dimension there.
    private static string Shaped(Translation t, TracedOperation o, string reduced) =>
        !((ReductionAttributes)o.Attributes).Keepdim && Axes(o).Length == o.Inputs[0]!.Shape.Rank ? t.Graph.Add("Reshape", [reduced, t.Graph.Ints(1)]) : reduced;
}
