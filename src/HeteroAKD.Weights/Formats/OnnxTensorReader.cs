using System.Runtime.InteropServices;
using Google.Protobuf;
using static Google.Protobuf.WireFormat.WireType;

namespace HeteroAKD.Weights.Formats;

/// <summary>Reads a TensorProto. Numbers of fields and types are those of onnx.proto.</summary>
internal sealed class OnnxTensorReader
{
    private const int ExternalLocation = 1;

    private readonly OnnxExternalFiles _files;
    private readonly List<long> _sizes = [];
    private readonly Dictionary<string, string> _external = [];
    private int _type;
    private long _location;
    private byte[]? _elements;

    private OnnxTensorReader(OnnxExternalFiles files)
    {
        _files = files;
    }

    /// <summary>Its name in the graph.</summary>
    public string Name { get; set; } = "";

    /// <summary>Whether it is a float without dimensions: a bound or a factor, and no weights.</summary>
    public bool IsScalar => _sizes.Count == 0 && Type is not null;

    // Weights are floats; shapes, indices and quantised values are not read.
    private StoredType? Type => _type switch
    {
        1 => StoredType.Of("F32"),
        10 => StoredType.Of("F16"),
        11 => StoredType.Of("F64"),
        16 => StoredType.Of("BF16"),
        _ => null,
    };

    /// <summary>Reads the fields.</summary>
    /// <param name="input">At the message.</param>
    /// <param name="files">The files with further elements.</param>
    public static OnnxTensorReader Read(CodedInputStream input, OnnxExternalFiles files)
    {
        OnnxTensorReader tensor = new(files);
        input.ReadMessage(new ProtoFields(tensor.Take));
        return tensor;
    }

    /// <summary>The tensor, or null where it is of a type that no weights have.</summary>
    /// <exception cref="OnnxProblemException">Its sizes and elements do not agree, or a file is missing.</exception>
    public HostTensor? ToHost()
    {
        if (Type is not { } type)
        {
            return null;
        }

        string shown = $"tensor '{FileLimits.Shown(Name)}'";
        if (FileLimits.RankProblem(shown, _sizes.Count) is { } problem)
        {
            throw new OnnxProblemException(problem);
        }

        long count = type.CountOf(CollectionsMarshal.AsSpan(_sizes), TorchTensors.MaxTensorBytes);
        byte[]? elements = _location == ExternalLocation && count >= 0 ? _files.Read(shown, _external, count * type.Bytes) : _elements;
        return count >= 0 && (elements?.Length ?? 0) == count * type.Bytes
            ? type.ToHost(Name, [.. _sizes.Select(s => (int)s)], elements ?? [])
            : throw new OnnxProblemException($"is broken: {shown} of [{string.Join(", ", _sizes)}] has {elements?.Length ?? 0} bytes of {type.Name}");
    }

    private bool Take(int field, WireFormat.WireType type, CodedInputStream input)
    {
        switch (field)
        {
            case 1:
                return ProtoFields.Integers(type, input, _sizes, FileLimits.MaxRank + 1);
            case 2 when type == Varint:
                _type = input.ReadInt32();
                return true;
            case 8 when type == LengthDelimited:
                Name = input.ReadString();
                return true;
            case 4 or 9 or 10 when type == LengthDelimited: // floats, bytes or doubles, all little-endian
                _elements = ArrayOf(input.ReadBytes());
                return true;
            case 5 when type == LengthDelimited && Type?.Bytes == sizeof(ushort): // float16 as integers
                _elements = Halves(input.ReadBytes());
                return true;
            case 13 when type == LengthDelimited:
                Entry(input);
                return true;
            case 14 when type == Varint:
                _location = input.ReadInt64();
                return true;
            default:
                return false;
        }
    }

    // StringStringEntryProto
    private void Entry(CodedInputStream input)
    {
        string key = "";
        string value = "";
        input.ReadMessage(new ProtoFields((field, type, stream) =>
        {
            if (type != LengthDelimited || field is not (1 or 2))
            {
                return false;
            }

            (key, value) = field == 1 ? (stream.ReadString(), value) : (key, stream.ReadString());
            return true;
        }));
        _external[key] = value;
    }

    // Each is a varint of one to three bytes.
    private static byte[] Halves(ByteString packed)
    {
        List<ushort> values = [];
        using CodedInputStream input = packed.CreateCodedInput();
        while (!input.IsAtEnd)
        {
            values.Add((ushort)input.ReadInt32());
        }

        return MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(values)).ToArray();
    }

    private static byte[] ArrayOf(ByteString bytes) =>
        MemoryMarshal.TryGetArray(bytes.Memory, out ArraySegment<byte> array) && array.Offset == 0 && array.Count == array.Array!.Length ? array.Array
            : bytes.ToByteArray();
}
