using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace HeteroAKD.Tensors;

/// <summary>
/// Opens input files. Links are followed; what is no regular file (a device, a pipe) is refused before it is opened, since it may have no end or nobody who writes, and what is
/// larger than the caller can use is refused before it is read.
/// </summary>
public static partial class RegularFile
{
    private const int CurrentFolder = -100;  // AT_FDCWD: relative paths start at the working folder
    private const uint TypeOnly = 1;         // STATX_TYPE
    private const int StatusBytes = 256;     // of struct statx, the same for every processor
    private const int ModeAt = 28;
    private const int TypeMask = 0xF000;     // S_IFMT

    /// <summary>Opens a file for reading.</summary>
    /// <param name="path">The file, or a link to it.</param>
    /// <param name="maxBytes">A larger one is refused.</param>
    /// <exception cref="IOException">It is missing, cannot be read, is no regular file, or is larger; the text says which.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static FileStream OpenRead(string path, long maxBytes = long.MaxValue)
    {
        if (OtherKind(path) is { } kind)
        {
            throw new IOException($"it is {kind}, not a file");
        }

        FileStream stream = File.OpenRead(path);
        if (stream.Length <= maxBytes)
        {
            return stream;
        }

        using (stream)
        {
            throw new IOException(string.Create(CultureInfo.InvariantCulture, $"it has {stream.Length} bytes, and at most {maxBytes} are read"));
        }
    }

    /// <summary>Reads a text in UTF-8, or in UTF-16 or UTF-32 where it begins with their mark.</summary>
    /// <inheritdoc cref="OpenRead"/>
    public static string ReadText(string path, long maxBytes)
    {
        using StreamReader reader = new(OpenRead(path, maxBytes), Encoding.UTF8);
        return reader.ReadToEnd();
    }

    /// <summary>What a path leads to, in words, where that is there and neither a regular file nor a folder; null on systems that cannot be asked.</summary>
    public static string? OtherKind(string path)
    {
        if (!OperatingSystem.IsLinux() || path.Contains('\0', StringComparison.Ordinal))
        {
            return null;
        }

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

        int mode = BitConverter.IsLittleEndian ? BinaryPrimitives.ReadUInt16LittleEndian(status[ModeAt..]) : BinaryPrimitives.ReadUInt16BigEndian(status[ModeAt..]);
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
