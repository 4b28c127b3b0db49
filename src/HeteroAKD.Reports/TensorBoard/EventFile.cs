using System.Buffers.Binary;
using System.Numerics;
using Google.Protobuf;
using HeteroAKD.Weights.Onnx;

namespace HeteroAKD.Reports.TensorBoard;

/// <summary>A number of a step.</summary>
/// <param name="WallTime">When it was written, in seconds since 1970.</param>
/// <param name="Step">The step.</param>
/// <param name="Tag">Its name, such as <c>distilled/loss</c>.</param>
/// <param name="Value">The number.</param>
public readonly record struct ScalarEvent(double WallTime, long Step, string Tag, float Value);

/// <summary>
/// TensorBoard's event files: TensorFlow's record format (length, masked CRC-32C of the length, data, masked CRC-32C of the data) around messages <c>Event</c>
/// (tensorflow/core/util/event.proto), of which the first names the version and the others hold scalars.
/// </summary>
public static class EventFile
{
    private const string Version = "brain.Event:2";
    private const int LengthBytes = sizeof(ulong) + sizeof(uint);

    // Fields of Event, Summary and Summary.Value.
    private const int WallTimeField = 1;
    private const int StepField = 2;
    private const int VersionField = 3;
    private const int SummaryField = 5;
    private const int ValueField = 1;
    private const int TagField = 1;
    private const int SimpleValueField = 2;

    /// <summary>The record that a file begins with.</summary>
    public static byte[] Header(double wallTime) => Framed(new ProtoMessage().Double(WallTimeField, wallTime).Text(VersionField, Version));

    /// <summary>A record with the numbers of a step.</summary>
    public static byte[] Record(double wallTime, long step, params IEnumerable<(string Tag, float Value)> values)
    {
        ProtoMessage summary = new();
        foreach ((string tag, float value) in values)
        {
            summary.Message(ValueField, new ProtoMessage().Text(TagField, tag).Float(SimpleValueField, value));
        }

        return Framed(new ProtoMessage().Double(WallTimeField, wallTime).Int(StepField, step).Message(SummaryField, summary));
    }

    /// <summary>Reads the scalars of a file up to its end, or to the first record that is cut short or damaged.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <returns>The scalars in order, and what is wrong with the rest; empty for nothing.</returns>
    public static (IReadOnlyList<ScalarEvent> Events, string Problem) Read(ReadOnlySpan<byte> bytes)
    {
        List<ScalarEvent> events = [];
        bool first = true;
        for (int at = 0; at < bytes.Length; first = false)
        {
            if (DataAt(bytes[at..]) is not { } length)
            {
                return (events, $"the record at byte {at} is cut short or damaged");
            }

            byte[] data = bytes.Slice(at + LengthBytes, length).ToArray();
            try
            {
                if (Add(data, events) is var version && first && version != Version)
                {
                    return (events, $"it does not begin with the version {Version}");
                }
            }
            catch (InvalidProtocolBufferException)
            {
                return (events, $"the record at byte {at} holds no event");
            }

            at += LengthBytes + length + sizeof(uint);
        }

        return (events, "");
    }

    /// <summary>TensorFlow's masked CRC-32C: rotated, plus a constant, because a CRC over data that contains CRCs is less reliable.</summary>
    internal static uint MaskedChecksum(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return BitOperations.RotateRight(~crc, 15) + 0xa282ead8;
    }

    private static byte[] Framed(ProtoMessage message)
    {
        using MemoryStream data = new(message.Size);
        message.WriteTo(data);
        byte[] record = new byte[LengthBytes + data.Length + sizeof(uint)];
        BinaryPrimitives.WriteUInt64LittleEndian(record, (ulong)data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(sizeof(ulong)), MaskedChecksum(record.AsSpan(0, sizeof(ulong))));
        data.ToArray().CopyTo(record, LengthBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(LengthBytes + (int)data.Length), MaskedChecksum(record.AsSpan(LengthBytes, (int)data.Length)));
        return record;
    }

    // The length of the data of the record that begins here; null where it is not whole.
    private static int? DataAt(ReadOnlySpan<byte> record)
    {
        if (record.Length < LengthBytes || BinaryPrimitives.ReadUInt32LittleEndian(record[sizeof(ulong)..]) != MaskedChecksum(record[..sizeof(ulong)]))
        {
            return null;
        }

        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(record);
        if (length > (ulong)(record.Length - LengthBytes) || (int)length > record.Length - LengthBytes - sizeof(uint))
        {
            return null;
        }

        ReadOnlySpan<byte> data = record.Slice(LengthBytes, (int)length);
        return BinaryPrimitives.ReadUInt32LittleEndian(record[(LengthBytes + data.Length)..]) == MaskedChecksum(data) ? data.Length : null;
    }

    // Adds the scalars of a message Event and returns its version, empty where it names none.
    private static string Add(byte[] data, List<ScalarEvent> events)
    {
        CodedInputStream input = new(data);
        (double wallTime, long step, string version) = (0, 0, "");
        List<ByteString> summaries = [];
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            switch (WireFormat.GetTagFieldNumber(tag))
            {
                case WallTimeField:
                    wallTime = input.ReadDouble();
                    break;
                case StepField:
                    step = input.ReadInt64();
                    break;
                case VersionField:
                    version = input.ReadString();
                    break;
                case SummaryField:
                    summaries.Add(input.ReadBytes());
                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        }

        foreach (ByteString value in summaries.SelectMany(summary => Messages(summary, ValueField)))
        {
            if (Scalar(value) is { } scalar)
            {
                events.Add(new ScalarEvent(wallTime, step, scalar.Tag, scalar.Value));
            }
        }

        return version;
    }

    private static List<ByteString> Messages(ByteString message, int field)
    {
        CodedInputStream input = message.CreateCodedInput();
        List<ByteString> found = [];
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            if (WireFormat.GetTagFieldNumber(tag) == field)
            {
                found.Add(input.ReadBytes());
            }
            else
            {
                input.SkipLastField();
            }
        }

        return found;
    }

    private static (string Tag, float Value)? Scalar(ByteString message)
    {
        CodedInputStream input = message.CreateCodedInput();
        (string? name, float? number) = (null, null);
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            switch (WireFormat.GetTagFieldNumber(tag))
            {
                case TagField:
                    name = input.ReadString();
                    break;
                case SimpleValueField:
                    number = input.ReadFloat();
                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        }

        return name is not null && number is { } value ? (name, value) : null;
    }
}
