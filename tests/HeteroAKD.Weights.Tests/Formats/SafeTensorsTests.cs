using System.Buffers.Binary;
using System.Text;
using HeteroAKD.Tensors;
using HeteroAKD.Weights.Formats;
using HeteroAKD.Weights.Import;

namespace HeteroAKD.Weights.Tests.Formats;

public sealed class SafeTensorsTests
{
    private const string Path = "x.safetensors";

    [Fact]
    public void A_file_holds_what_was_written()
    {
        HostTensor[] written =
        [
            HostTensor.Of("a.weight", [2, 3], [1f, -2f, 3f, float.NaN, float.PositiveInfinity, -0f]),
            HostTensor.Of("b", [1], [Math.PI]),
            HostTensor.Of("labels", [2, 1, 2], [1, -100, int.MaxValue, 0]),
            HostTensor.Of("empty", [0, 4], ReadOnlySpan<float>.Empty),
            new("bytes", "U8", [3], [0, 128, 255]),
            new("long", "I64", [1], [5, 0, 0, 0, 0, 0, 0, 0]),
        ];
        (List<HostTensor> tensors, Dictionary<string, string> metadata) = RoundTrip(written, new() { ["format"] = "pt", ["ключ"] = "\"quoted\"" });
        Assert.Equal(written.Select(t => (t.Name, t.DType)), tensors.Select(t => (t.Name, t.DType)));
        Assert.All(written.Zip(tensors), pair => Assert.Equal(pair.First.Bytes, pair.Second.Bytes));
        Assert.All(written.Zip(tensors), pair => Assert.Equal(pair.First.Sizes, pair.Second.Sizes));
        Assert.Equal("pt", metadata["format"]);
        Assert.Equal("\"quoted\"", metadata["ключ"]);
    }

    [Fact]
    public void Data_starts_at_a_multiple_of_eight()
    {
        byte[] file = Written([HostTensor.Of("a", [1], [1f])]);
        Assert.Equal(0, BinaryPrimitives.ReadInt64LittleEndian(file) % 8);
    }

    [Fact]
    public void Narrow_types_become_the_next_wider_one()
    {
        // 1.5, -2 and the smallest subnormal as float16; 1, -3 as bfloat16.
        byte[] data = [0x00, 0x3e, 0x00, 0xc0, 0x01, 0x00, 0x80, 0x3f, 0x40, 0xc0, 0xff, 0x7f, 0xff, 0xff, 0x80, 0x01];
        const string Header = """{"h":{"dtype":"F16","shape":[3],"data_offsets":[0,6]},"b":{"dtype":"BF16","shape":[2],"data_offsets":[6,10]},"i":"""
            + """{"dtype":"I16","shape":[1],"data_offsets":[10,12]},"u":{"dtype":"U16","shape":[1],"data_offsets":[12,14]},"c":"""
            + """{"dtype":"I8","shape":[1],"data_offsets":[14,15]},"t":{"dtype":"BOOL","shape":[1],"data_offsets":[15,16]}}""";
        List<HostTensor> tensors = Read([.. BitConverter.GetBytes((long)Header.Length), .. Encoding.UTF8.GetBytes(Header), .. data]).Tensors;
        Assert.Equal([1.5f, -2f, 5.9604645e-8f], tensors[0].Floats.ToArray());
        Assert.Equal([1f, -3f], tensors[1].Floats.ToArray());
        Assert.Equal([32767, 65535, -128, 1], tensors.Skip(2).Select(t => t.ToInts()[0]));
    }

    [Fact]
    public void Numbers_of_either_precision_can_be_had_as_float32()
    {
        Assert.Equal([(float)Math.PI], HostTensor.Of("x", [1], [Math.PI]).ToFloats().ToArray());
        Assert.Equal([0.5f], HostTensor.Of("x", [1], [0.5f]).ToFloats().ToArray());
        Assert.Throws<HeteroAkdException>(() => HostTensor.Of("x", [1], [1]).ToFloats());
    }

    [Fact]
    public void Labels_come_from_any_integer_type()
    {
        Assert.Equal([1, 255], new HostTensor("y", "U8", [2], [1, 255]).ToInts());
        Assert.Equal([-1], new HostTensor("y", "I64", [1], [255, 255, 255, 255, 255, 255, 255, 255]).ToInts());
        Assert.Contains(
            "'y' holds I64 or a value beyond int32; integers must be I32, U8, or I64 within int32",
            Assert.Throws<HeteroAkdException>(() => new HostTensor("y", "I64", [1], [0, 0, 0, 0, 1, 0, 0, 0]).ToInts()).Message);
        Assert.Contains("'y' holds F32", Assert.Throws<HeteroAkdException>(() => HostTensor.Of("y", [1], [1f]).ToInts()).Message);
    }

    [Fact]
    public void Tensors_come_to_a_device_in_its_precision()
    {
        using Device cpu = Device.Open("cpu", 1);
        using Tensor narrow = HostTensor.Of("x", [2], [Math.PI, 1]).ToTensor(cpu);
        using Tensor wide = HostTensor.Of("x", [2], [1.5f, 2.5f]).ToTensor(cpu, wide: true);
        Assert.Equal([(float)Math.PI, 1f], narrow.ToFloats());
        Assert.Equal([1.5, 2.5], wide.ToDoubles());
        Assert.Equal("F64", HostTensor.Of("x", wide).DType);
    }

    [Fact]
    public void A_file_cut_short_anywhere_is_refused()
    {
        byte[] file = Written([HostTensor.Of("a", [2], [1f, 2f]), HostTensor.Of("b", [1], [3])]);
        for (int length = 0; length < file.Length; length++)
        {
            SafeTensorsException error = Assert.Throws<SafeTensorsException>(() => Read(file[..length]));
            Assert.StartsWith(Path, error.Message);
        }

        Assert.Equal(2, Read(file).Tensors.Count);
    }

    [Fact]
    public void No_changed_byte_of_a_header_does_worse_than_an_error()
    {
        byte[] file = Written([HostTensor.Of("a", [2], [1f, 2f]), HostTensor.Of("b", [1], [3])]);
        int header = 8 + (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        Random random = new(1);
        for (int i = 0; i < 5000; i++)
        {
            byte[] changed = [.. file];
            changed[random.Next(header)] = (byte)random.Next(256);
            changed[random.Next(header)] = (byte)random.Next(256);
            try
            {
                Read(changed);
            }
            catch (HeteroAkdException)
            {
                // The only kind of exception that may come.
            }
        }
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", "claims bytes 0 to 4 of 8")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", "[-2]")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", "claims bytes 4 to 12 of 8")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}""", "claims bytes -8 to 0")]
    [InlineData("""{"a":{"dtype":"F32","shape":[65536,65536,65536,65536],"data_offsets":[0,8]}}""", "claims")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296],"data_offsets":[0,8]}}""", "claims")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}""", "'a' and 'b' overlap")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "two tensors 'a'")]
    [InlineData("""{"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}""", "type F8_E4M3, which is not supported")]
    [InlineData("""{"a":{"dtype":"F32","shape":[0,2147483647,2147483647,2147483647],"data_offsets":[0,0]}}""", "claims")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296,4294967296,4294967296,4294967296,0],"data_offsets":[0,0]}}""", "claims")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1073741824,1073741824,1073741824,1073741824,1073741824],"data_offsets":[0,0]}}""", "claims")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "bytes 0 to 4 belong to no tensor")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "bytes 4 to 8 belong to no tensor")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "'a' and 'b' overlap")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,8]}}""", "broken header")]
    [InlineData("""{"a":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,8]}}""", "broken header")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2]}}""", "broken header")]
    [InlineData("""{"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}""", "broken header")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}""", "broken header")]
    [InlineData("""{"a":{"dtype":1,"shape":[2],"data_offsets":[0,8]}}""", "broken header")]
    [InlineData("""{"a":[]}""", "broken header")]
    [InlineData("""[1, 2]""", "broken header")]
    [InlineData("""{"a":""", "broken header")]
    [InlineData("""{"__metadata__":{"x":1}}""", "broken header")]
    public void A_hostile_header_is_refused(string header, string message)
    {
        byte[] text = Encoding.UTF8.GetBytes(header);
        byte[] file = [.. BitConverter.GetBytes((long)text.Length), .. text, .. new byte[8]];
        Assert.Contains(message, Assert.ThrowsAny<HeteroAkdException>(() => Read(file)).Message);
    }

    [Fact]
    public void Dimensions_and_names_have_limits()
    {
        int[] ones = [.. Enumerable.Repeat(1, 65)];
        Assert.Contains("tensor 'a' of 65 dimensions; up to 64 are read", Refusal(HostTensor.Of("a", ones, [1f])));
        string name = new('a', 1025);
        Assert.Contains($"'{name[..60]}...' whose name has 1025 characters; up to 1024 are read", Refusal(HostTensor.Of(name, [1], [1f])));
        Assert.Equal(64, Read(Written([HostTensor.Of(name[1..], ones[1..], [1f])])).Tensors[0].Sizes.Length);

        static string Refusal(HostTensor tensor) => Assert.Throws<SafeTensorsException>(() => Read(Written([tensor]))).Message;
    }

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(long.MinValue)]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(1L << 40)]
    public void A_hostile_header_length_is_refused(long length)
    {
        byte[] file = [.. BitConverter.GetBytes(length), .. new byte[64]];
        Assert.Throws<SafeTensorsException>(() => Read(file));
    }

    [Fact]
    public void A_header_whose_length_looks_like_gzip_is_read()
    {
        const int GzipStart = 0x8B1F;
        byte[] header = Encoding.ASCII.GetBytes("{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}".PadRight(GzipStart));
        using TemporaryFolder folder = new();
        string path = folder.File("x.safetensors");
        File.WriteAllBytes(path, [.. BitConverter.GetBytes((long)GzipStart), .. header, .. BitConverter.GetBytes(1.5f)]);
        Assert.Equal([1.5f], Assert.Single(WeightFile.Read(path).Tensors).Floats.ToArray());
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        SafeTensorsException error = Assert.Throws<SafeTensorsException>(() => SafeTensors.Read("nowhere/x.safetensors"));
        Assert.StartsWith("nowhere/x.safetensors: cannot be read", error.Message);
    }

    private static (List<HostTensor> Tensors, Dictionary<string, string> Metadata) RoundTrip(HostTensor[] tensors, Dictionary<string, string> metadata) =>
        Read(Written(tensors, metadata));

    private static byte[] Written(HostTensor[] tensors, Dictionary<string, string>? metadata = null)
    {
        using MemoryStream stream = new();
        SafeTensors.Write(stream, tensors, metadata);
        return stream.ToArray();
    }

    private static (List<HostTensor> Tensors, Dictionary<string, string> Metadata) Read(byte[] file)
    {
        using MemoryStream stream = new(file);
        return SafeTensors.Read(stream, Path);
    }
}
