using ILGPU.Backends.PTX;
using ILGPU.Runtime.Cuda;

namespace HeteroAKD.Tensors.Devices.Cuda;

/// <summary>The version of PTX that kernels are written in: the newest that driver and ILGPU know, unless the user names one.</summary>
internal static class PtxVersion
{
    /// <summary>The environment variable that names a version, such as 8.0.</summary>
    public const string Variable = "HETEROAKD_PTX_ISA";

    /// <summary>What pins the version of a card while ILGPU describes it; it does nothing where the variable is empty.</summary>
    /// <exception cref="DeviceNotAvailableException">ILGPU writes no such version.</exception>
    public static Action<CudaDeviceOverride> Pin() => Pin(Environment.GetEnvironmentVariable(Variable));

    /// <inheritdoc cref="Pin()"/>
    /// <param name="text">The variable's value.</param>
    public static Action<CudaDeviceOverride> Pin(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return _ => { };
        }

        CudaInstructionSet? named = Version.TryParse(text, out Version? version) ? new CudaInstructionSet(version.Major, version.Minor) : null;
        return named is { } pinned && PTXCodeGenerator.SupportedInstructionSets.Contains(pinned)
            ? card => card.InstructionSet = pinned
            : throw new DeviceNotAvailableException(
                "cuda",
                $"{Variable}={text} is no version of PTX that ILGPU writes; it writes {string.Join(", ", PTXCodeGenerator.SupportedInstructionSets.Order())}. "
                    + "Leave it out to take the newest that the driver knows.");
    }
}
