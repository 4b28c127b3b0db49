using HeteroAKD.Experiments.Export;
using HeteroAKD.Nn.Initialization;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Weights.Onnx;

namespace HeteroAKD.Experiments.Tests.Export;

/// <summary>A function of a few tensors, run by the engine and, translated, by ONNX Runtime.</summary>
internal sealed record OperatorCase(string Name, Shape[] Inputs, Shape[] Parameters, Func<Tensor[], Tensor[], Tensor> Function)
{
    /// <summary>Lower end of the values; 0.5 for functions of positive numbers.</summary>
    public float Low { get; init; } = -2;

    /// <summary>Translates the function as it runs on these sizes and compares on other images, of another number where the batch is open.</summary>
    public void Compare(Device device, TranslationOptions options, double tolerance = 2e-5)
    {
        using StepScope step = device.BeginStep();
        Generator generator = new(7);
        Tensor[] parameters = [.. Parameters.Select(s => Random(device, s, generator, 0.5f))];
        byte[] graph = Translate(device, parameters, options);
        Tensor[] inputs = [.. Inputs.Select(s => Random(device, options.DynamicBatch ? WithBatch(s, 3) : s, generator, Low))];
        Tensor expected = Function(inputs, parameters);
        using OnnxSession session = new(graph);
        (float[] actual, Shape shape) = session.Run([.. inputs.Select((t, i) => ($"x{i}", Translation.Values(t), t.Shape))], "y");
        Assert.Equal(expected.Shape, shape);
        float[] values = Translation.Values(expected);
        double scale = values.Max(v => Math.Abs((double)v));
        Assert.True(scale > 0);
        Assert.All(values.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, tolerance * scale));
    }

    private byte[] Translate(Device device, Tensor[] parameters, TranslationOptions options)
    {
        Tensor[] inputs = [.. Inputs.Select(s => Tensor.Zeros(device, s))];
        using GraphTrace trace = new(device);
        Tensor output = Function(inputs, parameters);
        OnnxGraph graph = Translation.Translate(
            trace.Operations, inputs.Select((t, i) => ($"x{i}", t)), [("y", output)], parameters.Select((t, i) => ($"layer{i}.weight", t)), options);
        ProtoMessage message = graph.ToModel(
            "case", inputs.Select(
                (t, i) => new OnnxValue($"x{i}", t.Shape)), [new OnnxValue("y", output.Shape)], options.DynamicBatch, new Dictionary<string, string>());
        using MemoryStream stream = new();
        message.WriteTo(stream);
        Assert.Equal(message.Size, stream.Length);
        return stream.ToArray();
    }

    private static Shape WithBatch(Shape shape, int batch) => Shape.Of([batch, .. shape.ToArray().Skip(1)]);

    private static Tensor Random(Device device, Shape shape, Generator generator, float low)
    {
        float[] values = new float[shape.Count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = low + ((2 - low) * (float)generator.NextUniform());
        }

        return Tensor.From(device, shape, values);
    }
}
