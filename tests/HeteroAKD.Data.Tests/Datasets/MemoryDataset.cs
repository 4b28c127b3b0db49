using HeteroAKD.Nn;

namespace HeteroAKD.Data.Tests;

/// <summary>Samples given by a function, for tests.</summary>
internal sealed class MemoryDataset(int count, Func<int, Sample> make, int classes = 200) : ISegmentationDataset
{
    public int Count => count;

    public ClassSet Classes { get; } = new([.. Enumerable.Range(0, classes).Select(c => $"class{c}")], new (byte, byte, byte)[classes]);

    public Sample Load(int index, Sample? reuse = null) => make(index);

    /// <summary>Images that say where each pixel came from: red is the column, green the row, blue the image; the label is (column + row) modulo 200.</summary>
    public static MemoryDataset OfCoordinates(int count, int width, int height) => new(count, index =>
    {
        Sample sample = new($"s{index}", new RgbImage(width, height), new byte[width * height]);
        for (int i = 0; i < width * height; i++)
        {
            (int x, int y) = (i % width, i / width);
            (sample.Image.Pixels[i * 3], sample.Image.Pixels[i * 3 + 1], sample.Image.Pixels[i * 3 + 2]) = ((byte)x, (byte)y, (byte)index);
            sample.Labels[i] = (byte)((x + y) % 200);
        }
        return sample;
    });
}
