using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Weights.Onnx;

/// <summary>Functions of single elements, and the softmax.</summary>
internal static class ElementwiseOperators
{
    /// <summary>A function that ONNX has by itself.</summary>
    public static Translator Unary(string operation) => (t, o) => t.Graph.Add(operation, [t.Name(o, 0)]);

    /// <summary>
    /// A binary operation; [C] as one number a channel of [N, C, ...] becomes [C, 1, ...], as ONNX broadcasts from the last dimension on. The rest is as there.
    /// </summary>
    public static Translator Binary(string operation) => (t, o) =>
    {
        Shape input = o.Inputs[0]!.Shape;
        Shape other = o.Inputs[1]!.Shape;
        string right = t.Name(o, 1);
        if (input.Rank > 2 && Arithmetic.IsPerChannel(input, other))
        {
            right = t.Graph.Add("Reshape", [right, t.Graph.Ints([other[0], .. Enumerable.Repeat(1L, input.Rank - 2)])]);
        }

        return t.Graph.Add(operation, [t.Name(o, 0), right]);
    };

    /// <summary>min(max(x, 0), 6).</summary>
    public static string Relu6(Translation t, TracedOperation o) => t.Graph.Add("Clip", [t.Name(o, 0), t.Graph.Scalar(0), t.Graph.Scalar(6)]);

    /// <summary>x · ½ (1 + erf(x/√2)): the operator Gelu came with opset 20.</summary>
    public static string Gelu(Translation t, TracedOperation o)
    {
        string x = t.Name(o, 0);
        string erf = t.Graph.Add("Erf", [t.Graph.Add("Div", [x, t.Graph.Scalar(MathF.Sqrt(2))])]);
        return t.Graph.Add("Mul", [t.Graph.Add("Mul", [x, t.Graph.Add("Add", [erf, t.Graph.Scalar(1)])]), t.Graph.Scalar(0.5f)]);
    }

    /// <summary>x · sigmoid(x).</summary>
    public static string Silu(Translation t, TracedOperation o) => t.Graph.Add("Mul", [t.Name(o, 0), t.Graph.Add("Sigmoid", [t.Name(o, 0)])]);

    /// <summary>x².</summary>
    public static string Square(Translation t, TracedOperation o) => t.Graph.Add("Mul", [t.Name(o, 0), t.Name(o, 0)]);

    /// <summary>scale · x + shift.</summary>
    public static string ScaleShift(Translation t, TracedOperation o)
    {
        ScaleShiftAttributes a = (ScaleShiftAttributes)o.Attributes;
        string scaled = t.Graph.Add("Mul", [t.Name(o, 0), t.Graph.Scalar(a.Scale)]);
        return a.Shift == 0 ? scaled : t.Graph.Add("Add", [scaled, t.Graph.Scalar(a.Shift)]);
    }

    /// <summary>a · x + b · y.</summary>
    public static string WeightedSum(Translation t, TracedOperation o)
    {
        WeightedSumAttributes a = (WeightedSumAttributes)o.Attributes;
        return t.Graph.Add("Add", [t.Graph.Add("Mul", [t.Name(o, 0), t.Graph.Scalar(a.A)]), t.Graph.Add("Mul", [t.Name(o, 1), t.Graph.Scalar(a.B)])]);
    }

    /// <summary>Softmax or its logarithm along a dimension.</summary>
    public static Translator Softmax(string operation) =>
        (t, o) => t.Graph.Add(operation, [t.Name(o, 0)], OnnxAttribute.Int("axis", ((SoftmaxAttributes)o.Attributes).Dim));
}
