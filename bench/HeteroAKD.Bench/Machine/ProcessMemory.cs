using System.Globalization;
using System.Runtime.InteropServices;

namespace HeteroAKD.Bench.Machine;

/// <summary>
/// How far the process's memory rises while something runs: the only view that a library without allocator statistics offers. Linux with glibc; null elsewhere.
/// </summary>
internal static partial class ProcessMemory
{
    private const string Status = "/proc/self/status";
    private const string ClearReferences = "/proc/self/clear_refs";
    private const string ResetPeak = "5";

    /// <summary>Peak of resident memory during <paramref name="action"/> less what was resident before, in bytes; null where it cannot be told.</summary>
    public static long? RiseDuring(Action action)
    {
        if (!TryPrepare())
        {
            action();
            return null;
        }

        long before = Read("VmRSS");
        action();
        return Math.Max(0, Read("VmHWM") - before);
    }

    // What earlier work freed but malloc kept would hide the rise; it goes back to the system first.
    private static bool TryPrepare()
    {
        if (!OperatingSystem.IsLinux() || !File.Exists(ClearReferences))
        {
            return false;
        }

        try
        {
            Trim(0);
            File.WriteAllText(ClearReferences, ResetPeak);
            return true;
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException or IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static long Read(string key)
    {
        string line = File.ReadLines(Status).First(l => l.StartsWith(key, StringComparison.Ordinal));
        string number = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1];
        return long.Parse(number, CultureInfo.InvariantCulture) * 1024;
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int Trim(nuint pad);
}
