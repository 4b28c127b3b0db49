using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace HeteroAKD.Weights.Formats;

/// <summary>
/// A protocol buffers message that is read field by field, without generated code. What a reader does not take is skipped; nested messages are read by a nested
/// one.
/// </summary>
/// <param name="take">Takes a field of a number and wire type from the stream, or returns false.</param>
internal sealed class ProtoFields(Func<int, WireFormat.WireType, CodedInputStream, bool> take) : IMessage
{
    /// <inheritdoc/>
    public MessageDescriptor Descriptor => throw new NotSupportedException("these messages have no descriptor");

    /// <inheritdoc/>
    public void MergeFrom(CodedInputStream input)
    {
        uint tag;
        while ((tag = input.ReadTag()) != 0)
        {
            if (!take(WireFormat.GetTagFieldNumber(tag), WireFormat.GetTagWireType(tag), input))
            {
                input.SkipLastField();
            }
        }
    }

    /// <inheritdoc/>
    public void WriteTo(CodedOutputStream output) => throw new NotSupportedException("these messages are only read");

    /// <inheritdoc/>
    public int CalculateSize() => throw new NotSupportedException("these messages are only read");

    /// <summary>Integers of a repeated field, packed or one at a time.</summary>
    /// <param name="type">How the field is written.</param>
    /// <param name="input">At the field.</param>
    /// <param name="values">Where they go.</param>
    /// <param name="most">Further ones are passed over.</param>
    public static bool Integers(WireFormat.WireType type, CodedInputStream input, List<long> values, int most)
    {
        if (type == WireFormat.WireType.Varint)
        {
            long value = input.ReadInt64();
            if (values.Count < most)
            {
                values.Add(value);
            }

            return true;
        }

        if (type != WireFormat.WireType.LengthDelimited)
        {
            return false;
        }

        using CodedInputStream packed = input.ReadBytes().CreateCodedInput();
        while (!packed.IsAtEnd && values.Count < most)
        {
            values.Add(packed.ReadInt64());
        }

        return true;
    }
}
