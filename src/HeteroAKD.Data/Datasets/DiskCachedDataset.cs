using System.Buffers.Binary;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;
using HeteroAKD.Nn;
using HeteroAKD.Tensors;

namespace HeteroAKD.Data;

/// <summary>
/// Keeps every sample of a <see cref="PairDataset"/> in a file that needs no decoding, 4 bytes a pixel. An entry belongs to the paths of its files, their
/// <see cref="FileStamp"/>, the label map and whether images are turned. Where one of them changes, or the entry is damaged, the files are decoded again and
/// the entry is replaced.
/// </summary>
/// <remarks>
/// Entry: the 32-byte stamp of what it was made from, width and height (int32, little-endian), RGB [H, W, 3], class ids [H, W], XxHash3 of all that (8 bytes).
/// It is written beside its place and renamed, so several runs may share a folder. Nothing is deleted; remove the folder to free the space.
/// </remarks>
public sealed class DiskCachedDataset : ISegmentationDataset
{
    private const int StampBytes = 32;
    private const int HeaderBytes = StampBytes + 8;
    private const int HashBytes = 8;
    private const int FormatVersion = 3;

    private readonly PairDataset _source;
    private readonly string _folder;
    private readonly Action<string> _warn;
    private int _refused; // 1 once the folder took no entry

    /// <summary>Reads and writes entries in a folder, which is made where it is missing.</summary>
    /// <param name="source">The files.</param>
    /// <param name="folder">Where entries lie.</param>
    /// <param name="warn">Gets one sentence, from any thread, if the folder takes no entries; loading goes on without them.</param>
    public DiskCachedDataset(PairDataset source, string folder, Action<string> warn) => (_source, _folder, _warn) = (source, folder, warn);

    /// <summary><c>data</c> in the <see cref="CacheFolder"/> of this user, or in the temporary folder where there is none.</summary>
    public static string DefaultFolder => Path.Combine(CacheFolder.OfUser() ?? Path.Combine(Path.GetTempPath(), "heteroakd"), "data");

    /// <inheritdoc/>
    public int Count => _source.Count;

    /// <inheritdoc/>
    public ClassSet Classes => _source.Classes;

    /// <inheritdoc/>
    public Sample Load(int index, Sample? reuse = null)
    {
        FilePair pair = _source.Pairs[index];
        string path = EntryOf(pair);
        byte[]? stamp = StampOf(pair);
        if (stamp is not null && TryRead(path, stamp, pair.Id, _source.Limits, reuse) is { } kept)
        {
            return kept;
        }
        Sample sample = _source.Load(index, reuse);
        if (stamp is not null && Volatile.Read(ref _refused) == 0)
        {
            Write(path, stamp, sample);
        }
        return sample;
    }

    private string EntryOf(FilePair pair) =>
        Path.Combine(
            _folder, Convert.ToHexStringLower(
                Digest($"{Path.GetFullPath(pair.Image)}\n{Path.GetFullPath(pair.Label)}\n{_source.Fingerprint}")[..16]) + ".sample");

    /// <summary>What an entry is made from; null where a file is missing, which decoding will say better.</summary>
    private static byte[]? StampOf(FilePair pair)
    {
        (FileInfo? image, FileInfo? label) = (new FileInfo(pair.Image), new FileInfo(pair.Label));
        return image.Exists && label.Exists ? Digest($"{FormatVersion} {FileStamp.Of(image)} {FileStamp.Of(label)}") : null;
    }

    private static byte[] Digest(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    private static Sample? TryRead(string path, byte[] stamp, string id, ImageLimits limits, Sample? reuse)
    {
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            byte[] header = new byte[HeaderBytes];
            file.ReadExactly(header);
            (int width, int height) = (
                BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(StampBytes)), BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(StampBytes + 4)));
            if (!header.AsSpan(0, StampBytes).SequenceEqual(stamp) || width <= 0 || height <= 0 || width > limits.MaxPixels / height
                || file.Length != HeaderBytes + 4L * width * height + HashBytes)
            {
                return null;
            }
            RgbImage image = reuse is not null && reuse.Image.Width == width && reuse.Image.Height == height ? reuse.Image : new RgbImage(width, height);
            byte[] labels = reuse?.Image == image ? reuse.Labels : new byte[width * height]; // [H, W]
            byte[] hash = new byte[HashBytes];
            file.ReadExactly(image.Pixels);
            file.ReadExactly(labels);
            file.ReadExactly(hash);
            return hash.AsSpan().SequenceEqual(HashOf(header, image.Pixels, labels)) ? new Sample(id, image, labels) : null;
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            return null; // not there yet, or no longer readable: decoding serves as well
        }
    }

    private void Write(string path, byte[] stamp, Sample sample)
    {
        try
        {
            Directory.CreateDirectory(_folder);
            byte[] header = new byte[HeaderBytes];
            stamp.CopyTo(header, 0);
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(StampBytes), sample.Image.Width);
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(StampBytes + 4), sample.Image.Height);
            AtomicFile.WriteCacheEntry(path, file =>
            {
                file.Write(header);
                file.Write(sample.Image.Pixels);
                file.Write(sample.Labels);
                file.Write(HashOf(header, sample.Image.Pixels, sample.Labels));
            });
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            if (Interlocked.Exchange(ref _refused, 1) == 0)
            {
                _warn($"the data cache {_folder} takes no more entries ({cause.Message.TrimEnd('.')}); the others are decoded every time");
            }
        }
    }

    private static byte[] HashOf(byte[] header, byte[] pixels, byte[] labels)
    {
        XxHash3 hash = new();
        hash.Append(header);
        hash.Append(pixels);
        hash.Append(labels);
        return hash.GetCurrentHash();
    }
}
