using System.Runtime.InteropServices;
using HeteroAKD.Weights.Onnx;

namespace HeteroAKD.Tests;

/// <summary>Writes small ONNX graphs by hand, right or wrong.</summary>
internal sealed class OnnxBytes
{
    private readonly ProtoMessage _graph = new();

    /// <summary>Adds an initializer of float32 elements as bytes.</summary>
    public OnnxBytes Tensor(string name, int[] sizes, params float[] values) =>
        Add(5, Tensor(name, sizes, 1, MemoryMarshal.AsBytes(values.AsSpan()).ToArray()));

    /// <summary>Adds an initializer of any type.</summary>
    public OnnxBytes Raw(string name, int[] sizes, int type, byte[] bytes) => Add(5, Tensor(name, sizes, type, bytes));

    /// <summary>Adds an initializer of 16-bit elements as integers.</summary>
    public OnnxBytes Integers(string name, int[] sizes, int type, ushort[] values)
    {
        MemoryStream stream = new();
        using (Google.Protobuf.CodedOutputStream output = new(stream, leaveOpen: true))
        {
            foreach (ushort value in values)
            {
                output.WriteInt32(value);
            }
        }

        return Add(5, Tensor(name, sizes, type, null).Bytes(5, stream.ToArray()));
    }

    /// <summary>Adds an initializer whose elements lie in another file.</summary>
    public OnnxBytes External(string name, int[] sizes, string location, long offset) => Add(
        5, Tensor(name, sizes, 1, null).Message(13, Entry("location", location)).Message(13, Entry("offset", $"{offset}")).Int(14, 1));

    /// <summary>Adds an operation.</summary>
    public OnnxBytes Node(string op, string[] inputs, string output, float? epsilon = null)
    {
        ProtoMessage node = new();
        foreach (string input in inputs)
        {
            node.Text(1, input);
        }

        node.Text(2, output).Text(4, op);
        return Add(1, epsilon is { } value ? node.Message(5, new ProtoMessage().Text(1, "epsilon").Float(2, value).Int(20, 1)) : node);
    }

    /// <summary>Adds an operation that is a tensor.</summary>
    public OnnxBytes Constant(string output, int[] sizes, params float[] values) => Add(
        1, new ProtoMessage()
            .Text(2, output).Text(4, "Constant")
            .Message(5, new ProtoMessage().Text(1, "value").Message(5, Tensor("", sizes, 1, MemoryMarshal.AsBytes(values.AsSpan()).ToArray()))));

    /// <summary>Adds a convolution with a 1x1 weight of ones and its batch norm, of which all parameters are named after it.</summary>
    public OnnxBytes Layer(string name, string input, int inChannels, int outChannels, string output, float epsilon = 1e-5f)
    {
        float[] ones = [.. Enumerable.Repeat(1f, outChannels)];
        Tensor($"{name}.w", [outChannels, inChannels, 1, 1], [.. Enumerable.Range(0, outChannels * inChannels).Select(i => i + 1f)]);
        foreach (string part in new[] { "g", "b", "m", "v" })
        {
            Tensor($"{name}.{part}", [outChannels], ones);
        }

        return Node("Conv", [input, $"{name}.w"], $"{name}.y")
            .Node("BatchNormalization", [$"{name}.y", $"{name}.g", $"{name}.b", $"{name}.m", $"{name}.v"], output, epsilon);
    }

    /// <summary>Adds an output of the graph.</summary>
    public OnnxBytes Output(string name) => Add(12, new ProtoMessage().Text(1, name));

    /// <summary>The whole file.</summary>
    public byte[] File()
    {
        MemoryStream stream = new();
        new ProtoMessage().Int(1, 8).Text(2, "by hand").Message(7, _graph).WriteTo(stream);
        return stream.ToArray();
    }

    private OnnxBytes Add(int field, ProtoMessage message)
    {
        _graph.Message(field, message);
        return this;
    }

    private static ProtoMessage Tensor(string name, int[] sizes, int type, byte[]? bytes)
    {
        ProtoMessage tensor = new();
        foreach (int size in sizes)
        {
            tensor.Int(1, size);
        }

        tensor.Int(2, type).Text(8, name);
        return bytes is null ? tensor : tensor.Bytes(9, bytes);
    }

    private static ProtoMessage Entry(string key, string value) => new ProtoMessage().Text(1, key).Text(2, value);
}
