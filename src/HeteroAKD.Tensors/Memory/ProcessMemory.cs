using System.Globalization;

namespace HeteroAKD.Tensors.Memory;

/// <summary>What this process holds of the machine's memory, and which limits it has: for messages when one of them is reached.</summary>
public static class ProcessMemory
{
    /// <summary>"the process holds 812.3 MiB of memory, 4,000.0 MiB of address space (limit 4,096.0 MiB) and 12.0 MiB of managed heap (limit 512.0 MiB)"; what the system does not tell is left out.</summary>
    public static string Describe()
    {
        string space = Kibibytes("/proc/self/status", "VmSize:") is { } size ? $"{Size(size << 10)} of address space{AddressLimit()} and " : "";
        string heap = $"{Size(GC.GetTotalMemory(forceFullCollection: false))} of managed heap (limit {Size(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes)})";
        return $"the process holds {Size(Environment.WorkingSet)} of memory, {space}{heap}";
    }

    /// <summary>Bytes in the largest unit that leaves a figure before the point, up to MiB.</summary>
    public static string Size(long bytes) => bytes is > 0 and < 1 << 20
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:F1} KiB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:N1} MiB");

    private static string AddressLimit()
    {
        // "Max address space  soft  hard  bytes", with "unlimited" for none.
        string soft = Line("/proc/self/limits", "Max address space").Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault("");
        return long.TryParse(soft, CultureInfo.InvariantCulture, out long limit) ? $" (limit {Size(limit)})" : "";
    }

    private static long? Kibibytes(string file, string name) =>
        long.TryParse(Line(file, name).Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture, out long number) ? number : null;

    // What follows a name at the beginning of a line.
    private static string Line(string file, string name)
    {
        try
        {
            return File.ReadLines(file).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal), name)[name.Length..];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
