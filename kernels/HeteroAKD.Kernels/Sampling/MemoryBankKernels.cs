using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Pixelwise;

namespace HeteroAKD.Kernels.Sampling;

/// <summary>
/// Replaces entries of a memory bank: entry (n, k) of a class goes to slot (first + n·count + k) mod slots, where the key draws <c>first</c>; entries that are
/// not valid replace nothing. No two of them share a slot as long as images·count is at most slots. Launch on images·classes·count × channels.
/// </summary>
public readonly struct BankWriteKernel(
    Mem entries, // [images, classes, count, channels]
    Mem valid, // [images, classes, count], above ½ where the entry counts
    Mem bank, // [classes, slots, channels], replaced in place
    MaskKey key,
    int classes,
    int count,
    int slots,
    int channels) : IPixelKernel
{
    /// <summary>The slot of entry 0 of image 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int FirstSlot(int key, int slots) => (int)(CounterHash.Hash(key, 0) % (uint)slots);

    /// <summary>The specification.</summary>
    public static void Reference(
        ReadOnlySpan<double> entries, ReadOnlySpan<double> valid, Span<double> bank, int key, int classes, int count, int slots, int channels)
    {
        for (int row = 0; row < valid.Length; row++)
        {
            (int image, int c, int k) = (row / (classes * count), row / count % classes, row % count);
            int slot = (FirstSlot(key, slots) + (image * count) + k) % slots;
            if (valid[row] > 0.5)
            {
                entries.Slice(row * channels, channels).CopyTo(bank[(((c * slots) + slot) * channels)..]);
            }
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int segment = row / count;
        int k = row - (segment * count);
        int image = segment / classes;
        int c = segment - (image * classes);
        int slot = (FirstSlot(key.Value<TLane>(), slots) + (image * count) + k) % slots;
        if (TLane.AnyGreater(TLane.LoadSplat(valid, row), TLane.Splat(0.5f)))
        {
            TLane.Store(bank, (((c * slots) + slot) * channels) + column, TLane.Load(entries, (row * channels) + column));
        }
    }
}

/// <summary>
/// Reads the same slots of each class: sample s is slot (first + s·(slots / samples)) mod slots, where the key draws <c>first</c>, so that samples are spread
/// over the bank. Launch on classes·samples × channels.
/// </summary>
public readonly struct BankReadKernel(
    Mem bank, // [classes, slots, channels]
    Mem result, // [classes, samples, channels] overwritten
    MaskKey key,
    int samples,
    int slots,
    int channels) : IPixelKernel
{
    /// <summary>The slot of sample 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int FirstSlot(int key, int slots) => (int)(CounterHash.Hash(key, 1) % (uint)slots);

    /// <summary>The specification.</summary>
    public static void Reference(ReadOnlySpan<double> bank, Span<double> result, int key, int samples, int slots, int channels)
    {
        for (int row = 0; row < result.Length / channels; row++)
        {
            int slot = (FirstSlot(key, slots) + (row % samples * (slots / samples))) % slots;
            bank.Slice(((row / samples * slots) + slot) * channels, channels).CopyTo(result[(row * channels)..]);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        int c = row / samples;
        int slot = (FirstSlot(key.Value<TLane>(), slots) + ((row - (c * samples)) * (slots / samples))) % slots;
        TLane.Store(result, (row * channels) + column, TLane.Load(bank, (((c * slots) + slot) * channels) + column));
    }
}
