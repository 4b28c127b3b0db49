using System.Globalization;
using System.Runtime.Versioning;

namespace HeteroAKD.Platform;

/// <summary>
/// What Linux says of this process, under <c>/proc/self</c>. It uses nothing outside the runtime's core: a process without descriptors can load no library.
/// </summary>
[SupportedOSPlatform("linux")]
internal static class LinuxProcess
{
    private const string Status = "/proc/self/status";
    private const string Limits = "/proc/self/limits";
    private const int HangUp = 1; // SIGHUP

    /// <summary>Bytes of address space in use; null where it is not told.</summary>
    public static long? AddressSpaceBytes => Number(First(Value(Status, "VmSize:"))) << 10;

    /// <summary>Most bytes of address space (<c>ulimit -v</c>); null without a limit.</summary>
    public static long? AddressSpaceLimit => Number(First(Value(Limits, "Max address space")));

    /// <summary>Most files open at once (<c>ulimit -n</c>); null without a limit.</summary>
    public static long? DescriptorLimit => Number(First(Value(Limits, "Max open files")));

    /// <summary>Whether the process began with SIGHUP ignored, as under nohup; true where it is not told.</summary>
    public static bool IgnoresHangUp =>
        !ulong.TryParse(First(Value(Status, "SigIgn:")), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong ignored) || (ignored & HangUp) != 0;

    private static long? Number(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;

    // The first word of a line's rest: "soft" of "soft  hard  unit".
    private static string First(string text)
    {
        int end = text.IndexOf(' ', StringComparison.Ordinal);
        return end < 0 ? text : text[..end];
    }

    // What follows a name at the beginning of a line; empty where there is none.
    private static string Value(string file, string name)
    {
        try
        {
            foreach (string line in File.ReadAllText(file).Split('\n'))
            {
                if (line.StartsWith(name, StringComparison.Ordinal))
                {
                    return line[name.Length..].Trim();
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A container may hide it.
        }

        return "";
    }
}
