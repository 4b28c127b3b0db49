namespace HeteroAKD.Weights.Onnx;

/// <summary>An attribute of a node: AttributeProto, with the field numbers of onnx.proto.</summary>
internal sealed class OnnxAttribute
{
    private const int NameField = 1;
    private const int FloatField = 2;
    private const int IntField = 3;
    private const int TextField = 4;
    private const int IntsField = 8;
    private const int TypeField = 20;

    private OnnxAttribute(ProtoMessage message) => Message = message;

    /// <summary>As the file holds it.</summary>
    public ProtoMessage Message { get; }

    /// <summary>A float32.</summary>
    public static OnnxAttribute Float(string name, float value) => new(Start(name, 1).Float(FloatField, value));

    /// <summary>An integer.</summary>
    public static OnnxAttribute Int(string name, int value) => new(Start(name, 2).Int(IntField, value));

    /// <summary>A text.</summary>
    public static OnnxAttribute Text(string name, string value) => new(Start(name, 3).Text(TextField, value));

    /// <summary>Integers.</summary>
    public static OnnxAttribute Ints(string name, params ReadOnlySpan<int> values)
    {
        ProtoMessage message = Start(name, 7);
        foreach (int value in values)
        {
            message.Int(IntsField, value);
        }

        return new OnnxAttribute(message);
    }

    private static ProtoMessage Start(string name, int type) => new ProtoMessage().Text(NameField, name).Int(TypeField, type);
}
