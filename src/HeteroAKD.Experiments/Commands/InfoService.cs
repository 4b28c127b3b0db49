using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Devices;
using HeteroAKD.Weights.Import;

namespace HeteroAKD.Experiments.Commands;

/// <summary>Looks for every kind of device by opening it, and at networks by building them without computing.</summary>
public sealed class InfoService : IInfoCommand
{
    /// <inheritdoc/>
    public IReadOnlyList<DeviceInfo> Devices() => [.. Device.Names.Select(Look)];

    /// <inheritdoc/>
    public IReadOnlyList<ModelSummary> Models(int classes)
    {
        using MetaDevice device = new();
        List<ModelSummary> models = [];
        foreach (string name in ModelZoo.Names)
        {
            using SegmentationModel model = ModelZoo.Create(name, classes, device, seed: null);
            models.Add(new ModelSummary(name, model.Family, model.CountParameters()));
        }

        return models;
    }

    /// <inheritdoc/>
    public IReadOnlyList<PretrainedSummary> Pretrained() => [.. KnownGraph.All.Select(g => new PretrainedSummary(g.Name, g.Description, g.Find()))];

    /// <inheritdoc/>
    public ModelProfile Profile(string model, int classes, int height, int width) => ModelProfile.Of(model, classes, height, width);

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
