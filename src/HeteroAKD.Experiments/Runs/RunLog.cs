using System.Globalization;
using System.Text;
using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments.Runs;

/// <summary><c>log.txt</c>: one line an event, with the time since the run began; each line is on its way to the disk when the call returns.</summary>
internal sealed class RunLog : IDisposable
{
    private readonly GrowingFile _file;
    private readonly TimeProvider _clock;
    private readonly long _start;

    /// <summary>Opens the log, at its end where it exists.</summary>
    public RunLog(RunFolder folder, TimeProvider? clock = null)
    {
        _clock = clock ?? TimeProvider.System;
        _start = _clock.GetTimestamp();
        _file = new GrowingFile(folder.File(RunFiles.Log));
    }

    /// <summary>Adds a line; a text of several lines is indented under its time.</summary>
    public void Write(string text)
    {
        string time = _clock.GetElapsedTime(_start).ToString(@"hh\:mm\:ss", CultureInfo.InvariantCulture);
        StringBuilder lines = new($"[{time}] ");
        lines.AppendJoin("\n           ", text.TrimEnd('\n').Split('\n').Select(VisibleText.Line)).Append('\n');
        _file.Append(Encoding.UTF8.GetBytes(lines.ToString()));
    }

    /// <summary>Whether the file had to be written again since the last call, because somebody had removed it.</summary>
    internal bool TakeRestored() => _file.TakeRestored();

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
