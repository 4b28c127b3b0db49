namespace HeteroAKD.Weights.Formats;

/// <summary>Says what a file is that was taken for a file of weights.</summary>
internal static class FileKind
{
    private const string Decompress = "Unpack it first";

    private static readonly (byte[] Start, string Kind, string Remedy)[] s_beginnings =
    [
        ("version https://git-lfs.github.com"u8.ToArray(), "a pointer of Git LFS, not the weights themselves", "Fetch them with 'git lfs pull', or download "
            + "the file from its page"),
        ("<!DOCTYPE"u8.ToArray(), "an HTML page, not the weights themselves", "Open the address in a browser and download the file that it offers"),
        ("<!doctype"u8.ToArray(), "an HTML page, not the weights themselves", "Open the address in a browser and download the file that it offers"),
        ("<html"u8.ToArray(), "an HTML page, not the weights themselves", "Open the address in a browser and download the file that it offers"),
        ([0x1F, 0x8B], "a gzip archive", Decompress),
        ([0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z'], "an xz archive", Decompress),
        ([(byte)'B', (byte)'Z', (byte)'h'], "a bzip2 archive", Decompress),
        ([0x28, 0xB5, 0x2F, 0xFD], "a zstd archive", Decompress),
        ([(byte)'7', (byte)'z', 0xBC, 0xAF], "a 7z archive", Decompress),
        ([0x89, (byte)'H', (byte)'D', (byte)'F'], "an HDF5 file, as Keras writes them", "Weights of TensorFlow and Keras are not read; find them as .pth or "
            + ".safetensors"),
        ([(byte)'G', (byte)'G', (byte)'U', (byte)'F'], "a GGUF file, which holds quantised language models", "Find the weights as .pth or .safetensors"),
        ([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'], "one NumPy array", "Find the weights as .pth or .safetensors"),
    ];

    private static readonly (byte[] Start, string Kind)[] s_known =
    [
        ([0x89, (byte)'P', (byte)'N', (byte)'G'], "a PNG image"),
        ([0xFF, 0xD8, 0xFF], "a JPEG image"),
        ([(byte)'P', (byte)'K', 3, 4], "a ZIP archive, such as PyTorch's .pth"),
        ([0x1F, 0x8B], "a gzip archive"),
        ([0x89, (byte)'H', (byte)'D', (byte)'F'], "an HDF5 file"),
        ([(byte)'G', (byte)'G', (byte)'U', (byte)'F'], "a GGUF file"),
    ];

    /// <summary>What is wrong with a file of weights that begins so, and what to do; null where nothing tells.</summary>
    /// <param name="start">At most 512 bytes.</param>
    public static string? Problem(ReadOnlySpan<byte> start)
    {
        ReadOnlySpan<byte> text = start.StartsWith("\uFEFF"u8) ? start[3..] : start;
        text = text.TrimStart(" \t\r\n"u8);
        foreach ((byte[] beginning, string kind, string remedy) in s_beginnings)
        {
            if (text.StartsWith(beginning))
            {
                return $"is {kind}. {remedy}";
            }
        }

        // {"metadata": {"total_size": …}, "weight_map": {…}}
        return text.StartsWith("{"u8) && (text.IndexOf("\"weight_map\""u8) >= 0 || text.IndexOf("\"total_size\""u8) >= 0)
            ? "is the index of weights that are spread over several files. Import needs them in one: load and save them again with the library that wrote them"
            : null;
    }

    /// <summary>The kind of a file from its first eight bytes; null where they tell nothing.</summary>
    public static string? Find(ReadOnlySpan<byte> start)
    {
        foreach ((byte[] known, string kind) in s_known)
        {
            if (start.StartsWith(known))
            {
                return kind;
            }
        }

        ReadOnlySpan<byte> text = start.StartsWith("\uFEFF"u8) ? start[3..] : start;
        foreach (byte b in text)
        {
            if (b is < 0x20 and not ((byte)'\t' or (byte)'\n' or (byte)'\r') or >= 0x7F)
            {
                return null;
            }
        }

        return "a text file, such as a configuration";
    }
}
