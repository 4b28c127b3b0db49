using System.Runtime.InteropServices;
using HeteroAKD.Platform;

namespace HeteroAKD.Kernels.Launch;

/// <summary>
/// Large pieces of host memory, on pages of 2 MiB where the system gives them when asked: kernels walk over dozens of planes at once, each on pages of
/// its own, and with pages of 4 KiB more of them are in use than a processor keeps addresses for.
/// </summary>
internal static unsafe class HostMemory
{
    /// <summary>Where large pages begin, and what they are a multiple of.</summary>
    private const nuint PageBytes = 2 << 20;

    /// <summary>At least <paramref name="bytes"/>, beginning at a page; contents undefined. To be given to <see cref="Free"/>.</summary>
    /// <exception cref="OutOfMemoryException">The system has no more.</exception>
    public static void* Allocate(nuint bytes)
    {
        bytes = (bytes + PageBytes - 1) / PageBytes * PageBytes;
        void* memory = NativeMemory.AlignedAlloc(bytes, PageBytes);
        if (OperatingSystem.IsLinux())
        {
            LinuxMemory.AdviseHugePages(memory, bytes);
        }

        return memory;
    }

    /// <summary>Gives memory back; null is nothing.</summary>
    public static void Free(void* memory) => NativeMemory.AlignedFree(memory);
}
