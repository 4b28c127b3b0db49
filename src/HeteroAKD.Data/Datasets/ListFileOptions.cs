namespace HeteroAKD.Data;

/// <summary>Which lines of a list a <see cref="ListFileDataset"/> uses.</summary>
public sealed record ListFileOptions
{
    /// <summary>Uses lines 0, k, 2k, ... only: a student that sees every k-th image.</summary>
    public int Every { get; init; } = 1;

    /// <summary>Uses at most this many of them; 0 is all.</summary>
    public int Limit { get; init; }

    /// <summary>Decodes the images.</summary>
    public IImageCodec Codec { get; init; } = SkiaImageCodec.Instance;
}
