namespace HeteroAKD.Weights.Formats;

/// <summary>Says what a file is that was taken for a file of weights.</summary>
internal static class FileKind
{
    private static readonly (byte[] Start, string Kind)[] Known =
    [
        ([0x89, (byte)'P', (byte)'N', (byte)'G'], "a PNG image"),
        ([0xFF, 0xD8, 0xFF], "a JPEG image"),
        ([(byte)'P', (byte)'K', 3, 4], "a ZIP archive, such as PyTorch's .pth"),
        ([0x1F, 0x8B], "a gzip archive"),
        ([0x89, (byte)'H', (byte)'D', (byte)'F'], "an HDF5 file"),
        ([(byte)'G', (byte)'G', (byte)'U', (byte)'F'], "a GGUF file"),
    ];

    /// <summary>The kind of a file from its first eight bytes; null where they tell nothing.</summary>
    public static string? Find(ReadOnlySpan<byte> start)
    {
        foreach ((byte[] known, string kind) in Known)
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
