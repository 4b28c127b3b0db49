using System.Numerics;
using System.Runtime.CompilerServices;

namespace HeteroAKD.Kernels.Tiles;

/// <summary>
/// Division by a number that a launch knows and the compiler does not: a multiplication and a shift (Granlund and Montgomery, "Division by Invariant
/// Integers using Multiplication", 1994). Exact for 0 ≤ n &lt; 2^31.
/// </summary>
public readonly struct Divider
{
    private readonly uint _factor;
    private readonly int _shift;
    private readonly int _divisor;

    /// <summary>For a divisor of at least 1.</summary>
    public Divider(int divisor)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(divisor, 1);
        _divisor = divisor;
        _shift = 32 - BitOperations.LeadingZeroCount((uint)divisor - 1);
        _factor = (uint)((((1UL << _shift) - (uint)divisor) << 32) / (uint)divisor) + 1;
    }

    /// <summary>The divisor.</summary>
    public int Divisor => _divisor;

    /// <summary>⌊n / divisor⌋.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Quotient(int n) => (int)(((uint)(((ulong)_factor * (uint)n) >> 32) + (uint)n) >> _shift);

    /// <summary>What is left of n, given its quotient.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Remainder(int n, int quotient) => n - (quotient * _divisor);
}
