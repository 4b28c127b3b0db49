using System.Runtime.InteropServices;
using System.Text;
using HeteroAKD.Weights.Formats;

namespace HeteroAKD.Weights.Tests.Formats;

public sealed class NpyFileTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData("<f2", 1)]
    [InlineData("<f4", 2)]
    [InlineData("<f8", 3)]
    public void Floats_are_read_as_they_are(string type, byte version)
    {
        float[] values = [1.5f, -2, 0.25f, 3, 4, -65504];
        byte[] bytes = type switch
        {
            "<f2" => MemoryMarshal.AsBytes(Array.ConvertAll(values, v => (Half)v).AsSpan()).ToArray(),
            "<f4" => MemoryMarshal.AsBytes(values.AsSpan()).ToArray(),
            _ => MemoryMarshal.AsBytes(Array.ConvertAll(values, v => (double)v).AsSpan()).ToArray(),
        };
        Write($"{{'descr': '{type}', 'fortran_order': False, 'shape': (1, 2, 3), }}", bytes, version);
        (int[] sizes, float[] read) = NpyFile.Read(_path);
        Assert.Equal([1, 2, 3], sizes);
        Assert.Equal(values, read);
        Assert.Equal([1, 2, 3], NpyFile.ReadSizes(_path));
    }

    [Theory]
    [InlineData("{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }", 8, "it holds '<i4'; float16, float32 and float64 are read")]
    [InlineData("{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }", 8, "it holds '>f4'")]
    [InlineData("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2), }", 8, "its elements are in Fortran's order; write numpy.ascontiguousarray(array)")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", 8, "it ends too early")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2147483647, 2147483647, 4), }", 8, "it ends too early")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999,), }", 8, "a dimension is '99999999999'")]
    [InlineData("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2,), }", 8, "its header is none of an array of numbers")]
    [InlineData("nonsense", 8, "its header is none of an array of numbers")]
    public void What_is_not_read_is_named(string header, int bytes, string problem)
    {
        Write(header, new byte[bytes], 1);
        Assert.Contains($"{_path}: {problem}", Assert.Throws<NpyException>(() => NpyFile.Read(_path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_files_and_missing_ones_are_named()
    {
        File.WriteAllText(_path, "PK and something else");
        Assert.Contains("it is no .npy file of NumPy", Assert.Throws<NpyException>(() => NpyFile.Read(_path)).Message, StringComparison.Ordinal);
        File.WriteAllBytes(_path, [0x93, .. "NUMPY"u8]);
        Assert.Contains("it ends too early", Assert.Throws<NpyException>(() => NpyFile.Read(_path)).Message, StringComparison.Ordinal);
        Assert.Contains("/none.npy: ", Assert.Throws<NpyException>(() => NpyFile.Read("/none.npy")).Message, StringComparison.Ordinal);
    }

    private void Write(string header, byte[] content, byte version)
    {
        byte[] text = Encoding.ASCII.GetBytes(header + "\n");
        byte[] length = version == 1 ? BitConverter.GetBytes((ushort)text.Length) : BitConverter.GetBytes((uint)text.Length);
        File.WriteAllBytes(_path, [0x93, .. "NUMPY"u8, version, 0, .. length, .. text, .. content]);
    }
}
