using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace HeteroAKD.Platform;

/// <summary>What Linux says of a file.</summary>
[SupportedOSPlatform("linux")]
internal static partial class LinuxFile
{
    private const int CurrentFolder = -100;  // AT_FDCWD: relative paths start at the working folder
    private const uint Type = 1;             // STATX_TYPE
    private const uint ChangeTime = 0x80;    // STATX_CTIME
    private const int StatusBytes = 256;     // of struct statx, the same for every processor
    private const int MaskAt = 0;
    private const int ModeAt = 28;
    private const int ChangeTimeAt = 96;     // seconds, then nanoseconds
    private const int TypeMask = 0xF000;     // S_IFMT

    /// <summary>What a path leads to, in words, where that is there and neither a regular file nor a folder.</summary>
    public static string? OtherKind(string path)
    {
        Span<byte> status = stackalloc byte[StatusBytes];
        if (!Read(path, Type, status))
        {
            return null;
        }

        return (MemoryMarshal.Read<ushort>(status[ModeAt..]) & TypeMask) switch
        {
            0x1000 => "a named pipe",
            0x2000 or 0x6000 => "a device",
            0xC000 => "a socket",
            _ => null,
        };
    }

    /// <summary>
    /// When a file's content, name or rights last changed (ctime): seconds since 1970 and nanoseconds. No program can set it, so a copy that keeps the time of
    /// its source (<c>cp -p</c>) still shows. Null where it is not told.
    /// </summary>
    public static (long Seconds, uint Nanoseconds)? Changed(string path)
    {
        Span<byte> status = stackalloc byte[StatusBytes];
        return Read(path, ChangeTime, status) && (MemoryMarshal.Read<uint>(status[MaskAt..]) & ChangeTime) != 0
            ? (MemoryMarshal.Read<long>(status[ChangeTimeAt..]), MemoryMarshal.Read<uint>(status[(ChangeTimeAt + sizeof(long))..]))
            : null;
    }

    // False where the path leads nowhere, or the C library is from before 2018.
    private static bool Read(string path, uint mask, Span<byte> status)
    {
        try
        {
            return Statx(CurrentFolder, path, 0, mask, ref MemoryMarshal.GetReference(status)) == 0;
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int folder, string path, int flags, uint mask, ref byte status);
}
