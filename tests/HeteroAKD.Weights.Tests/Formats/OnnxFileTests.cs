using System.Runtime.InteropServices;
using HeteroAKD.Weights.Formats;

namespace HeteroAKD.Weights.Tests.Formats;

public sealed class OnnxFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Initializers_and_constants_are_read_in_order()
    {
        OnnxContent content = Read(new OnnxBytes()
            .Tensor("a", [2, 1, 1, 1], 1, 2)
            .Raw("half", [2], 10, MemoryMarshal.AsBytes<Half>([(Half)0.5f, (Half)3]).ToArray())
            .Raw("text", [1], 8, [1])
            .Constant("c", [1], 7)
            .Constant("limit", [], 6)
            .Node("Conv", ["x", "a"], "y")
            .Output("y"));
        Assert.Equal(["a", "half", "c"], content.Tensors.Select(t => t.Name));
        Assert.Equal(["limit"], content.Scalars);
        Assert.Equal([0.5f, 3], content.Tensors.Single(t => t.Name == "half").ToFloats().ToArray());
        Assert.Equal(1, content.Others);
        Assert.Equal(("Conv", 1e-5f), (content.Nodes.Single().Op, content.Nodes.Single().Epsilon));
        Assert.Equal(["y"], content.Outputs);
    }

    [Fact]
    public void Elements_may_lie_in_a_file_beside_it()
    {
        File.WriteAllBytes(_folder.File("weights.bin"), MemoryMarshal.AsBytes<float>([9, 1, 2]).ToArray());
        Assert.Equal([1, 2], Read(new OnnxBytes().External("a", [2], "weights.bin", 4)).Tensors.Single().ToFloats().ToArray());
    }

    [Theory]
    [InlineData("weights.bin", 8, "which ends before it")]
    [InlineData("weights.bin", -4, "which ends before it")]
    [InlineData("none.bin", 0, "which cannot be read: ")]
    [InlineData("../weights.bin", 0, "which is not beside it")]
    [InlineData("/etc/passwd", 0, "which is not beside it")]
    [InlineData("", 0, "which is not beside it")]
    [InlineData("a\0b", 0, "which is not beside it")]
    public void A_file_beside_it_must_have_them(string location, long offset, string message)
    {
        File.WriteAllBytes(_folder.File("weights.bin"), new byte[12]);
        Assert.Contains(
            message, Assert.Throws<OnnxFileException>(() => Read(new OnnxBytes().External("a", [2], location, offset))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Elements_that_many_tensors_share_have_a_limit()
    {
        File.WriteAllBytes(_folder.File("weights.bin"), new byte[12]);
        OnnxBytes graph = new();
        for (int i = 0; i < 4; i++)
        {
            graph.External($"t{i}", [3], "weights.bin", 0);
        }

        Assert.Contains("takes more than 2 times the bytes", Assert.Throws<OnnxFileException>(() => Read(graph)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Half_floats_may_be_written_as_integers()
    {
        ushort[] halves = [.. new[] { 0.5f, -3, 65504 }.Select(v => BitConverter.HalfToUInt16Bits((Half)v))];
        Assert.Equal([0.5f, -3, 65504], Read(new OnnxBytes().Integers("h", [3], 10, halves)).Tensors.Single().ToFloats().ToArray());
    }

    [Fact]
    public void What_is_broken_is_named()
    {
        Refuse(new OnnxBytes().Raw("a", [3], 1, new byte[8]).File(), "is broken: tensor 'a' of [3] has 8 bytes of F32");
        Refuse(new OnnxBytes().Raw("a", [-1], 1, new byte[8]).File(), "is broken: tensor 'a' of [-1] has 8 bytes of F32");
        Refuse(new OnnxBytes().Raw("a", [int.MaxValue, int.MaxValue, int.MaxValue], 1, new byte[8]).File(), "is broken: tensor 'a'");
        Refuse(new OnnxBytes().Raw("a", [.. Enumerable.Repeat(1, 65)], 1, new byte[4]).File(), "of 65 dimensions; up to 64 are read");
        Refuse(new OnnxBytes().Tensor("a", [1], 1).Tensor("a", [1], 1).File(), "holds the tensor 'a' twice");
        Refuse(new OnnxBytes().Tensor(new string('n', 2000), [1], 1).File(), "whose name has 2000 characters");
        Refuse([0x08, 0x03, 0x12, 0x02, (byte)'a', (byte)'b', 0x10, 0x01, 0x18, 0x01], "is an ONNX file without a graph");
        Refuse([0x08, 0x03, 0x3A, 0x7F, 0, 0, 0, 0, 0, 0], "is a damaged ONNX file: ");
        byte[] cut = new OnnxBytes().Tensor("a", [4], 1, 2, 3, 4).File()[..^6];
        Refuse(cut, "is a damaged ONNX file: ");
    }

    [Fact]
    public void A_safetensors_file_with_such_a_header_length_is_none()
    {
        Assert.False(OnnxFile.Recognises([0x08, 0x03, 0x12, 0, 0, 0, 0, 0, (byte)'{']));
        Assert.True(OnnxFile.Recognises([0x08, 0x03, 0x12, 4, (byte)'C', (byte)'N', (byte)'T', (byte)'K', (byte)'{']));
    }

    private void Refuse(byte[] file, string message)
    {
        File.WriteAllBytes(_folder.File("x.onnx"), file);
        Assert.Contains(message, Assert.Throws<OnnxFileException>(() => OnnxFile.Read(_folder.File("x.onnx"))).Message, StringComparison.Ordinal);
    }

    private OnnxContent Read(OnnxBytes graph)
    {
        File.WriteAllBytes(_folder.File("x.onnx"), graph.File());
        return OnnxFile.Read(_folder.File("x.onnx"));
    }
}
