using Google.Protobuf;
using static Google.Protobuf.WireFormat.WireType;

namespace HeteroAKD.Weights.Formats;

/// <summary>Reads a GraphProto. Numbers of fields are those of onnx.proto.</summary>
/// <param name="files">The files with further elements.</param>
internal sealed class OnnxGraphReader(OnnxExternalFiles files)
{
    private const int FloatAttribute = 2;
    private const int TensorAttribute = 5;

    private readonly List<HostTensor> _tensors = [];
    private readonly List<OnnxNode> _nodes = [];
    private readonly List<string> _inputs = [];
    private readonly List<string> _outputs = [];
    private readonly List<string> _scalars = [];
    private readonly HashSet<string> _names = [];
    private int _others;

    /// <summary>The fields of the graph.</summary>
    public ProtoFields Fields() => new((field, type, input) =>
    {
        if (type != LengthDelimited)
        {
            return false;
        }

        switch (field)
        {
            case 1:
                Node(input);
                return true;
            case 5:
                Keep(OnnxTensorReader.Read(input, files));
                return true;
            case 11:
                _inputs.Add(NameOf(input));
                return true;
            case 12:
                _outputs.Add(NameOf(input));
                return true;
            default:
                return false;
        }
    });

    /// <summary>All of it.</summary>
    public OnnxContent Content() => new(_tensors, _nodes, [.. _inputs.Where(n => !_names.Contains(n))], _outputs, _scalars, _others);

    private void Node(CodedInputStream input)
    {
        List<string> inputs = [];
        List<string> outputs = [];
        string op = "";
        float epsilon = 1e-5f;
        OnnxTensorReader? constant = null;
        bool isFloat = false;
        input.ReadMessage(new ProtoFields((field, type, stream) =>
        {
            if (type != LengthDelimited)
            {
                return false;
            }

            switch (field)
            {
                case 1:
                    inputs.Add(stream.ReadString());
                    return true;
                case 2:
                    outputs.Add(stream.ReadString());
                    return true;
                case 4:
                    op = stream.ReadString();
                    return true;
                case 5:
                    (string name, float number, OnnxTensorReader? tensor) = Attribute(stream);
                    epsilon = name == "epsilon" ? number : epsilon;
                    constant = name == "value" ? tensor : constant;
                    isFloat |= name == "value_float";
                    return true;
                default:
                    return false;
            }
        }));
        if (op == "Constant" && constant is not null && outputs.Count == 1)
        {
            constant.Name = outputs[0];
            Keep(constant);
            return;
        }

        if (op == "Constant" && isFloat && outputs.Count == 1)
        {
            _scalars.Add(outputs[0]);
            return;
        }

        _nodes.Add(new OnnxNode(op, inputs, outputs, epsilon));
    }

    private (string Name, float Number, OnnxTensorReader? Tensor) Attribute(CodedInputStream input)
    {
        string name = "";
        float number = 0;
        OnnxTensorReader? tensor = null;
        input.ReadMessage(new ProtoFields((field, type, stream) =>
        {
            switch (field)
            {
                case 1 when type == LengthDelimited:
                    name = stream.ReadString();
                    return true;
                case FloatAttribute when type == Fixed32:
                    number = stream.ReadFloat();
                    return true;
                case TensorAttribute when type == LengthDelimited:
                    tensor = OnnxTensorReader.Read(stream, files);
                    return true;
                default:
                    return false;
            }
        }));
        return (name, number, tensor);
    }

    private void Keep(OnnxTensorReader read)
    {
        if (FileLimits.NameProblem(read.Name) is { } problem)
        {
            throw new OnnxProblemException(problem);
        }

        if (!_names.Add(read.Name))
        {
            throw new OnnxProblemException($"holds the tensor '{FileLimits.Shown(read.Name)}' twice");
        }

        if (read.IsScalar)
        {
            _scalars.Add(read.Name);
        }
        else if (read.ToHost() is { } tensor)
        {
            _tensors.Add(tensor);
        }
        else
        {
            _others++;
        }
    }

    // ValueInfoProto.name
    private static string NameOf(CodedInputStream input)
    {
        string name = "";
        input.ReadMessage(new ProtoFields((field, type, stream) =>
        {
            if (field != 1 || type != LengthDelimited)
            {
                return false;
            }

            name = stream.ReadString();
            return true;
        }));
        return name;
    }
}
