using System.Globalization;
using HeteroAKD.Reports.TensorBoard;
using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments.Runs;

/// <summary>
/// The rows of <c>metrics.csv</c> for TensorBoard, as scalars NETWORK/COLUMN. When the file is opened, it is rewritten to hold exactly the rows of that table,
/// with the times that it had for them, so that a resumed run writes no step twice. Undefined scores are left out.
/// </summary>
internal sealed class TensorBoardFile : IDisposable
{
    /// <summary>Name of the file: TensorBoard wants <c>tfevents</c> in it.</summary>
    public const string Name = "events.out.tfevents.heteroakd";

    private readonly GrowingFile _file;

    private TensorBoardFile(string path, byte[] content)
    {
        if (!File.Exists(path) || !File.ReadAllBytes(path).AsSpan().SequenceEqual(content))
        {
            AtomicFile.Write(path, stream => stream.Write(content));
        }

        _file = new GrowingFile(path);
    }

    /// <summary>What was amiss with the file that was opened, in a sentence; empty for nothing.</summary>
    public string Repair { get; private init; } = "";

    /// <summary>Opens the file of a run, and makes it where it is missing.</summary>
    /// <param name="path">The file.</param>
    /// <param name="metrics">The table that it follows.</param>
    public static TensorBoardFile Open(string path, MetricsFile metrics)
    {
        (IReadOnlyList<ScalarEvent> events, string problem) = File.Exists(path) ? EventFile.Read(File.ReadAllBytes(path)) : ([], "");
        Dictionary<(string, long), double> times = [];
        foreach (ScalarEvent e in events)
        {
            times.TryAdd((e.Tag, e.Step), e.WallTime);
        }

        double now = Now();
        using MemoryStream content = new();
        content.Write(EventFile.Header(events.Count > 0 ? events[0].WallTime : now));
        foreach ((string network, int step, (string Column, double Value)[] values) in metrics.Rows())
        {
            if (Scalars(network, values) is { Count: > 0 } scalars)
            {
                content.Write(EventFile.Record(times.GetValueOrDefault((scalars[0].Tag, step), now), step, scalars));
            }
        }

        return new TensorBoardFile(path, content.ToArray())
        {
            Repair = problem.Length > 0 ? $"{Name} was broken ({problem}); it is written again from {RunFiles.Metrics}" : "",
        };
    }

    /// <summary>Adds the numbers of a step.</summary>
    public void Write(string network, int step, ReadOnlySpan<(string Column, double Value)> values)
    {
        if (Scalars(network, values) is { Count: > 0 } scalars)
        {
            _file.Append(EventFile.Record(Now(), step, scalars));
        }
    }

    /// <summary>Whether the file had to be written again since the last call, because somebody had removed it.</summary>
    public bool TakeRestored() => _file.TakeRestored();

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    // Rounded as in the table, so that a file made of it holds the same numbers.
    private static List<(string Tag, float Value)> Scalars(string network, ReadOnlySpan<(string Column, double Value)> values)
    {
        List<(string, float)> scalars = [];
        foreach ((string column, double value) in values)
        {
            if (!double.IsNaN(value))
            {
                scalars.Add(($"{network}/{column}", float.Parse(MetricsFile.Text(value), CultureInfo.InvariantCulture)));
            }
        }

        return scalars;
    }

    private static double Now() => (DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds;
}
