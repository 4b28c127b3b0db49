using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Weights.Onnx;

/// <summary>Matrix products on tokens, attention and the normalisation of tokens.</summary>
internal static class ProductOperators
{
    /// <summary>A product of matrices or of batches of them.</summary>
    public static string MatMul(Translation t, TracedOperation o) => t.Graph.Add("MatMul", [t.Name(o, 0), t.Name(o, 1)]);

    /// <summary>input · weightᵀ + bias. The weight keeps its layout and is transposed in the graph, which runtimes do once.</summary>
    public static string Linear(Translation t, TracedOperation o)
    {
        string weight = t.Graph.Add("Transpose", [t.Name(o, 1)], OnnxAttribute.Ints("perm", 1, 0));
        string product = t.Graph.Add("MatMul", [t.Name(o, 0), weight]);
        return o.Inputs[2] is null ? product : t.Graph.Add("Add", [product, t.Name(o, 2)]);
    }

    /// <summary>Layer normalisation of the last dimension; the operator came with opset 17.</summary>
    public static string LayerNorm(Translation t, TracedOperation o)
    {
        float eps = ((LayerNormAttributes)o.Attributes).Eps;
        (string x, string weight, string bias) = (t.Name(o, 0), t.Name(o, 1), t.Name(o, 2));
        if (t.Graph.Opset >= 17)
        {
            return t.Graph.Add("LayerNormalization", [x, weight, bias], OnnxAttribute.Int("axis", -1), OnnxAttribute.Float("epsilon", eps));
        }

        string centred = t.Graph.Add("Sub", [x, ReductionOperators.MeanOfLast(t, x)]);
        string variance = ReductionOperators.MeanOfLast(t, t.Graph.Add("Mul", [centred, centred]));
        string deviation = t.Graph.Add("Sqrt", [t.Graph.Add("Add", [variance, t.Graph.Scalar(eps)])]);
        return t.Graph.Add("Add", [t.Graph.Add("Mul", [t.Graph.Add("Div", [centred, deviation]), weight]), bias]);
    }

    /// <summary>
    /// Group normalisation as PyTorch exports it: each group is an instance, then weight and bias of its channels. ONNX's own operator was mended with opset
    /// 21.
    /// </summary>
    public static string GroupNorm(Translation t, TracedOperation o)
    {
        GroupNormAttributes a = (GroupNormAttributes)o.Attributes;
        Shape x = o.Inputs[0]!.Shape;
        string input = t.Name(o, 0);
        string groups = t.Graph.Add("Reshape", [input, t.Graph.Ints(0, a.NumGroups, -1)]);
        string ones = t.Graph.Initializer($"ones_{a.NumGroups}", [a.NumGroups], () => [.. Enumerable.Repeat(1f, a.NumGroups)]);
        string zeros = t.Graph.Initializer($"zeros_{a.NumGroups}", [a.NumGroups], () => new float[a.NumGroups]);
        string normalised = t.Graph.Add("InstanceNormalization", [groups, ones, zeros], OnnxAttribute.Float("epsilon", a.Eps));
        string maps = t.Graph.Add("Reshape", [normalised, t.Graph.Add("Shape", [input])]);
        string channels = t.Graph.Ints([x[1], .. Enumerable.Repeat(1L, x.Rank - 2)]);
        string scaled = t.Graph.Add("Mul", [maps, t.Graph.Add("Reshape", [t.Name(o, 1), channels])]);
        return t.Graph.Add("Add", [scaled, t.Graph.Add("Reshape", [t.Name(o, 2), channels])]);
    }

    /// <summary>softmax(q kᵀ/√d) v per head, d = C/heads.</summary>
    public static string Attention(Translation t, TracedOperation o)
    {
        Shape query = o.Inputs[0]!.Shape; // [B, N, C]
        int heads = ((AttentionAttributes)o.Attributes).Heads;
        int dim = query[2] / heads;
        // keys, then values: [B, M, C] each
        string[] keyValue = t.Graph.AddMany(
            "Split",
            [t.Name(o, 1)],
            2,
            [OnnxAttribute.Int("axis", 2), .. t.Graph.Opset >= 18 ? [OnnxAttribute.Int("num_outputs", 2)] : Array.Empty<OnnxAttribute>()]);
        string q = t.Graph.Add("Mul", [t.Name(o, 0), t.Graph.Scalar((float)(1 / Math.Sqrt(dim)))]);
        string scores = t.Graph.Add("MatMul", [Heads(t, q, heads, dim, 0, 2, 1, 3), Heads(t, keyValue[0], heads, dim, 0, 2, 3, 1)]); // [B, heads, N, M]
        string weights = t.Graph.Add("Softmax", [scores], OnnxAttribute.Int("axis", -1));
        string attended = t.Graph.Add("MatMul", [weights, Heads(t, keyValue[1], heads, dim, 0, 2, 1, 3)]); // [B, heads, N, d]
        string tokens = t.Graph.Add("Transpose", [attended], OnnxAttribute.Ints("perm", 0, 2, 1, 3));
        return t.Graph.Add("Reshape", [tokens, t.Graph.Ints(0, -1, query[2])]);
    }

    // [B, tokens, heads·d] → [B, tokens, heads, d], then its dimensions in another order. A 0 keeps a size, so the batch stays open.
    private static string Heads(Translation t, string tokens, int heads, int dim, params ReadOnlySpan<int> order) =>
        t.Graph.Add("Transpose", [t.Graph.Add("Reshape", [tokens, t.Graph.Ints(0, 0, heads, dim)])], OnnxAttribute.Ints("perm", order));
}
