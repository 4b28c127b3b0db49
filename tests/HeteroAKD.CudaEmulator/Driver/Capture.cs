namespace HeteroAKD.CudaEmulator.Driver;

/// <summary>Which calls a capture forbids.</summary>
internal enum CaptureMode
{
    /// <summary>Unsafe calls of any thread.</summary>
    Global = 0,

    /// <summary>Unsafe calls of the thread that captures.</summary>
    ThreadLocal = 1,

    /// <summary>None.</summary>
    Relaxed = 2,
}

/// <summary>Streams that write their work into a graph instead of doing it.</summary>
/// <param name="origin">The stream that began.</param>
/// <param name="mode">Which calls are forbidden.</param>
/// <param name="id">A number of its own.</param>
internal sealed class Capture(DriverStream origin, CaptureMode mode, ulong id)
{
    /// <summary>The stream that began.</summary>
    public DriverStream Origin { get; } = origin;

    /// <summary>Which calls are forbidden.</summary>
    public CaptureMode Mode { get; } = mode;

    /// <summary>A number of its own.</summary>
    public ulong Id { get; } = id;

    /// <summary>The thread that began.</summary>
    public int Thread { get; } = Environment.CurrentManagedThreadId;

    /// <summary>What is captured.</summary>
    public Graph Graph { get; } = new();

    /// <summary>All streams that take part.</summary>
    public HashSet<DriverStream> Streams { get; } = [origin];

    /// <summary>Whether a call spoilt it.</summary>
    public bool IsInvalid { get; set; }
}
