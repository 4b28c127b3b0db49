using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Tests.Ops;

/// <summary>Calls of operations as the tests write them: shapes "2,3|3", settings "tau=4 axis=spatial".</summary>
internal static class CallText
{
    public static Shape Shape(string text) => Tensors.Shape.Of([.. text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)]);

    public static Dictionary<string, string> Attributes(string settings) =>
        settings.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToDictionary(s => s.Split('=')[0], s => s.Split('=')[1]);

    /// <summary>Tensors of these shapes with undefined contents, of the types that the operation takes.</summary>
    public static Tensor[] Inputs(Device device, OpRow row, string shapes) =>
        [.. shapes.Split('|').Select((text, i) => Tensor.Empty(device, Shape(text), row.Inputs[i].Integer ? DType.Int32 : DType.Float32))];
}
