using System.Runtime.InteropServices;
using ILGPU.Runtime;

namespace HeteroAKD.Tensors.Devices.Cuda;

/// <summary>
/// Values go through two page-locked buffers, one filled while the other travels, on a stream of their own into device memory beside the tensor; in the order
/// of the computing stream they are then copied into the tensor. So a transfer overlaps the work before it, and a replayed step finds its input at one address.
/// </summary>
internal sealed unsafe class CudaUploadChannel : UploadChannel
{
    private readonly CudaDevice _device;
    private readonly Tensor _staging;
    private readonly nuint _bytes;
    private readonly nint[] _pinned = new nint[2];
    private readonly nint[] _sent = new nint[2]; // events: the buffer has been read
    private readonly nint _taken; // event: the device memory has been read
    private int _next;

    /// <summary>A channel to a tensor of the device.</summary>
    public CudaUploadChannel(CudaDevice device, Tensor target)
        : base(target)
    {
        _device = device;
        _bytes = (nuint)((long)target.Shape.Count * target.ElementBytes);
        _staging = Tensor.Persistent(device, target.Shape, target.DType);
        _staging.Name = $"upload of {target.Name}";
        device.Bind();
        for (int i = 0; i < _pinned.Length; i++)
        {
            CudaDriver.Check(CudaDriver.cuMemAllocHost_v2(out _pinned[i], _bytes), $"cuMemAllocHost({_bytes} bytes)");
            CudaDriver.Check(CudaDriver.cuEventCreate(out _sent[i], CudaDriver.EventDisableTiming), "cuEventCreate");
        }

        CudaDriver.Check(CudaDriver.cuEventCreate(out _taken, CudaDriver.EventDisableTiming), "cuEventCreate");

        // Kernels launched before may still use the memory that the staging tensor was given.
        CudaDriver.Check(CudaDriver.cuEventRecord(_taken, device.Stream), "cuEventRecord");
    }

    /// <inheritdoc/>
    public override void Send(ReadOnlySpan<float> values)
    {
        Target.CheckCount(values.Length, "Send");
        Target.Require(DType.Float32, "Send");
        SendBytes(MemoryMarshal.AsBytes(values));
    }

    /// <inheritdoc/>
    public override void Send(ReadOnlySpan<int> values)
    {
        Target.CheckCount(values.Length, "Send");
        Target.Require(DType.Int32, "Send");
        SendBytes(MemoryMarshal.AsBytes(values));
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _device.Bind();
        CudaDriver.Check(CudaDriver.cuStreamSynchronize(_device.UploadStream), "cuStreamSynchronize");
        for (int i = 0; i < _pinned.Length; i++)
        {
            CudaDriver.Check(CudaDriver.cuMemFreeHost(_pinned[i]), "cuMemFreeHost");
            CudaDriver.Check(CudaDriver.cuEventDestroy_v2(_sent[i]), "cuEventDestroy");
        }

        CudaDriver.Check(CudaDriver.cuEventDestroy_v2(_taken), "cuEventDestroy");
        _staging.Dispose();
    }

    private void SendBytes(ReadOnlySpan<byte> values)
    {
        _device.SpoilRecording("it writes values from the host to a tensor");
        _device.Bind();
        int slot = _next;
        _next = 1 - slot;
        nint staging = Address(_staging);
        CudaDriver.Check(CudaDriver.cuEventSynchronize(_sent[slot]), "cuEventSynchronize");
        values.CopyTo(new Span<byte>((void*)_pinned[slot], values.Length));
        CudaDriver.Check(CudaDriver.cuStreamWaitEvent(_device.UploadStream, _taken, 0), "cuStreamWaitEvent");
        CudaDriver.Check(CudaDriver.cuMemcpyHtoDAsync_v2(staging, (void*)_pinned[slot], _bytes, _device.UploadStream), $"cuMemcpyHtoDAsync({_bytes} bytes)");
        CudaDriver.Check(CudaDriver.cuEventRecord(_sent[slot], _device.UploadStream), "cuEventRecord");
        CudaDriver.Check(CudaDriver.cuStreamWaitEvent(_device.Stream, _sent[slot], 0), "cuStreamWaitEvent");
        CudaDriver.Check(CudaDriver.cuMemcpyDtoDAsync_v2(Address(Target), staging, _bytes, _device.Stream), $"cuMemcpyDtoDAsync({_bytes} bytes)");
        CudaDriver.Check(CudaDriver.cuEventRecord(_taken, _device.Stream), "cuEventRecord");
    }

    private static nint Address(Tensor tensor) => tensor.Mem.View.LoadEffectiveAddressAsPtr();
}
