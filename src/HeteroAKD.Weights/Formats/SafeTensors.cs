using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using HeteroAKD.Tensors;

namespace HeteroAKD.Weights.Formats;

/// <summary>A file that is not a safetensors file, or not a whole one.</summary>
public sealed class SafeTensorsException(string path, string problem, Exception? inner = null)
    : HeteroAkdException($"{path}: {problem}", inner!)
{
    /// <summary>What the file is instead, for a person; null where that is not known.</summary>
    public string? Kind { get; init; }
}

/// <summary>
/// The safetensors format: 8 bytes of header length, a JSON header {name: {dtype, shape, data_offsets}, "__metadata__": {string: string}}, then the bytes.
/// A file is treated as hostile: every size and offset is checked before it is used, and the tensors must cover the data without gap or overlap, as in the
/// reference implementation. F16 and BF16 are widened to F32; I8, I16 and U16 become I32, U32 becomes I64, BOOL becomes U8.
/// </summary>
public static class SafeTensors
{
    // The reference implementation's own limit.
    private const long MaxHeaderBytes = 100_000_000;

    // An array's limit; a file may hold any number of such tensors.
    private const long MaxTensorBytes = 0x7FFFFFC7;

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
            using FileStream stream = RegularFile.OpenRead(path);
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
            if (FileKind.Find(lengthBytes) is { } kind)
            {
                throw new SafeTensorsException(path, $"is {kind}, not a safetensors file") { Kind = kind };
            }

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
    /// <exception cref="HeteroAkdException">There is no such type, or it is not supported.</exception>
    public static int ElementBytes(string dtype) => StoredType.Of(dtype).Bytes;

    private static (List<HostTensor> Tensors, Dictionary<string, string> Metadata) Entries(
        Stream stream, string path, JsonElement root, long dataLength, long dataStart)
    {
        List<Entry> entries = [];
        HashSet<string> names = [];
        Dictionary<string, string> metadata = [];
        foreach (JsonProperty property in root.EnumerateObject())
        {
            if (property.Name == "__metadata__")
            {
                foreach (JsonProperty item in property.Value.EnumerateObject())
                {
                    metadata[item.Name] = item.Value.GetString() ?? "";
                }

                continue;
            }

            if (FileLimits.NameProblem(property.Name) is { } problem)
            {
                throw new SafeTensorsException(path, problem);
            }

            if (!names.Add(property.Name))
            {
                throw new SafeTensorsException(path, $"is broken: it has two tensors '{property.Name}'");
            }

            entries.Add(ReadEntry(path, property, dataLength));
        }

        RequireCover(path, entries, dataLength);

        // Nothing is allocated before every range is known to be a part of its own of the file.
        List<HostTensor> tensors = new(entries.Count);
        foreach (Entry entry in entries)
        {
            byte[] bytes = GC.AllocateUninitializedArray<byte>((int)(entry.End - entry.Begin));
            stream.Position = dataStart + entry.Begin;
            stream.ReadExactly(bytes);
            tensors.Add(entry.Type.ToHost(entry.Name, entry.Sizes, bytes));
        }

        return (tensors, metadata);
    }

    private static Entry ReadEntry(string path, JsonProperty property, long dataLength)
    {
        string dtype = property.Value.GetProperty("dtype").GetString() ?? "";
        StoredType type = StoredType.Find(dtype)
            ?? throw new SafeTensorsException(path, $"tensor '{property.Name}' is of type {dtype}, which is not supported; there are {StoredType.Names}");
        JsonElement shape = property.Value.GetProperty("shape");
        if (FileLimits.RankProblem($"tensor '{property.Name}'", shape.GetArrayLength()) is { } problem)
        {
            throw new SafeTensorsException(path, problem);
        }

        long[] sizes = [.. shape.EnumerateArray().Select(s => s.GetInt64())];
        JsonElement offsets = property.Value.GetProperty("data_offsets");
        long begin = offsets[0].GetInt64();
        long end = offsets[1].GetInt64();
        long count = type.CountOf(sizes, MaxTensorBytes);
        if (begin < 0 || end < begin || end > dataLength || count < 0 || end - begin != count * type.Bytes)
        {
            throw new SafeTensorsException(
                path, $"is cut short or broken: tensor '{property.Name}' {dtype} [{string.Join(", ", sizes)}] claims bytes {begin} to {end} of {dataLength}");
        }

        return new Entry(property.Name, type, [.. sizes.Select(s => (int)s)], begin, end);
    }

    // As the reference implementation has it: from the first byte to the last, without gaps and overlaps.
    private static void RequireCover(string path, List<Entry> entries, long dataLength)
    {
        long covered = 0;
        string last = "";
        foreach (Entry entry in entries.OrderBy(e => e.Begin).ThenBy(e => e.End))
        {
            if (entry.Begin < covered)
            {
                throw new SafeTensorsException(path, $"is broken: tensors '{last}' and '{entry.Name}' overlap");
            }

            if (entry.Begin > covered)
            {
                throw new SafeTensorsException(path, $"is broken: bytes {covered} to {entry.Begin} belong to no tensor");
            }

            covered = entry.End;
            last = entry.Name;
        }

        if (covered != dataLength)
        {
            throw new SafeTensorsException(path, $"is broken: bytes {covered} to {dataLength} belong to no tensor");
        }
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

    /// <summary>A tensor as the header announces it, in bytes from the start of the data.</summary>
    private sealed record Entry(string Name, StoredType Type, int[] Sizes, long Begin, long End);
}
