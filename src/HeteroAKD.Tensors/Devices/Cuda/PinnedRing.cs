namespace HeteroAKD.Tensors.Devices.Cuda;

/// <summary>
/// Page-locked memory through which small and occasional values go to the card: the caller's memory is free again at once, and nobody waits unless the card is
/// a whole ring behind.
/// </summary>
internal sealed unsafe class PinnedRing : IDisposable
{
    private const int Slots = 16;
    private const int SlotBytes = 1 << 20;

    private readonly nint[] _sent = new nint[Slots]; // events
    private readonly byte* _memory;
    private int _next;

    /// <summary>Allocates the memory.</summary>
    public PinnedRing()
    {
        CudaDriver.Check(CudaDriver.cuMemAllocHost_v2(out nint memory, Slots * SlotBytes), $"cuMemAllocHost({Slots * SlotBytes} bytes)");
        _memory = (byte*)memory;
        for (int i = 0; i < Slots; i++)
        {
            CudaDriver.Check(CudaDriver.cuEventCreate(out _sent[i], CudaDriver.EventDisableTiming), "cuEventCreate");
        }
    }

    /// <summary>Copies values to the card in the order of a stream.</summary>
    public void Send(ReadOnlySpan<byte> source, nint target, nint stream)
    {
        while (source.Length > 0)
        {
            ReadOnlySpan<byte> part = source[..Math.Min(source.Length, SlotBytes)];
            CudaDriver.Check(CudaDriver.cuEventSynchronize(_sent[_next]), "cuEventSynchronize");
            byte* slot = _memory + ((long)_next * SlotBytes);
            part.CopyTo(new Span<byte>(slot, SlotBytes));
            CudaDriver.Check(CudaDriver.cuMemcpyHtoDAsync_v2(target, slot, (nuint)part.Length, stream), $"cuMemcpyHtoDAsync({part.Length} bytes)");
            CudaDriver.Check(CudaDriver.cuEventRecord(_sent[_next], stream), "cuEventRecord");
            _next = (_next + 1) % Slots;
            source = source[part.Length..];
            target += part.Length;
        }
    }

    /// <summary>Frees the memory; the streams have been waited for.</summary>
    public void Dispose()
    {
        foreach (nint sent in _sent)
        {
            CudaDriver.Check(CudaDriver.cuEventDestroy_v2(sent), "cuEventDestroy");
        }

        CudaDriver.Check(CudaDriver.cuMemFreeHost((nint)_memory), "cuMemFreeHost");
    }
}
