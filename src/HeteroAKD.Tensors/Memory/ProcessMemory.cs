using System.Globalization;
using HeteroAKD.Platform;

namespace HeteroAKD.Tensors.Memory;

/// <summary>What this process holds of the machine's memory, and which limits it has: for messages when one of them is reached.</summary>
internal static class ProcessMemory
{
    /// <summary>
    /// "the process holds 812.3 MiB of memory, 4,000.0 MiB of address space (limit 4,096.0 MiB) and 12.0 MiB of managed heap (limit 512.0 MiB)"; what the
    /// system does not tell is left out.
    /// </summary>
    public static string Describe()
    {
        string space = OperatingSystem.IsLinux() && LinuxProcess.AddressSpaceBytes is { } bytes
            ? $"{Size(bytes)} of address space{(LinuxProcess.AddressSpaceLimit is { } limit ? $" (limit {Size(limit)})" : "")} and "
            : "";
        string heap = $"{Size(GC.GetTotalMemory(forceFullCollection: false))} of managed heap (limit {Size(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes)})";
        return $"the process holds {Size(Environment.WorkingSet)} of memory, {space}{heap}";
    }

    /// <summary>Bytes in the largest unit that leaves a figure before the point, up to MiB.</summary>
    public static string Size(long bytes) => bytes is > 0 and < 1 << 20
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:F1} KiB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:N1} MiB");
}
