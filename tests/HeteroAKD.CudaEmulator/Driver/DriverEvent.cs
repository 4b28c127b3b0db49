namespace HeteroAKD.CudaEmulator.Driver;

/// <summary>A point in a stream.</summary>
internal sealed class DriverEvent
{
    /// <summary>When it was recorded, by the clock of the host; 0 before.</summary>
    public long Timestamp { get; set; }

    /// <summary>The capture that it was recorded in, if any.</summary>
    public Capture? Capture { get; set; }

    /// <summary>The stream that recorded it.</summary>
    public DriverStream? Stream { get; set; }
}
