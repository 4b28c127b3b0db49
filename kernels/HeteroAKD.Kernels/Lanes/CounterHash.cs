using System.Runtime.CompilerServices;

namespace HeteroAKD.Kernels.Lanes;

/// <summary>
/// The counter-based generator behind dropout and drop-path: 32 bits from (key, index) by two keyed rounds of a multiply-xorshift mixer.
/// It has no state, so any thread on any device draws the same number for the same element.
/// </summary>
public static class CounterHash
{
    /// <summary>2^32 divided by the golden ratio: neighbouring counters land far apart.</summary>
    public const uint Weyl = 0x9E3779B9;

    /// <summary>First multiplier of the mixer ("lowbias32", found by exhaustive search for low bias).</summary>
    public const uint Multiplier1 = 0x7FEB352D;

    /// <summary>Second multiplier of the mixer.</summary>
    public const uint Multiplier2 = 0x846CA68B;

    /// <summary>2^-24: 24 random bits become a float in [0, 1) without rounding.</summary>
    public const float ToUnit = 1f / 16777216f;

    /// <summary>What the second round is keyed with.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint KeyTwist(int key) => ((uint)key * Weyl) + 0x85EBCA6B;

    /// <summary>32 random bits for the counter <paramref name="index"/> in the stream <paramref name="key"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Hash(int key, int index)
    {
        uint h = Mix(((uint)index * Weyl) ^ (uint)key);
        return Mix(h ^ KeyTwist(key));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Mix(uint h)
    {
        h = (h ^ (h >> 16)) * Multiplier1;
        h = (h ^ (h >> 15)) * Multiplier2;
        return h ^ (h >> 16);
    }
}
