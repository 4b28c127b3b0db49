using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace HeteroAKD.Tensors.Interop;

/// <summary>A file that is not a safetensors file, or not a whole one.</summary>
public sealed class SafeTensorsException(string path, string problem, Exception? inner = null)
    : HeteroAkdException($"{path}: {problem}", inner!);

/// <summary>Numbers of one tensor in host memory, as a file holds them.</summary>
/// <param name="Name">Key in the file.</param>
/// <param name="DType">The file's type name: F32, F64, I32, I64, U8.</param>
/// <param name="Sizes">Dimensions, outermost first.</param>
/// <param name="Bytes">Little-endian elements, row-major.</param>
public sealed record HostTensor(string Name, string DType, int[] Sizes, byte[] Bytes)
{
    /// <summary>Number of elements.</summary>
    public int Count => Bytes.Length / SafeTensors.ElementBytes(DType);

    /// <summary>A float32 tensor.</summary>
    public static HostTensor Of(string name, int[] sizes, ReadOnlySpan<float> values) => new(name, "F32", sizes, MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>A float64 tensor.</summary>
    public static HostTensor Of(string name, int[] sizes, ReadOnlySpan<double> values) => new(name, "F64", sizes, MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>An int32 tensor.</summary>
    public static HostTensor Of(string name, int[] sizes, ReadOnlySpan<int> values) => new(name, "I32", sizes, MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>A device tensor's contents; bfloat16 is widened.</summary>
    public static HostTensor Of(string name, Tensor tensor) => tensor.DType switch
    {
        Tensors.DType.Float32 or Tensors.DType.BFloat16 => Of(name, tensor.Shape.ToArray(), tensor.ToFloats()),
        Tensors.DType.Float64 => Of(name, tensor.Shape.ToArray(), tensor.ToDoubles()),
        _ => Of(name, tensor.Shape.ToArray(), tensor.ToInts()),
    };

    /// <summary>The elements as float32, where the file holds floats.</summary>
    public ReadOnlySpan<float> Floats => DType == "F32"
        ? MemoryMarshal.Cast<byte, float>(Bytes)
        : throw new HeteroAkdException($"tensor '{Name}' holds {DType}, expected F32");

    /// <summary>The elements as int32, from any integer type.</summary>
    /// <exception cref="HeteroAkdException">Floats, or a value beyond int32.</exception>
    public int[] ToInts()
    {
        int[] values = new int[Count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = DType switch
            {
                "I32" => MemoryMarshal.Cast<byte, int>(Bytes)[i],
                "U8" => Bytes[i],
                "I64" when MemoryMarshal.Cast<byte, long>(Bytes)[i] is >= int.MinValue and <= int.MaxValue and long v => (int)v,
                _ => throw new HeteroAkdException($"tensor '{Name}' holds {DType}; labels must be I32, I64 (within int32) or U8"),
            };
        }

        return values;
    }

    /// <summary>Copies to a device: floats as float32 (float64 where <paramref name="wide"/>), integers as int32.</summary>
    public Tensor ToTensor(Device device, bool wide = false)
    {
        Shape shape = Shape.Of(Sizes);
        switch (DType)
        {
            case "F32":
                return Tensor.From(device, shape, Floats, wide ? Tensors.DType.Float64 : Tensors.DType.Float32);
            case "F64":
                Tensor tensor = Tensor.Empty(device, shape, wide ? Tensors.DType.Float64 : Tensors.DType.Float32);
                ReadOnlySpan<double> values = MemoryMarshal.Cast<byte, double>(Bytes);
                if (wide)
                {
                    tensor.CopyFrom(values);
                }
                else
                {
                    tensor.CopyFrom(Array.ConvertAll(values.ToArray(), v => (float)v).AsSpan());
                }

                return tensor;
            default:
                return Tensor.From(device, shape, ToInts());
        }
    }
}

/// <summary>
/// The safetensors format: 8 bytes of header length, a JSON header {name: {dtype, shape, data_offsets}, "__metadata__": {string: string}}, then the bytes.
/// A file is treated as hostile: every size and offset is checked before it is used.
/// </summary>
public static class SafeTensors
{
    // The reference implementation's own limit.
    private const long MaxHeaderBytes = 100_000_000;

    /// <summary>Writes tensors in the given order, and metadata.</summary>
    public static void Write(Stream stream, IReadOnlyList<HostTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        byte[] header = Header(tensors, metadata);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (HostTensor tensor in tensors)
        {
            stream.Write(tensor.Bytes);
        }
    }

    /// <summary>Reads a whole file.</summary>
    /// <exception cref="SafeTensorsException">Missing, cut short or malformed.</exception>
    public static (List<HostTensor> Tensors, Dictionary<string, string> Metadata) Read(string path)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            return Read(stream, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SafeTensorsException(path, $"cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Reads from a stream that knows its length; <paramref name="path"/> is for messages.</summary>
    public static (List<HostTensor> Tensors, Dictionary<string, string> Metadata) Read(Stream stream, string path)
    {
        Span<byte> lengthBytes = stackalloc byte[8];
        if (stream.ReadAtLeast(lengthBytes, 8, throwOnEndOfStream: false) < 8)
        {
            throw new SafeTensorsException(path, "is too short to be a safetensors file");
        }

        long headerLength = BinaryPrimitives.ReadInt64LittleEndian(lengthBytes);
        long dataStart = 8 + headerLength;
        if (headerLength is <= 1 or > MaxHeaderBytes || dataStart > stream.Length)
        {
            throw new SafeTensorsException(path, $"is no safetensors file, or cut short: it announces a header of {headerLength} bytes in {stream.Length}");
        }

        byte[] header = new byte[headerLength];
        stream.ReadExactly(header);
        try
        {
            using JsonDocument json = JsonDocument.Parse(header);
            return Entries(stream, path, json.RootElement, stream.Length - dataStart, dataStart);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or IndexOutOfRangeException)
        {
            throw new SafeTensorsException(path, $"has a broken header: {e.Message}", e);
        }
    }

    /// <summary>Bytes of one element of a type of the format.</summary>
    public static int ElementBytes(string dtype) => dtype switch
    {
        "F64" or "I64" => 8,
        "F32" or "I32" => 4,
        "U8" => 1,
        _ => throw new HeteroAkdException($"safetensors type {dtype} is not supported; there are F32, F64, I32, I64 and U8"),
    };

    private static (List<HostTensor> Tensors, Dictionary<string, string> Metadata) Entries(Stream stream, string path, JsonElement root, long dataLength, long dataStart)
    {
        List<HostTensor> tensors = [];
        Dictionary<string, string> metadata = [];
        List<(long Begin, long End, string Name)> ranges = [];
        foreach (JsonProperty entry in root.EnumerateObject())
        {
            if (entry.Name == "__metadata__")
            {
                foreach (JsonProperty item in entry.Value.EnumerateObject())
                {
                    metadata[item.Name] = item.Value.GetString() ?? "";
                }

                continue;
            }

            string dtype = entry.Value.GetProperty("dtype").GetString() ?? "";
            int[] sizes = [.. entry.Value.GetProperty("shape").EnumerateArray().Select(s => s.GetInt32())];
            JsonElement offsets = entry.Value.GetProperty("data_offsets");
            long begin = offsets[0].GetInt64();
            long end = offsets[1].GetInt64();
            Int128 expected = ElementBytes(dtype);
            foreach (int size in sizes)
            {
                expected *= size;
            }

            if (begin < 0 || end < begin || sizes.Any(s => s < 0) || end - begin != expected || end > dataLength || expected > int.MaxValue)
            {
                throw new SafeTensorsException(path, $"is cut short or broken: tensor '{entry.Name}' {dtype} [{string.Join(", ", sizes)}] claims bytes {begin} to {end} of {dataLength}");
            }

            if (tensors.Exists(t => t.Name == entry.Name))
            {
                throw new SafeTensorsException(path, $"is broken: it has two tensors '{entry.Name}'");
            }

            byte[] bytes = new byte[end - begin];
            stream.Position = dataStart + begin;
            stream.ReadExactly(bytes);
            ranges.Add((begin, end, entry.Name));
            tensors.Add(new HostTensor(entry.Name, dtype, sizes, bytes));
        }

        ranges.Sort();
        for (int i = 1; i < ranges.Count; i++)
        {
            if (ranges[i].Begin < ranges[i - 1].End)
            {
                throw new SafeTensorsException(path, $"is broken: tensors '{ranges[i - 1].Name}' and '{ranges[i].Name}' overlap");
            }
        }

        return (tensors, metadata);
    }

    private static byte[] Header(IReadOnlyList<HostTensor> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject("__metadata__");
                foreach ((string key, string value) in metadata)
                {
                    json.WriteString(key, value);
                }

                json.WriteEndObject();
            }

            long offset = 0;
            foreach (HostTensor tensor in tensors)
            {
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", tensor.DType);
                json.WriteStartArray("shape");
                foreach (int size in tensor.Sizes)
                {
                    json.WriteNumberValue(size);
                }

                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += tensor.Bytes.Length);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        // Padded with spaces to a multiple of 8, so that mapped data is aligned.
        byte[] text = buffer.ToArray();
        byte[] padded = new byte[(text.Length + 7) / 8 * 8];
        Encoding.ASCII.GetBytes(new string(' ', padded.Length - text.Length)).CopyTo(padded, text.Length);
        text.CopyTo(padded, 0);
        return padded;
    }
}
