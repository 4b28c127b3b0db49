namespace HeteroAKD.CudaEmulator.Driver;

/// <summary>A stream. Its work is done when it is asked for, unless it captures.</summary>
/// <param name="isLegacy">Whether it is the default stream.</param>
/// <param name="isBlocking">Whether it waits for the default stream, and that for it.</param>
internal sealed class DriverStream(bool isLegacy, bool isBlocking)
{
    /// <summary>Whether it is the default stream.</summary>
    public bool IsLegacy { get; } = isLegacy;

    /// <summary>Whether it waits for the default stream, and that for it.</summary>
    public bool IsBlocking { get; } = isBlocking;

    /// <summary>The capture that it takes part in, if any.</summary>
    public Capture? Capture { get; set; }

    /// <summary>Whether the capture's first stream has yet to wait for what this one captured.</summary>
    public bool HasUnjoinedWork { get; set; }
}
