using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Inference;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Weights.Onnx;

/// <summary>Convolution and the batch normalisation after it.</summary>
internal static class ConvolutionOperators
{
    private const string WeightSuffix = ".weight";

    // Inputs of batch_norm by position.
    private const int Gamma = 1;
    private const int Beta = 2;
    private const int Mean = 3;
    private const int Variance = 4;
    private const int Residual = 5;

    /// <summary>A convolution, with the batch normalisation that is folded into it.</summary>
    public static string Conv2d(Translation t, TracedOperation o)
    {
        Conv2dAttributes a = (Conv2dAttributes)o.Attributes;
        string[] parameters = t.FoldedInto(o) is { } normalization ? Folded(t, o, normalization)
            : o.Inputs[2] is null ? [t.Name(o, 1)]
            : [t.Name(o, 1), t.Name(o, 2)];
        return t.Graph.Add(
            "Conv",
            [t.Name(o, 0), .. parameters],
            OnnxAttribute.Ints("kernel_shape", o.Inputs[1]!.Shape[2], o.Inputs[1]!.Shape[3]),
            OnnxAttribute.Ints("strides", a.Stride.Height, a.Stride.Width),
            OnnxAttribute.Ints("pads", a.Padding.Height, a.Padding.Width, a.Padding.Height, a.Padding.Width),
            OnnxAttribute.Ints("dilations", a.Dilation.Height, a.Dilation.Width),
            OnnxAttribute.Int("group", a.Groups));
    }

    /// <summary>A transposed convolution.</summary>
    public static string ConvTranspose2d(Translation t, TracedOperation o)
    {
        ConvTranspose2dAttributes a = (ConvTranspose2dAttributes)o.Attributes;
        string[] inputs = o.Inputs[2] is null ? [t.Name(o, 0), t.Name(o, 1)] : [t.Name(o, 0), t.Name(o, 1), t.Name(o, 2)];
        return t.Graph.Add(
            "ConvTranspose",
            inputs,
            OnnxAttribute.Ints("kernel_shape", o.Inputs[1]!.Shape[2], o.Inputs[1]!.Shape[3]),
            OnnxAttribute.Ints("strides", a.Stride.Height, a.Stride.Width),
            OnnxAttribute.Ints("pads", a.Padding.Height, a.Padding.Width, a.Padding.Height, a.Padding.Width),
            OnnxAttribute.Ints("output_padding", a.OutputPadding.Height, a.OutputPadding.Width),
            OnnxAttribute.Ints("dilations", a.Dilation.Height, a.Dilation.Width),
            OnnxAttribute.Int("group", a.Groups));
    }

    /// <summary>A batch normalisation by running statistics, then the residual, then the ReLU.</summary>
    public static string BatchNorm(Translation t, TracedOperation o)
    {
        BatchNormAttributes a = (BatchNormAttributes)o.Attributes;
        if (a.Training)
        {
            throw new ExportException("operation 'batch_norm' ran in training mode; trace the network with Pass.Evaluation.");
        }

        string result = t.IsFolded(o)
            ? t.Name(o, 0)
            : t.Graph.Add(
                "BatchNormalization",
                [t.Name(o, 0), t.Name(o, Gamma), t.Name(o, Beta), t.Name(o, Mean), t.Name(o, Variance)],
                OnnxAttribute.Float("epsilon", a.Eps));
        result = o.Inputs[Residual] is null ? result : t.Graph.Add("Add", [result, t.Name(o, Residual)]);
        return a.Relu ? t.Graph.Add("Relu", [result]) : result;
    }

    private static string[] Folded(Translation t, TracedOperation convolution, TracedOperation normalization)
    {
        float[] weight = Translation.Values(convolution.Inputs[1]!); // [O, I/groups, KH, KW]
        float[] bias = convolution.Inputs[2] is { } own ? Translation.Values(own) : new float[convolution.Inputs[1]!.Shape[0]]; // [O]
        BatchNormFolding.Fold(normalization, weight.AsSpan(), bias.AsSpan());

        string name = t.ParameterName(convolution, 1);
        string layer = name.EndsWith(WeightSuffix, StringComparison.Ordinal) ? name[..^WeightSuffix.Length] : name;
        string biasName = convolution.Inputs[2] is null ? layer + ".bias" : t.ParameterName(convolution, 2);
        return [t.Graph.Initializer(name, convolution.Inputs[1]!.Shape.ToArray(), () => weight), t.Graph.Initializer(biasName, [bias.Length], () => bias)];
    }
}
