using Google.Protobuf;
using Tag = Google.Protobuf.WireFormat.WireType;

namespace HeteroAKD.Weights.Onnx;

/// <summary>
/// A protocol buffers message under construction. It knows its size, which the wire format wants ahead of a nested message, and refers to large byte
/// fields instead of copying them: weights are in memory once until they are in the stream. A message is complete when it becomes a field of another.
/// </summary>
public sealed class ProtoMessage
{
    private readonly List<Action<CodedOutputStream>> _fields = [];

    /// <summary>Bytes of the message.</summary>
    public int Size { get; private set; }

    /// <summary>Adds an integer or an enumeration's value.</summary>
    public ProtoMessage Int(int field, long value) => Add(field, CodedOutputStream.ComputeInt64Size(value), Tag.Varint, s => s.WriteInt64(value));

    /// <summary>Adds a float32.</summary>
    public ProtoMessage Float(int field, float value) => Add(field, CodedOutputStream.ComputeFloatSize(value), Tag.Fixed32, s => s.WriteFloat(value));

    /// <summary>Adds a float64.</summary>
    public ProtoMessage Double(int field, double value) => Add(field, CodedOutputStream.ComputeDoubleSize(value), Tag.Fixed64, s => s.WriteDouble(value));

    /// <summary>Adds a text.</summary>
    public ProtoMessage Text(int field, string value) => Add(field, CodedOutputStream.ComputeStringSize(value), Tag.LengthDelimited, s => s.WriteString(value));

    /// <summary>Adds bytes, which must not change until the message is written.</summary>
    public ProtoMessage Bytes(int field, ReadOnlyMemory<byte> value)
    {
        ByteString wrapped = UnsafeByteOperations.UnsafeWrap(value);
        return Add(field, CodedOutputStream.ComputeBytesSize(wrapped), Tag.LengthDelimited, s => s.WriteBytes(wrapped));
    }

    /// <summary>Adds a complete message.</summary>
    public ProtoMessage Message(int field, ProtoMessage value) =>
        Add(field, CodedOutputStream.ComputeLengthSize(value.Size) + value.Size, Tag.LengthDelimited, s =>
    {
        s.WriteLength(value.Size);
        value.WriteFields(s);
    });

    /// <summary>Writes the message.</summary>
    public void WriteTo(Stream stream)
    {
        using CodedOutputStream output = new(stream, leaveOpen: true);
        WriteFields(output);
    }

    private ProtoMessage Add(int field, int size, Tag type, Action<CodedOutputStream> write)
    {
        Size = checked(Size + CodedOutputStream.ComputeTagSize(field) + size);
        _fields.Add(s =>
        {
            s.WriteTag(field, type);
            write(s);
        });
        return this;
    }

    private void WriteFields(CodedOutputStream stream)
    {
        foreach (Action<CodedOutputStream> write in _fields)
        {
            write(stream);
        }
    }
}
