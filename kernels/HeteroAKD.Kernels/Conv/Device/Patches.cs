using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Intrinsics;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Tiles;
using ILGPU;

namespace HeteroAKD.Kernels.Conv.Device;

/// <summary>
/// The patches of a map as the right side of a convolution's product, without ever being stored: a line is a pixel of the result (over all images), a step
/// along K is a channel and tap, and <typeparamref name="TWindow"/> says which element both name. Every element is copied on its own, because neighbouring
/// pixels of a tap are rarely aligned: a float asynchronously, to the pixels beside it; a bf16 number, for which a copy is too wide, through registers, from
/// which four steps of a pixel are written as one piece.
/// </summary>
public readonly struct Patches<TElement, TWindow> : ITileSource<Patches<TElement, TWindow>>
    where TElement : struct, IElement
    where TWindow : struct, IPatchWindow
{
    private readonly Mem _map; // [N, channels, height, width]
    private readonly TWindow _window;
    private readonly PixelPlaces _places;

    /// <summary>All patches; the convolution has one group.</summary>
    public Patches(Mem map, in TWindow window)
    {
        _map = map;
        _window = window;
    }

    private Patches(in Patches<TElement, TWindow> all, PixelPlaces places)
    {
        this = all;
        _places = places;
    }

    /// <inheritdoc/>
    public static bool AlongDepth => TElement.Narrow;

    /// <inheritdoc/>
    public static bool Narrow => TElement.Narrow;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Patches<TElement, TWindow> At(int item, int firstLine, int thread, int lines, int threads)
    {
        if (TElement.Narrow)
        {
            return new(this, new(_window.Place(firstLine + HeldPieces.Line(thread, lines, threads)), default, default, default));
        }

        int line = firstLine + (thread & 31);
        return new(this, new(_window.Place(line), _window.Place(line + 32), _window.Place(line + 64), _window.Place(line + 96)));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Load(ArrayView<float> slice, int k, int thread, int lines, int threads, uint[] held)
    {
        if (TElement.Narrow)
        {
            int first = k + (4 * HeldPieces.First(thread, lines, threads));
            for (int i = 0; i < 4 * HeldPieces.Count(lines, threads); i++)
            {
                held[i] = HeldPieces.Read(_map.View, _window.Find(_window.TapAt(first + i), _places.Of(0)));
            }
        }
        else
        {
            Copy(slice, k, thread, lines, threads);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Finish(ArrayView<float> slice, int thread, int lines, int threads, uint[] held)
    {
        if (TElement.Narrow)
        {
            HeldPieces.Write(slice, thread, lines, threads, held);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Copy(ArrayView<float> slice, int k, int thread, int lines, int threads)
    {
        int warps = threads / 32;
        for (int j = 0; j < Tile.Depth / warps; j++)
        {
            int step = (thread >> 5) + (j * warps);
            PatchTap tap = _window.TapAt(k + step);
            for (int i = 0; i < lines / 32; i++)
            {
                int line = (thread & 31) + (32 * i);
                int from = _window.Find(tap, _places.Of(i));
                AsyncCopy.Copy4(ref slice[Slice.AcrossDepth(step, line >> 2, lines) + (line & 3)], ref _map.View[Math.Max(0, from)], from >= 0 ? 4 : 0);
            }
        }
    }
}
