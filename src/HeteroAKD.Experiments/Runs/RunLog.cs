using System.Globalization;
using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments.Runs;

/// <summary><c>log.txt</c>: one line an event, with the time since the run began; each line is on its way to the disk when the call returns.</summary>
public sealed class RunLog : IDisposable
{
    private readonly StreamWriter writer;
    private readonly TimeProvider clock;
    private readonly long start;

    /// <summary>Opens the log, at its end where it exists.</summary>
    public RunLog(RunFolder folder, TimeProvider? clock = null)
    {
        this.clock = clock ?? TimeProvider.System;
        start = this.clock.GetTimestamp();
        writer = new StreamWriter(folder.File("log.txt"), append: true) { NewLine = "\n", AutoFlush = true };
    }

    /// <summary>Adds a line; a text of several lines is indented under its time.</summary>
    public void Write(string text)
    {
        string time = clock.GetElapsedTime(start).ToString(@"hh\:mm\:ss", CultureInfo.InvariantCulture);
        string[] lines = text.TrimEnd('\n').Split('\n');
        writer.WriteLine($"[{time}] {VisibleText.Line(lines[0])}");
        foreach (string line in lines.AsSpan(1))
        {
            writer.WriteLine($"           {VisibleText.Line(line)}");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => writer.Dispose();
}
