using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using HeteroAKD.Nn;
using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments.TeacherCache;

/// <summary>
/// Whole images' outputs in files (<c>data.teacherCache: disk</c>). A file's name is a digest of the image and of what else its content follows from, and the file ends with a digest
/// of its content: it is the right one, or it is written anew. Processes may share the folder. Where nothing can be written, the teacher is asked again.
/// </summary>
internal sealed class OutputsOnDisk : IWholeOutputs
{
    private const int HeaderNumbers = 5; // image and padded sides, count of maps
    private const int MapNumbers = 3;    // channels, height, width

    private readonly string _folder;
    private readonly byte[] _origin;
    private readonly Action<string> _say;
    private readonly Dictionary<(int, int), string> _names = [];
    private bool _full;

    /// <summary>Keeps outputs in a folder, which is made if it is not there.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="origin">Digest of what the outputs follow from besides the image.</param>
    /// <param name="say">Hears that outputs can no longer be written.</param>
    /// <exception cref="StorageException">The folder cannot be made.</exception>
    public OutputsOnDisk(string folder, byte[] origin, Action<string> say)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (StorageException.IsRefusal(e))
        {
            throw new StorageException($"the folder {folder} for the teacher's outputs cannot be made: {e.Message}", e);
        }

        (_folder, _origin, _say) = (folder, origin, say);
    }

    /// <inheritdoc/>
    public WholeOutput? Find(int source, int index, Func<RgbImage> image)
    {
        if (!_names.TryGetValue((source, index), out string? name))
        {
            _names[(source, index)] = name = Name(image());
        }

        try
        {
            return File.Exists(name) ? Read(File.ReadAllBytes(name)) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // as if it were not there
        }
    }

    /// <inheritdoc/>
    public void Add(int source, int index, RgbImage image, WholeOutput output)
    {
        if (_full)
        {
            return;
        }

        try
        {
            AtomicFile.WriteCacheEntry(_names[(source, index)], stream =>
            {
                byte[] content = Bytes(output);
                stream.Write(content);
                stream.Write(SHA256.HashData(content));
            });
        }
        catch (Exception e) when (StorageException.IsRefusal(e))
        {
            _full = true;
            _say($"the teacher's outputs are no longer kept (data.teacherCache): {e.Message}");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private static byte[] Bytes(WholeOutput output)
    {
        int[] numbers = [output.Image.Height, output.Image.Width, output.Padded.Height, output.Padded.Width, output.Maps.Count, .. output.Maps.SelectMany(m => (int[])[m.Channels, m.Height, m.Width])];
        return [.. MemoryMarshal.AsBytes(numbers.AsSpan()), .. output.Maps.SelectMany(m => MemoryMarshal.AsBytes(m.Values.AsSpan()).ToArray())];
    }

    // Null for a file that is cut or damaged.
    private static WholeOutput? Read(byte[] file)
    {
        int length = file.Length - SHA256.HashSizeInBytes;
        if (length < HeaderNumbers * sizeof(int) || !SHA256.HashData(file.AsSpan(0, length)).AsSpan().SequenceEqual(file.AsSpan(length)))
        {
            return null;
        }

        int Number(int place) => BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(place * sizeof(int)));
        HalfMap[] maps = new HalfMap[Number(HeaderNumbers - 1)];
        int at = (HeaderNumbers + (MapNumbers * maps.Length)) * sizeof(int);
        for (int i = 0; i < maps.Length; i++)
        {
            int place = HeaderNumbers + (MapNumbers * i);
            (int channels, int height, int width) = (Number(place), Number(place + 1), Number(place + 2));
            Half[] values = MemoryMarshal.Cast<byte, Half>(file.AsSpan(at, 2 * channels * height * width)).ToArray();
            at += 2 * values.Length;
            maps[i] = new HalfMap(channels, height, width, values);
        }

        return new WholeOutput((Number(0), Number(1)), (Number(2), Number(3)), maps);
    }

    private string Name(RgbImage image)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(_origin);
        hash.AppendData(MemoryMarshal.AsBytes<int>([image.Height, image.Width]));
        hash.AppendData(image.Pixels);
        return Path.Combine(_folder, Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16)));
    }
}
