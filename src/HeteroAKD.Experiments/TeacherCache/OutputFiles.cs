using System.Runtime.InteropServices;
using System.Security.Cryptography;
using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments.TeacherCache;

/// <summary>
/// Files with a teacher's outputs. The name of a file is a digest of everything that its content depends on, and a file ends with a digest of its content, so a
/// damaged file counts as missing. Processes may share the folder. If the disk is full, no more files are written and the training goes on.
/// </summary>
internal sealed class OutputFiles
{
    private const int NameBytes = 16;

    private readonly string _folder;
    private readonly byte[] _origin;
    private readonly Action<string> _say;
    private bool _full;
    private byte[] _buffer = [];

    /// <summary>Keeps files in a folder, which is made if it is not there.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="origin">Digest of what the outputs follow from besides the images.</param>
    /// <param name="say">Hears that files can no longer be written.</param>
    /// <exception cref="StorageException">The folder cannot be made.</exception>
    public OutputFiles(string folder, byte[] origin, Action<string> say)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"the folder {folder} for the teacher's outputs cannot be made: {e.Message}", e);
        }

        (_folder, _origin, _say) = (folder, origin, say);
    }

    /// <summary>The file of some images.</summary>
    /// <param name="sizes">Their extent.</param>
    /// <param name="pixels">Their content.</param>
    public string PathOf(ReadOnlySpan<int> sizes, ReadOnlySpan<byte> pixels)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(_origin);
        hash.AppendData(MemoryMarshal.AsBytes(sizes));
        hash.AppendData(pixels);
        return Path.Combine(_folder, Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, NameBytes)));
    }

    /// <summary>The content of a file, valid until the next call; empty where it is not there, cut or damaged.</summary>
    public ReadOnlySpan<byte> Read(string path)
    {
        try
        {
            if (!File.Exists(path))
            {
                return [];
            }

            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            if (stream.Length > Array.MaxLength)
            {
                return [];
            }

            int length = (int)stream.Length;
            _buffer = _buffer.Length < length ? GC.AllocateUninitializedArray<byte>(length) : _buffer;
            Span<byte> file = _buffer.AsSpan(0, length);
            stream.ReadExactly(file);
            int content = Math.Max(0, length - SHA256.HashSizeInBytes);
            return SHA256.HashData(file[..content]).AsSpan().SequenceEqual(file[content..]) ? file[..content] : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Writes a file; returns whether it could be written.</summary>
    /// <param name="path">The file.</param>
    /// <param name="write">Puts the content into the stream.</param>
    public bool Write(string path, Action<Stream> write)
    {
        if (_full)
        {
            return false;
        }

        try
        {
            AtomicFile.WriteCacheEntry(path, stream =>
            {
                using SHA256 digest = SHA256.Create();
                using (CryptoStream content = new(stream, digest, CryptoStreamMode.Write, leaveOpen: true))
                {
                    write(content);
                }

                stream.Write(digest.Hash);
            });
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _full = true;
            _say($"the teacher's outputs are no longer kept: {e.Message}");
            return false;
        }
    }
}
