using System.Globalization;
using System.Runtime.InteropServices;
using Google.Protobuf;
using HeteroAKD.Tensors;
using static Google.Protobuf.WireFormat.WireType;

namespace HeteroAKD.Weights.Formats;

/// <summary>Reads a TensorProto. Numbers of fields and types are those of onnx.proto.</summary>
internal sealed class OnnxTensorReader
{
    private const int ExternalLocation = 1;

    private readonly string _folder;
    private readonly List<long> _sizes = [];
    private readonly Dictionary<string, string> _external = [];
    private int _type;
    private long _location;
    private byte[]? _elements;

    private OnnxTensorReader(string folder)
    {
        _folder = folder;
    }

    /// <summary>Its name in the graph.</summary>
    public string Name { get; set; } = "";

    /// <summary>Whether it holds floats in dimensions; bounds, shapes and indices that a graph computes with do not.</summary>
    public bool MayBeWeights => _sizes.Count > 0 && Type?.HostType is "F32" or "F64";

    private StoredType? Type => _type switch
    {
        1 => StoredType.Of("F32"),
        2 => StoredType.Of("U8"),
        3 => StoredType.Of("I8"),
        4 => StoredType.Of("U16"),
        5 => StoredType.Of("I16"),
        6 => StoredType.Of("I32"),
        7 => StoredType.Of("I64"),
        9 => StoredType.Of("BOOL"),
        10 => StoredType.Of("F16"),
        11 => StoredType.Of("F64"),
        12 => StoredType.Of("U32"),
        16 => StoredType.Of("BF16"),
        _ => null,
    };

    /// <summary>Reads the fields.</summary>
    /// <param name="input">At the message.</param>
    /// <param name="folder">Where a file with its elements would lie.</param>
    public static OnnxTensorReader Read(CodedInputStream input, string folder)
    {
        OnnxTensorReader tensor = new(folder);
        input.ReadMessage(new ProtoFields(tensor.Take));
        return tensor;
    }

    /// <summary>The tensor, or null where it is of a type that no weights have, or keeps numbers in a field that no weights are kept in.</summary>
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
        byte[]? elements = _location == ExternalLocation ? External(shown, count * type.Bytes) : _elements;
        if (elements is null && count != 0)
        {
            return null;
        }

        return count >= 0 && (elements?.Length ?? 0) == count * type.Bytes
            ? type.ToHost(Name, [.. _sizes.Select(s => (int)s)], elements ?? [])
            : throw new OnnxProblemException($"is broken: {shown} of [{string.Join(", ", _sizes)}] has {elements?.Length ?? 0} bytes of {type.Name}");
    }

    private bool Take(int field, WireFormat.WireType type, CodedInputStream input)
    {
        switch (field)
        {
            case 1:
                return ProtoFields.Integers(type, input, _sizes);
            case 2 when type == Varint:
                _type = input.ReadInt32();
                return true;
            case 8 when type == LengthDelimited:
                Name = input.ReadString();
                return true;
            case 4 or 9 or 10 when type == LengthDelimited: // floats, bytes or doubles, all little-endian
                _elements = ArrayOf(input.ReadBytes());
                return true;
            case 7 when type == LengthDelimited:
                List<long> integers = [];
                ProtoFields.Integers(type, input, integers);
                _elements = MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(integers)).ToArray();
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

    private byte[] External(string shown, long bytes)
    {
        string name = _external.GetValueOrDefault("location", "");
        if (name.Length == 0 || Path.IsPathRooted(name) || name.Split('/', '\\').Contains(".."))
        {
            throw new OnnxProblemException($"keeps {shown} in the file '{FileLimits.Shown(name)}', which is not beside it");
        }

        long offset = Number("offset");
        try
        {
            using FileStream stream = RegularFile.OpenRead(Path.Combine(_folder, name));
            if (bytes < 0 || offset < 0 || offset > stream.Length - bytes)
            {
                throw new OnnxProblemException($"keeps {shown} in the file '{FileLimits.Shown(name)}', which ends before it");
            }

            byte[] elements = new byte[bytes];
            stream.Position = offset;
            stream.ReadExactly(elements);
            return elements;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OnnxProblemException($"keeps {shown} in the file '{FileLimits.Shown(name)}', which cannot be read: {e.Message}");
        }
    }

    private long Number(string key) => long.TryParse(_external.GetValueOrDefault(key, "0"), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : -1;

    private static byte[] ArrayOf(ByteString bytes) =>
        MemoryMarshal.TryGetArray(bytes.Memory, out ArraySegment<byte> array) && array.Offset == 0 && array.Count == array.Array!.Length ? array.Array : bytes.ToByteArray();
}
