using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace HeteroAKD.Platform;

/// <summary>What Linux says of a file.</summary>
[SupportedOSPlatform("linux")]
internal static partial class LinuxFile
{
    private const int CurrentFolder = -100;  // AT_FDCWD: relative paths start at the working folder
    private const uint TypeOnly = 1;         // STATX_TYPE
    private const int StatusBytes = 256;     // of struct statx, the same for every processor
    private const int ModeAt = 28;
    private const int TypeMask = 0xF000;     // S_IFMT

    /// <summary>What a path leads to, in words, where that is there and neither a regular file nor a folder.</summary>
    public static string? OtherKind(string path)
    {
        Span<byte> status = stackalloc byte[StatusBytes];
        try
        {
            if (Statx(CurrentFolder, path, 0, TypeOnly, ref MemoryMarshal.GetReference(status)) != 0)
            {
                return null;
            }
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException)
        {
            return null;  // a C library from before 2018
        }

        int mode = BitConverter.IsLittleEndian ? BinaryPrimitives.ReadUInt16LittleEndian(status[ModeAt..])
            : BinaryPrimitives.ReadUInt16BigEndian(status[ModeAt..]);
        return (mode & TypeMask) switch
        {
            0x1000 => "a named pipe",
            0x2000 or 0x6000 => "a device",
            0xC000 => "a socket",
            _ => null,
        };
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int folder, string path, int flags, uint mask, ref byte status);
}
