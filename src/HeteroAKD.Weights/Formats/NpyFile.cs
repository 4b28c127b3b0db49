using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using HeteroAKD.Tensors;

namespace HeteroAKD.Weights.Formats;

/// <summary>A file of NumPy that cannot be read.</summary>
public sealed class NpyException(string path, string problem, Exception? inner = null) : HeteroAkdException($"{path}: {problem}", inner!);

/// <summary>
/// One array of floats as <c>numpy.save</c> writes it (format versions 1 to 3): float16, float32 or float64, little-endian, in C order. Read as float32.
/// </summary>
public static partial class NpyFile
{
    private const int MagicBytes = 6;
    private const int MaxHeaderBytes = 1 << 16;

    /// <summary>Sizes and type of the array, without its elements.</summary>
    /// <exception cref="NpyException">The file is missing, none, cut, or of a kind that is not read.</exception>
    public static int[] ReadSizes(string path) => Open(path, (_, header) => header.Sizes);

    /// <summary>The array.</summary>
    /// <exception cref="NpyException">The file is missing, none, cut, or of a kind that is not read.</exception>
    public static (int[] Sizes, float[] Values) Read(string path) => Open(path, (stream, header) =>
    {
        byte[] bytes = new byte[header.Count * header.Bytes];
        stream.ReadExactly(bytes);
        return (header.Sizes, header.Bytes switch
        {
            2 => Array.ConvertAll(MemoryMarshal.Cast<byte, Half>(bytes).ToArray(), v => (float)v),
            4 => MemoryMarshal.Cast<byte, float>(bytes).ToArray(),
            _ => Array.ConvertAll(MemoryMarshal.Cast<byte, double>(bytes).ToArray(), v => (float)v),
        });
    });

    private static T Open<T>(string path, Func<Stream, Header, T> read)
    {
        try
        {
            using FileStream stream = RegularFile.OpenRead(path, int.MaxValue);
            return read(stream, ReadHeader(path, stream));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new NpyException(path, e is EndOfStreamException ? "it ends too early" : e.Message, e);
        }
    }

    private static Header ReadHeader(string path, Stream stream)
    {
        Span<byte> start = stackalloc byte[MagicBytes + 2];
        stream.ReadExactly(start);
        if (start[0] != 0x93 || !start[1..MagicBytes].SequenceEqual("NUMPY"u8))
        {
            throw new NpyException(path, "it is no .npy file of NumPy");
        }

        Span<byte> size = stackalloc byte[start[MagicBytes] == 1 ? 2 : 4];
        stream.ReadExactly(size);
        long length = size.Length == 2 ? BinaryPrimitives.ReadUInt16LittleEndian(size) : BinaryPrimitives.ReadUInt32LittleEndian(size);
        if (length > MaxHeaderBytes)
        {
            throw new NpyException(path, string.Create(CultureInfo.InvariantCulture, $"its header would have {length} bytes; up to {MaxHeaderBytes} are read"));
        }

        byte[] text = new byte[length];
        stream.ReadExactly(text);
        return Parse(path, Encoding.UTF8.GetString(text), stream.Length - stream.Position);
    }

    private static Header Parse(string path, string text, long left)
    {
        Match match = HeaderText().Match(text);
        string type = Regex.Match(text, "'descr':\\s*'([^']*)'").Groups[1].Value;
        if (!match.Success || type.Length == 0)
        {
            throw new NpyException(path, "its header is none of an array of numbers");
        }

        int bytes = type switch
        {
            "<f2" => 2,
            "<f4" => 4,
            "<f8" => 8,
            _ => throw new NpyException(path, $"it holds '{VisibleText.Name(type)}'; float16, float32 and float64 are read (array.astype('float16'))"),
        };
        if (match.Groups["order"].Value == "True")
        {
            throw new NpyException(path, "its elements are in Fortran's order; write numpy.ascontiguousarray(array)");
        }

        string[] numbers = match.Groups["sizes"].Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        int[] sizes =
        [
            .. numbers.Select(
                n =>
                    int.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value
                        : throw new NpyException(path, $"a dimension is '{VisibleText.Name(n)}'"))
        ];
        long count = 1;
        foreach (int size in sizes)
        {
            count *= size;
            if (count * bytes > left)
            {
                throw new NpyException(path, "it ends too early");
            }
        }

        return new Header(sizes, bytes, (int)count);
    }

    // {'descr': '<f4', 'fortran_order': False, 'shape': (19, 64, 128), }
    [GeneratedRegex(@"'fortran_order':\s*(?<order>True|False).*'shape':\s*\((?<sizes>[0-9, ]*)\)", RegexOptions.CultureInvariant)]
    private static partial Regex HeaderText();

    private readonly record struct Header(int[] Sizes, int Bytes, int Count);
}
