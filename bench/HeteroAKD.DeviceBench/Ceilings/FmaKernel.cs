using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.DeviceBench.Ceilings;

/// <summary>Multiply-adds that depend on nothing but themselves, enough of them at once to hide their latency.</summary>
public readonly struct FmaKernel(
    Mem y, // [columns] overwritten, so that nothing is left out
    int iterations) : IPixelKernel
{
    /// <summary>Multiply-adds of an element in an iteration.</summary>
    public const int FmasPerIteration = 32;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane x = TLane.Splat(0.999f), z = TLane.Splat(1e-3f), a = TLane.Iota(column);
        TLane b = a + z, c = b + z, d = c + z, e = d + z, f = e + z, g = f + z, h = g + z;
        for (int i = 0; i < iterations; i++)
        {
            // Four rounds of eight chains written out: the loop's own instructions shall not count.
            a = TLane.Fma(a, x, z); b = TLane.Fma(b, x, z); c = TLane.Fma(c, x, z); d = TLane.Fma(d, x, z);
            e = TLane.Fma(e, x, z); f = TLane.Fma(f, x, z); g = TLane.Fma(g, x, z); h = TLane.Fma(h, x, z);
            a = TLane.Fma(a, x, z); b = TLane.Fma(b, x, z); c = TLane.Fma(c, x, z); d = TLane.Fma(d, x, z);
            e = TLane.Fma(e, x, z); f = TLane.Fma(f, x, z); g = TLane.Fma(g, x, z); h = TLane.Fma(h, x, z);
            a = TLane.Fma(a, x, z); b = TLane.Fma(b, x, z); c = TLane.Fma(c, x, z); d = TLane.Fma(d, x, z);
            e = TLane.Fma(e, x, z); f = TLane.Fma(f, x, z); g = TLane.Fma(g, x, z); h = TLane.Fma(h, x, z);
            a = TLane.Fma(a, x, z); b = TLane.Fma(b, x, z); c = TLane.Fma(c, x, z); d = TLane.Fma(d, x, z);
            e = TLane.Fma(e, x, z); f = TLane.Fma(f, x, z); g = TLane.Fma(g, x, z); h = TLane.Fma(h, x, z);
        }

        TLane.Store(y, column, a + b + c + d + e + f + g + h);
    }
}
