using System.Buffers.Binary;

namespace HeteroAKD.Experiments.Tests.Hostile;

/// <summary>Changes files a little, the same way for the same seed: bits, numbers at their limits, pieces that are lost, doubled, moved or cut off.</summary>
internal sealed class Mutator(int seed)
{
    private static readonly long[] s_limits =
    [
        0, 1, -1, 2, 127, 128, 255, 256, 32767, 32768, 65535, 65536, int.MaxValue, int.MinValue, uint.MaxValue, long.MaxValue, long.MinValue
    ];
    private static readonly string[] s_words =
    [
        "0", "-1", "1e999", "NaN", "null", "2147483648", "9223372036854775807", "[", "]", "{", "}", ":", "&a", "*a", "!!str", "\0", "\n", "\"", "'", "#",
        "\u202e", "../", "/dev/zero"
    ];

    private readonly Random _random = new(seed);

    /// <summary>One to four changes of a file.</summary>
    public byte[] Change(byte[] file)
    {
        byte[] changed = [.. file];
        int count = 1 + _random.Next(4);
        for (int i = 0; i < count; i++)
        {
            changed = ChangeOnce(changed);
        }

        return changed;
    }

    /// <summary>One of several, such as the words that a text field may get.</summary>
    public T Pick<T>(IReadOnlyList<T> items) => items[_random.Next(items.Count)];

    /// <summary>Whether this time, on average one time in so many.</summary>
    public bool Once(int times) => _random.Next(times) == 0;

    /// <summary>A text field's new value.</summary>
    public string Word() => Pick(s_words);

    private byte[] ChangeOnce(byte[] file)
    {
        if (file.Length == 0)
        {
            return [(byte)_random.Next(256)];
        }

        int at = _random.Next(file.Length);
        int count = Math.Min(file.Length - at, 1 + _random.Next(Once(4) ? file.Length : 16));
        switch (_random.Next(9))
        {
            case 0:
                file[at] ^= (byte)(1 << _random.Next(8));
                return file;
            case 1:
                file[at] = (byte)_random.Next(256);
                return file;
            case 2:
            case 3:
                return WithNumber(file, at);
            case 4:
                return [.. file[..at], .. System.Text.Encoding.UTF8.GetBytes(Word()), .. file[at..]];
            case 5:
                return [.. file[..at], .. file[(at + count)..]];
            case 6:
                return [.. file[..(at + count)], .. file[at..]];
            case 7:
                int to = _random.Next(file.Length - count + 1);
                file.AsSpan(at, count).ToArray().CopyTo(file.AsSpan(to));
                return file;
            default:
                return Once(4) ? file[..at] : WithNumber(file, at);
        }
    }

    private byte[] WithNumber(byte[] file, int at)
    {
        long value = Pick(s_limits) + _random.Next(-1, 2);
        Span<byte> bytes = stackalloc byte[8];
        int width = 1 << _random.Next(4);
        if (Once(2))
        {
            BinaryPrimitives.WriteInt64BigEndian(bytes, value);
            bytes = bytes[(8 - width)..];
        }
        else
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
            bytes = bytes[..width];
        }

        bytes[..Math.Min(width, file.Length - at)].CopyTo(file.AsSpan(at));
        return file;
    }
}
