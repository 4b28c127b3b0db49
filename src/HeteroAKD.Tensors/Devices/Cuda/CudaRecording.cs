namespace HeteroAKD.Tensors.Devices.Cuda;

/// <summary>
/// Launches of a step in order: kernel, grid and the bytes of the arguments. The step itself runs as always while they are noted. To be replayed they are
/// launched once more into a capture, which makes them one graph of the driver; where it makes none, they are launched one by one.
/// </summary>
internal sealed unsafe class CudaRecording(CudaDevice device) : StepRecording
{
    private const int FirstBytes = 1 << 16;

    private readonly List<Note> _notes = [];
    private byte[] _arguments = [];
    private int _used;
    private string? _spoiled;
    private CudaGraph? _graph;
    private string? _how;

    /// <inheritdoc/>
    public override int Count => _notes.Count;

    /// <inheritdoc/>
    public override string? Spoiled => _spoiled;

    /// <inheritdoc/>
    public override void Spoil(string reason) => _spoiled ??= reason;

    /// <summary>Notes a launch.</summary>
    public void Add(CudaFunction function, LaunchShape shape, byte* arguments)
    {
        int bytes = function.ArgumentBytes;
        if (_used + bytes > _arguments.Length)
        {
            Array.Resize(ref _arguments, Math.Max(2 * _arguments.Length, bytes + FirstBytes));
        }

        new ReadOnlySpan<byte>(arguments, bytes).CopyTo(_arguments.AsSpan(_used));
        _notes.Add(new Note(function, shape, _used));
        _used += bytes;
    }

    /// <inheritdoc/>
    public override string? DifferenceTo(StepRecording other)
    {
        CudaRecording second = (CudaRecording)other;
        if (Count != second.Count)
        {
            return $"{Count} launches became {second.Count}";
        }

        for (int i = 0; i < Count; i++)
        {
            Note a = _notes[i];
            Note b = second._notes[i];
            if (a.Function != b.Function || a.Shape != b.Shape)
            {
                return $"launch {i}, {a.Function.Name} on {a.Shape}, became {b.Function.Name} on {b.Shape}";
            }

            int same = Bytes(a).CommonPrefixLength(second.Bytes(b));
            if (same < a.Function.ArgumentBytes)
            {
                return $"launch {i}: {a.Function.ArgumentAt(same)} changes from step to step";
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public override string Prepare()
    {
        if (_how is null)
        {
            device.Bind();
            try
            {
                _graph = CudaGraph.Capture(device.Stream, LaunchAll);
                _how = "as one CUDA graph";
            }
            catch (Exception e) when (e is CudaDriverException or EntryPointNotFoundException)
            {
                _how = $"one by one, as the driver made no graph of them: {e.Message}";
            }
        }

        return _how;
    }

    /// <inheritdoc/>
    public override void Replay()
    {
        Prepare();
        device.Bind();
        if (_graph is not null)
        {
            _graph.Launch(device.Stream);
        }
        else
        {
            LaunchAll();
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        device.Bind();
        _graph?.Dispose();
        _graph = null;
    }

    private void LaunchAll()
    {
        fixed (byte* arguments = _arguments)
        {
            foreach (Note note in _notes)
            {
                note.Function.Launch(note.Shape, arguments + note.Offset, device.Stream);
            }
        }
    }

    private ReadOnlySpan<byte> Bytes(Note note) => _arguments.AsSpan(note.Offset, note.Function.ArgumentBytes);

    private readonly record struct Note(CudaFunction Function, LaunchShape Shape, int Offset);
}
