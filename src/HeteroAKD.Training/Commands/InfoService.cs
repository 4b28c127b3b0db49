using HeteroAKD.Tensors;

namespace HeteroAKD.Training.Commands;

/// <summary>Looks for every kind of device by opening it.</summary>
public sealed class InfoService : IInfoCommand
{
    /// <inheritdoc/>
    public IReadOnlyList<DeviceInfo> Devices() => [.. Device.Names.Select(Look)];

    private static DeviceInfo Look(string name)
    {
        string purpose = name switch
        {
            "cpu" => "SIMD kernels; the default without a GPU",
            "cuda" => "NVIDIA GPUs; the default where there is one",
            "ilgpu-cpu" => "ILGPU's simulator: to check kernels on small sizes, too slow to train",
            _ => "any OpenCL device: to check kernels, or to train where there is no CUDA",
        };
        try
        {
            using Device device = Device.Open(name);
            string note = string.Join("; ", new[] { device.FreeMemorySummary, device.KernelSummary, purpose }.Where(t => t.Length > 0));
            return new DeviceInfo(name, device.Description, device.MemoryBytes, true, note);
        }
        catch (DeviceNotAvailableException e)
        {
            return new DeviceInfo(name, "", 0, false, e.Reason);
        }
    }
}
