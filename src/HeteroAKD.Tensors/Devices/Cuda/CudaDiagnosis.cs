using ILGPU.Runtime.Cuda;

namespace HeteroAKD.Tensors.Devices.Cuda;

/// <summary>Why there is no <c>cuda</c> device. ILGPU swallows what the driver says, so the driver is asked first.</summary>
internal static class CudaDiagnosis
{
    private const string Visible = "CUDA_VISIBLE_DEVICES";
    private static readonly Lazy<string?> s_found = new(Look);

    /// <summary>What is missing, as a sentence; null where there is a card. Looked for once.</summary>
    public static string? Problem => s_found.Value;

    /// <summary>The sentence for what the driver answered.</summary>
    /// <param name="library">Whether its library was found.</param>
    /// <param name="initResult">Result of cuInit.</param>
    /// <param name="initText">That result in words.</param>
    /// <param name="devices">Devices that it counted.</param>
    /// <param name="visible">The environment's CUDA_VISIBLE_DEVICES, or null.</param>
    public static string? Explain(bool library, int initResult, string initText, int devices, string? visible)
    {
        if (!library)
        {
            return "no libcuda.so.1: the NVIDIA driver is not installed, or a container was started without its libraries.";
        }

        string hidden = visible is null ? "" : $" {Visible}='{visible}' decides which cards this process sees.";
        if (initResult != CudaDriver.Success)
        {
            return $"the NVIDIA driver is there, but cuInit failed: {initText}.{(initResult == CudaDriver.ErrorNoDevice ? hidden : "")}";
        }

        return devices == 0 ? $"the NVIDIA driver reports 0 devices.{hidden}" : null;
    }

    /// <summary>The sentence for a driver that ILGPU has no PTX version for, or null.</summary>
    /// <param name="card">Name of the card.</param>
    /// <param name="capability">Its compute capability.</param>
    /// <param name="driver">The driver's version.</param>
    /// <param name="found">Whether ILGPU found an instruction set.</param>
    public static string? ExplainDriver(string card, string capability, string driver, bool found) => found
        ? null
        : $"the driver is too old: it speaks CUDA {driver}, and {card} (compute capability {capability}) needs a later one for ILGPU's PTX. Update the "
            + "NVIDIA driver.";

    private static string? Look()
    {
        DriverLibraries.Register();
        if (!DriverLibraries.HasCuda())
        {
            return Explain(false, 0, "", 0, null);
        }

        string? visible = Environment.GetEnvironmentVariable(Visible);
        try
        {
            int result = CudaDriver.cuInit(0);
            if (result != CudaDriver.Success)
            {
                return Explain(true, result, CudaDriver.Describe(result), 0, visible);
            }

            CudaDriver.Check(CudaDriver.cuDeviceGetCount(out int count), "cuDeviceGetCount");
            return Explain(true, CudaDriver.Success, "", count, visible);
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException or CudaDriverException or CudaException)
        {
            return $"libcuda.so.1 is not a CUDA driver that works: {e.Message}";
        }
    }
}
