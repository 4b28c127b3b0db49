using System.IO.Compression;
using HeteroAKD.Tensors;

namespace HeteroAKD.Weights.Formats;

/// <summary>A file of PyTorch that is damaged, or that holds more than weights.</summary>
public sealed class TorchFileException(string path, string problem, Exception? inner = null)
    : HeteroAkdException($"{path}: {problem}", inner!);

/// <summary>What is wrong inside a file of PyTorch; <see cref="TorchFile"/> adds its path.</summary>
internal sealed class TorchFileProblemException(string problem)
    : Exception(problem);

/// <summary>
/// State dicts in the zip form of <c>torch.save</c> (PyTorch 1.6 and later): <c>NAME/data.pkl</c> says which tensor lies where in <c>NAME/data/KEY</c>.
/// Nothing of a file is executed, and sizes, strides and offsets are checked before they are used.
/// </summary>
public static class TorchFile
{
    /// <summary>Whether a file begins like one of PyTorch, in the zip form or an older one.</summary>
    /// <param name="start">At least the first 512 bytes, where the file has them.</param>
    public static bool Recognises(ReadOnlySpan<byte> start) => start.StartsWith("PK\x3\x4"u8) || LegacyForm(start) is not null;

    /// <summary>
    /// Reads a state dict, also under <c>state_dict</c>, <c>model</c> or <c>model_state</c> (<c>_dict</c>) of a training checkpoint. float16 and bfloat16 are
    /// widened to float32; float64 and integers keep their type.
    /// </summary>
    /// <returns>The tensors in the file's order, and how many entries beside them are none.</returns>
    /// <exception cref="TorchFileException">Missing, damaged, of an older form, or with more in it than a state dict.</exception>
    public static (List<HostTensor> Tensors, int Others) Read(string path)
    {
        try
        {
            using FileStream stream = RegularFile.OpenRead(path);
            RequireZip(stream);
            using ZipArchive archive = new(stream, ZipArchiveMode.Read);
            return new TorchArchive(archive, stream.Length).ReadStateDict();
        }
        catch (TorchFileProblemException e)
        {
            throw new TorchFileException(path, e.Message, e);
        }
        catch (InvalidDataException e)
        {
            throw new TorchFileException(path, $"is cut short or damaged: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TorchFileException(path, $"cannot be read: {e.Message}", e);
        }
    }

    /// <summary>
    /// Writes a state dict that <c>torch.load(file, weights_only=True)</c> reads: an <c>OrderedDict</c> of contiguous tensors in the given order, each with a
    /// storage of its own, uncompressed at a multiple of 64 bytes.
    /// </summary>
    /// <exception cref="HeteroAkdException">More than 4 GiB in all, which this form of zip cannot hold.</exception>
    public static void Write(Stream stream, IReadOnlyList<HostTensor> tensors)
    {
        const string Root = "archive";
        StoredZipWriter zip = new(stream);
        zip.Add($"{Root}/data.pkl", StateDictPickler.Write(tensors));
        zip.Add($"{Root}/byteorder", "little"u8);
        for (int i = 0; i < tensors.Count; i++)
        {
            zip.Add($"{Root}/data/{i}", tensors[i].Bytes);
        }

        zip.Add($"{Root}/version", "3\n"u8);
        zip.Finish();
    }

    private static void RequireZip(FileStream stream)
    {
        byte[] start = new byte[512];
        int read = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        stream.Position = 0;
        if (LegacyForm(start.AsSpan(0, read)) is { } form)
        {
            throw new TorchFileProblemException(
                $"is in the {form} form of early PyTorch, which is not read. Write it anew: torch.save(torch.load(f, map_location='cpu', weights_only=True), new)");
        }

        if (!Recognises(start.AsSpan(0, read)))
        {
            throw new TorchFileProblemException("is no file of PyTorch, or its start is lost");
        }
    }

    private static string? LegacyForm(ReadOnlySpan<byte> start)
    {
        // 0x1950a86a20f9469cfc6c as a LONG1 behind PROTO 2: torch.serialization.MAGIC_NUMBER.
        ReadOnlySpan<byte> magic = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
        return start.StartsWith(magic) ? "pickle"
            : start.Length >= 262 && start.Slice(257, 5).SequenceEqual("ustar"u8) ? "tar"
            : null;
    }
}
