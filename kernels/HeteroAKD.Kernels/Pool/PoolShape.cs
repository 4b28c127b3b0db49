using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;

namespace HeteroAKD.Kernels.Pool;

/// <summary>
/// Windows over planes of height × width: PyTorch's kernel_size, stride and padding, one number for both axes, dilation 1, ceil_mode off.
/// Padding is at most half the window, so every window holds a real element.
/// </summary>
public readonly struct PoolShape
{
    /// <summary>Rows of the input.</summary>
    public readonly int Height;

    /// <summary>Columns of the input.</summary>
    public readonly int Width;

    /// <summary>Elements of a window along an axis.</summary>
    public readonly int Window;

    /// <summary>Elements from a window to the next.</summary>
    public readonly int Stride;

    /// <summary>Elements added on each side.</summary>
    public readonly int Padding;

    /// <summary>Rows of the output.</summary>
    public readonly int OutputHeight;

    /// <summary>Columns of the output.</summary>
    public readonly int OutputWidth;

    /// <summary>Windows along an axis that one input element lies in, at most.</summary>
    public readonly int Overlap;

    /// <summary>Throws where the padding is more than half the window, or no window fits.</summary>
    public PoolShape(int height, int width, int window, int stride, int padding)
    {
        if (window < 1 || stride < 1 || padding < 0 || padding > window / 2)
        {
            throw new ArgumentException(
                $"pool: a window of {window}, stride {stride} and padding {padding} do not go together; padding may be at most half the window");
        }

        if (height + (2 * padding) < window || width + (2 * padding) < window)
        {
            throw new ArgumentException($"pool: a window of {window} does not fit into {height}x{width} with padding {padding}");
        }

        Height = height;
        Width = width;
        Window = window;
        Stride = stride;
        Padding = padding;
        OutputHeight = ((height + (2 * padding) - window) / stride) + 1;
        OutputWidth = ((width + (2 * padding) - window) / stride) + 1;
        Overlap = 1 + ((window - 1) / stride);
    }

    /// <summary>The last window along an axis that element <paramref name="i"/> could lie in; there may be fewer windows than that.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int LastWindow(int i) => (i + Padding) / Stride;

    /// <summary>As <see cref="LastWindow(int)"/>, for the elements of a lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane LastWindow<TLane>(TLane i)
        where TLane : unmanaged, ILane<TLane> => TLane.Floor((i + TLane.Splat(Padding)) / TLane.Splat(Stride));

    /// <summary>value where 0 ≤ position &lt; limit, else other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TLane Inside<TLane>(TLane position, int limit, TLane value, TLane other)
        where TLane : unmanaged, ILane<TLane> =>
        TLane.SelectGreater(TLane.Splat(0f), position, other, TLane.SelectGreater(TLane.Splat(limit), position, value, other));

    /// <summary>The position, moved into 0 … limit - 1, where it can be read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TLane Clamp<TLane>(TLane position, int limit)
        where TLane : unmanaged, ILane<TLane> => TLane.Min(TLane.Max(position, TLane.Splat(0f)), TLane.Splat(limit - 1));
}
