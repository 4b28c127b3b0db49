using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Tiles;
using ILGPU;

namespace HeteroAKD.Kernels.Conv.Device;

/// <summary>
/// Channels as lines and the pixels of all images as steps along K, for weight gradients. Every image takes a whole number of slices, so that a slice never
/// has pixels of two images; steps behind an image's last pixel are zero.
/// </summary>
public readonly struct ImageLines<TPieces> : ITileSource<ImageLines<TPieces>>
    where TPieces : struct, IPieces
{
    private readonly Mem _memory; // [N, channels, pixels]
    private readonly int _channels;
    private readonly int _pixels;
    private readonly Divider _imageDepth;
    private readonly int _pieceDepth;
    private readonly int _firstLine;
    private readonly int _firstStep;
    private readonly int _lastStep;

    /// <summary>All images.</summary>
    /// <param name="memory">[N, channels, pixels].</param>
    /// <param name="channels">Lines.</param>
    /// <param name="depth">The steps along K.</param>
    public ImageLines(Mem memory, int channels, ImageDepth depth)
    {
        _memory = memory;
        _channels = channels;
        _pixels = depth.Pixels;
        _imageDepth = new(depth.PerImage);
        _pieceDepth = depth.PerPiece;
        _lastStep = depth.All;
    }

    private ImageLines(in ImageLines<TPieces> all, int item, int firstLine)
    {
        this = all;
        _firstLine = firstLine;
        _firstStep = item * all._pieceDepth;
        _lastStep = Math.Min(all._lastStep, _firstStep + all._pieceDepth);
    }

    /// <inheritdoc/>
    public static bool AlongDepth => true;

    /// <inheritdoc/>
    public static bool Narrow => TPieces.Narrow;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ImageLines<TPieces> At(int item, int firstLine, int thread, int lines, int threads) => new(this, item, firstLine);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Load(ArrayView<float> slice, int k, int thread, int lines, int threads, uint[] held)
    {
        int at = _firstStep + k;
        int image = _imageDepth.Quotient(at);
        int firstPixel = at < _lastStep ? _imageDepth.Remainder(at, image) : _pixels;
        bool inner = TPieces.AreWhole && firstPixel + Tile.Depth <= _pixels;
        for (int i = 0; i < lines * 4 / threads; i++)
        {
            int piece = thread + (i * threads);
            int channel = Math.Min(_firstLine + (piece >> 2), _channels - 1);
            int pixel = firstPixel + ((piece & 3) << 2);
            int to = Slice.AlongDepth<TPieces>(piece >> 2, piece & 3);
            int from = ((image * _channels) + channel) * _pixels;
            if (inner)
            {
                TPieces.Copy(slice, to, _memory.View, from + pixel);
            }
            else
            {
                int inside = Math.Max(0, Math.Min(4, _pixels - pixel));
                TPieces.Copy(slice, to, _memory.View, inside > 0 ? from + pixel : 0, inside);
            }
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Finish(ArrayView<float> slice, int thread, int lines, int threads, uint[] held)
    {
        // Copies need no registers.
    }
}

/// <summary>The steps along K of a weight gradient's product: output pixels, each image filled up to whole slices.</summary>
/// <param name="Pixels">Of an image.</param>
/// <param name="Images">Images.</param>
/// <param name="PerPiece">Steps of a piece of the sum.</param>
public readonly record struct ImageDepth(int Pixels, int Images, int PerPiece)
{
    /// <summary>Steps of an image.</summary>
    public int PerImage => (Pixels + Tile.Depth - 1) / Tile.Depth * Tile.Depth;

    /// <summary>Steps of all images.</summary>
    public int All => PerImage * Images;
}
