using System.Runtime.InteropServices;
using HeteroAKD.Nn;

namespace HeteroAKD.Experiments.TeacherCache;

/// <summary>Whole images' outputs in files (<c>data.teacherCache: disk</c>).</summary>
/// <param name="files">The files; their names follow from the images and from which maps are kept, so that the next run finds them, too.</param>
internal sealed class OutputsOnDisk(OutputFiles files) : IWholeOutputs
{
    private const int HeaderNumbers = 5; // image and padded sides, count of maps
    private const int MapNumbers = 3;    // channels, height, width

    private readonly Dictionary<(int, int), string> _paths = [];

    /// <inheritdoc/>
    public WholeOutput? Find(int source, int index, ReadOnlySpan<int> parts, Func<RgbImage> image)
    {
        if (!_paths.TryGetValue((source, index), out string? path))
        {
            RgbImage pixels = image();
            _paths[(source, index)] = path = files.PathOf([pixels.Height, pixels.Width, .. parts], pixels.Pixels);
        }

        ReadOnlySpan<byte> content = files.Read(path);
        return content.IsEmpty ? null : Parse(content);
    }

    /// <inheritdoc/>
    public void Add(int source, int index, WholeOutput output) => files.Write(_paths[(source, index)], stream =>
    {
        int[] numbers =
        [
            output.Image.Height, output.Image.Width, output.Padded.Height, output.Padded.Width, output.Maps.Count,
            .. output.Maps.SelectMany(m => (int[])[m.Channels, m.Height, m.Width])
        ];
        stream.Write(MemoryMarshal.AsBytes(numbers.AsSpan()));
        foreach (HalfMap map in output.Maps)
        {
            stream.Write(MemoryMarshal.AsBytes(map.Values.AsSpan()));
        }
    });

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private static WholeOutput Parse(ReadOnlySpan<byte> content)
    {
        ReadOnlySpan<int> numbers = MemoryMarshal.Cast<byte, int>(content[..(content.Length / sizeof(int) * sizeof(int))]);
        HalfMap[] maps = new HalfMap[numbers[HeaderNumbers - 1]];
        ReadOnlySpan<Half> values = MemoryMarshal.Cast<byte, Half>(content[((HeaderNumbers + (MapNumbers * maps.Length)) * sizeof(int))..]);
        for (int i = 0; i < maps.Length; i++)
        {
            int place = HeaderNumbers + (MapNumbers * i);
            (int channels, int height, int width) = (numbers[place], numbers[place + 1], numbers[place + 2]);
            int count = channels * height * width;
            maps[i] = new HalfMap(channels, height, width, values[..count].ToArray());
            values = values[count..];
        }

        return new WholeOutput((numbers[0], numbers[1]), (numbers[2], numbers[3]), maps);
    }
}
