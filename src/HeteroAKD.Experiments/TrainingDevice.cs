using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments;

/// <summary>The device that a training computes on.</summary>
internal static class TrainingDevice
{
    /// <summary>Opens the configured device, with cuBLAS where the configuration asks for it. The caller disposes of it.</summary>
    /// <exception cref="DeviceNotAvailableException">There is no such device, or no cuBLAS on it.</exception>
    public static Device Open(ExperimentConfig config)
    {
        Device device = Device.Open(config.Device, config.Threads, config.Precision);
        try
        {
            if (config.Cublas)
            {
                device.UseCublas();
            }

            return device;
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }
}
