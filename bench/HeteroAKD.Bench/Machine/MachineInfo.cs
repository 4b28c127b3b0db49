using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using HeteroAKD.Tensors;

namespace HeteroAKD.Bench.Machine;

/// <summary>Where, when and with what a run was taken: figures without it say nothing.</summary>
/// <param name="Date">Start of the run, UTC.</param>
/// <param name="Cpu">Model name of the processor.</param>
/// <param name="Cores">Logical processors that the process may use.</param>
/// <param name="VectorBits">Width of the vectors that the runtime accelerates.</param>
/// <param name="System">Operating system.</param>
/// <param name="Runtime">.NET runtime.</param>
/// <param name="Version">Version of this project.</param>
/// <param name="Peer">Versions of TorchSharp and libtorch, or why there is no peer.</param>
/// <param name="Load">Load average over a minute at the start, or null where the system tells none.</param>
internal sealed record MachineInfo(
    string Date, string Cpu, int Cores, int VectorBits, string System, string Runtime, string Version, string Peer, double? Load)
{
    /// <summary>Looks at this machine.</summary>
    public static MachineInfo Read(string peer) => new(
        DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture),
        CpuName(),
        Environment.ProcessorCount,
        Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128,
        RuntimeInformation.OSDescription,
        RuntimeInformation.FrameworkDescription,
        ProductVersion.WithCommit,
        peer,
        LoadAverage());

    /// <summary>A sentence where other work was running when the run began, else null.</summary>
    public string? Warning => Load > 0.5
        ? string.Create(
            CultureInfo.InvariantCulture, $"The machine was busy at the start (load {Load:F1} on {Cores} cores): the times are indications, not measurements.")
        : null;

    private static double? LoadAverage() =>
        File.Exists("/proc/loadavg") ? double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture) : null;

    private static string CpuName()
    {
        string? line = File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))
            : null;
        return line is null ? RuntimeInformation.ProcessArchitecture.ToString() : line[(line.IndexOf(':') + 1)..].Trim();
    }
}
