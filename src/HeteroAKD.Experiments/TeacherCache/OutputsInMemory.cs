using System.Globalization;
using HeteroAKD.Nn;
using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments.TeacherCache;

/// <summary>Whole images' outputs in memory (<c>data.teacherCache: ram</c>).</summary>
/// <param name="images">How many will come.</param>
/// <param name="limit">Most bytes.</param>
internal sealed class OutputsInMemory(int images, long limit) : IWholeOutputs
{
    private readonly Dictionary<(int, int), WholeOutput> _outputs = [];
    private long _bytes;

    /// <inheritdoc/>
    public WholeOutput? Find(int source, int index, ReadOnlySpan<int> parts, Func<RgbImage> image) => _outputs.GetValueOrDefault((source, index));

    /// <inheritdoc/>
    /// <exception cref="HeteroAkdException">All of them would not fit: said at the first one, where images have one size.</exception>
    public void Add(int source, int index, WholeOutput output)
    {
        _outputs[(source, index)] = output;
        _bytes += output.Bytes;
        double expected = (double)_bytes / _outputs.Count * images;
        if (Math.Max(expected, _bytes) > limit)
        {
            throw new HeteroAkdException(string.Create(
                CultureInfo.InvariantCulture,
                $"data.teacherCache ram: the teacher's outputs of {images} images take about {expected / (1L << 30):F1} GiB, and half of the memory is "
                    + $"{limit / (double)(1L << 30):F1} GiB; set data.teacherCache to disk"));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _outputs.Clear();
}
