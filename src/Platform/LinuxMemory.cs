using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace HeteroAKD.Platform;

/// <summary>What Linux is told about memory.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe partial class LinuxMemory
{
    private const int HugePages = 14; // MADV_HUGEPAGE

    /// <summary>Asks for pages of 2 MiB. Where the advice is not taken, nothing is lost.</summary>
    public static void AdviseHugePages(void* memory, nuint bytes) => _ = Advise(memory, bytes, HugePages);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* memory, nuint bytes, int advice);
}
