using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace HeteroAKD.Kernels.Conv;

/// <summary>
/// The layout in which a tile of a convolution holds its piece of the source: [channel, phase, image, row x pitch], rows with zero columns on their
/// left only, because the left padding of a row serves as the right padding of the one above. In it every tap is a constant distance, so a
/// convolution is a matrix product whose right side needs no packing.
/// </summary>
internal sealed class PaddedPlanes
{
    // Vectors are loaded past the last position; they may see anything but must stay inside, and where gradients multiply them by zero be finite.
    private const int OverRead = 160;

    private readonly ConvGeometry _geometry;

    public PaddedPlanes(ConvGeometry geometry, int gridRows, int images)
    {
        _geometry = geometry;
        Images = images;
        GridRows = gridRows;
        Rows = gridRows + geometry.LastRow - geometry.FirstRow;
        int span = geometry.GridColumns + geometry.LastColumn - geometry.FirstColumn;
        Left = Math.Max(0, -geometry.FirstColumn);
        int dataEnd = 0;
        for (int phase = 0; phase < geometry.Phases.Count; phase++)
        {
            dataEnd = Math.Max(dataEnd, Math.Min(span, geometry.PhaseColumns(phase) - geometry.FirstColumn));
        }

        Pitch = Math.Max(geometry.GridColumns, Math.Max(dataEnd, span - Left));
        ImageStride = Rows * Pitch;

        // An odd number of cache lines keeps the planes of the channels in different sets of the cache.
        int lines = ((images * ImageStride) + Left + 15) / 16;
        PlaneStride = (lines | 1) * 16;
        ChannelStride = PlaneStride * geometry.Phases.Count;
    }

    /// <summary>Grid rows that the planes serve.</summary>
    public int GridRows { get; }

    /// <summary>Images (maps, where an image is several) side by side.</summary>
    public int Images { get; }

    /// <summary>Rows of a plane: the grid's and what the taps reach beyond it.</summary>
    public int Rows { get; }

    /// <summary>Elements from a row to the next.</summary>
    public int Pitch { get; }

    /// <summary>Zero columns at the left of a row.</summary>
    public int Left { get; }

    /// <summary>Elements from an image to the next.</summary>
    public int ImageStride { get; }

    /// <summary>Elements from a phase to the next.</summary>
    public int PlaneStride { get; }

    /// <summary>Elements from a channel to the next.</summary>
    public int ChannelStride { get; }

    /// <summary>Elements that <paramref name="channels"/> channels need, over-read included.</summary>
    public int Length(int channels) => (channels * ChannelStride) + OverRead;

    /// <summary>Distance of a tap from the position that it serves, in elements.</summary>
    public int Offset(int channel, in ConvTap tap)
        => (channel * ChannelStride) + (tap.Phase * PlaneStride) + ((tap.Row - _geometry.FirstRow) * Pitch) + tap.Column - _geometry.FirstColumn;

    /// <summary>Fills the planes for grid rows <paramref name="gridRow"/> … of <paramref name="maps"/> maps.</summary>
    /// <param name="source">Channel 0 of image 0: [image, channel, SourceHeight, SourceWidth].</param>
    /// <param name="imageStride">Elements from an image of the source to the next.</param>
    /// <param name="channels">Channels to copy.</param>
    /// <param name="map">First map; those of image 0 come first.</param>
    /// <param name="maps">Maps to copy.</param>
    /// <param name="gridRow">First grid row.</param>
    /// <param name="planes">Where to; <see cref="Length"/> elements.</param>
    public unsafe void Fill<T>(T* source, nint imageStride, int channels, int map, int maps, int gridRow, T* planes)
        where T : unmanaged
    {
        for (int channel = 0; channel < channels; channel++)
        {
            T* from = source + ((nint)channel * _geometry.SourceHeight * _geometry.SourceWidth);
            for (int phase = 0; phase < _geometry.Phases.Count; phase++)
            {
                T* to = planes + ((nint)channel * ChannelStride) + (phase * PlaneStride);
                for (int i = 0; i < maps; i++)
                {
                    (int image, int ofImage) = Math.DivRem(map + i, _geometry.RowMaps);
                    FillPlane(from + (image * imageStride), ofImage, phase, gridRow, to + (i * ImageStride));
                }

                int filled = maps * ImageStride;
                NativeMemory.Clear(to + filled, (nuint)((PlaneStride - filled) * sizeof(T)));
            }
        }

        NativeMemory.Clear(planes + ((nint)channels * ChannelStride), (nuint)(OverRead * sizeof(T)));
    }

    private unsafe void FillPlane<T>(T* image, int map, int phase, int gridRow, T* plane)
        where T : unmanaged
    {
        (int firstRow, int firstColumn) = _geometry.Phases[phase];
        int rows = _geometry.PhaseRows(phase, map);
        int dataStart = Math.Max(0, -_geometry.FirstColumn);
        int dataEnd = Math.Max(dataStart, Math.Min(Pitch, _geometry.PhaseColumns(phase) - _geometry.FirstColumn));
        int step = _geometry.SourceStepColumn;
        for (int p = 0; p < Rows; p++, plane += Pitch)
        {
            int i = gridRow + p + _geometry.FirstRow;
            if (i < 0 || i >= rows)
            {
                new Span<T>(plane, Pitch).Clear();
                continue;
            }

            T* row = image + ((((nint)i * _geometry.SourceStepRow * _geometry.RowMaps) + firstRow + map) * _geometry.SourceWidth)
                + firstColumn + ((nint)(dataStart + _geometry.FirstColumn) * step);
            new Span<T>(plane, dataStart).Clear();
            CopyEvery(row, step, plane + dataStart, dataEnd - dataStart);
            new Span<T>(plane + dataEnd, Pitch - dataEnd).Clear();
        }
    }

    private static unsafe void CopyEvery<T>(T* from, int step, T* to, int count)
        where T : unmanaged
    {
        if (step == 1)
        {
            new ReadOnlySpan<T>(from, count).CopyTo(new Span<T>(to, count));
            return;
        }

        int i = 0;
        if (step == 2 && sizeof(T) == sizeof(float) && Avx2.IsSupported)
        {
            for (; i + 8 < count; i += 8)
            {
                float* pairs = (float*)from + (2 * i);
                Vector256<float> mixed = Avx.Shuffle(Vector256.Load(pairs), Vector256.Load(pairs + 8), 0b10_00_10_00);
                Avx2.Permute4x64(mixed.AsDouble(), 0b11_01_10_00).AsSingle().Store((float*)to + i);
            }
        }

        if (step == 2 && sizeof(T) == sizeof(float) && Sse.IsSupported)
        {
            // The last block would read past the row's end: leave it to the loop below.
            for (; i + 4 < count; i += 4)
            {
                float* pair = (float*)from + (2 * i);
                Sse.Shuffle(Vector128.Load(pair), Vector128.Load(pair + 4), 0b10_00_10_00).Store((float*)to + i);
            }
        }

        if (step == 4 && sizeof(T) == sizeof(float) && Sse.IsSupported)
        {
            for (; i + 4 < count; i += 4)
            {
                float* four = (float*)from + (4 * i);
                Vector128<float> low = Sse.UnpackLow(Vector128.Load(four), Vector128.Load(four + 4));
                Vector128<float> high = Sse.UnpackLow(Vector128.Load(four + 8), Vector128.Load(four + 12));
                Sse.MoveLowToHigh(low, high).Store((float*)to + i);
            }
        }

        for (; i < count; i++)
        {
            to[i] = from[(nint)i * step];
        }
    }
}
