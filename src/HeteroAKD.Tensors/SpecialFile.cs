using System.Runtime.InteropServices;

namespace HeteroAKD.Tensors;

/// <summary>Tells devices, FIFOs and sockets from regular files and folders, which .NET does not.</summary>
internal static partial class SpecialFile
{
    private const int CurrentFolder = -100;   // AT_FDCWD
    private const uint TypeOnly = 1;          // STATX_TYPE
    private const int StructBytes = 256;
    private const int ModeOffset = 28;        // stx_mode, 16 bits, the same on every processor
    private const int TypeMask = 0xF000;      // S_IFMT
    private const int Folder = 0x4000;        // S_IFDIR
    private const int Regular = 0x8000;       // S_IFREG

    /// <summary>Whether the path, its links followed, leads to something that is neither a regular file nor a folder.</summary>
    public static unsafe bool Is(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return IsInDeviceFolder(path);
        }

        byte* result = stackalloc byte[StructBytes];
        try
        {
            return StatX(CurrentFolder, path, 0, TypeOnly, result) == 0 && (*(ushort*)(result + ModeOffset) & TypeMask) is not Folder and not Regular;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return IsInDeviceFolder(path); // a C library that is older than the call
        }
    }

    private static bool IsInDeviceFolder(string path) => path.StartsWith("/dev/", StringComparison.Ordinal);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatX(int folder, string path, int flags, uint mask, byte* result);
}
