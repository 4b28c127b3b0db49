using System.Numerics;
using System.Runtime.Intrinsics;

namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>Applies operations to the active lanes of rows: eight lanes at once, or one after another where there is no instruction for more.</summary>
internal static unsafe class Lanes
{
    private static readonly Vector256<uint> s_bitOfLane = Vector256.Create(1u, 2, 4, 8, 16, 32, 64, 128);

    /// <summary>The row at an offset, as 32-bit lanes.</summary>
    public static uint* Row32(Warp warp, int offset) => (uint*)(warp.Rows + offset);

    /// <summary>The row at an offset, as 64-bit lanes.</summary>
    public static ulong* Row64(Warp warp, int offset) => (ulong*)(warp.Rows + offset);

    /// <summary>Stores eight lanes, where the mask says so.</summary>
    /// <param name="row">The destination.</param>
    /// <param name="start">First of the eight lanes.</param>
    /// <param name="value">What to store.</param>
    /// <param name="mask">Active lanes of the warp.</param>
    public static void Store(uint* row, int start, Vector256<uint> value, uint mask)
    {
        if (mask != uint.MaxValue)
        {
            Vector256<uint> active = Vector256.Equals(Vector256.Create(mask >> start) & s_bitOfLane, s_bitOfLane);
            value = Vector256.ConditionalSelect(active, value, Vector256.Load(row + start));
        }

        value.Store(row + start);
    }

    /// <summary>d = f(a), eight lanes at once.</summary>
    public static void Unary<T>(Warp warp, in Instruction instruction, uint mask)
        where T : IUnaryVector
    {
        uint* a = Row32(warp, instruction.A);
        for (int i = 0; i < 32; i += 8)
        {
            Store(Row32(warp, instruction.D), i, T.Apply(Vector256.Load(a + i)), mask);
        }
    }

    /// <summary>d = f(a, b), eight lanes at once.</summary>
    public static void Binary<T>(Warp warp, in Instruction instruction, uint mask)
        where T : IBinaryVector
    {
        uint* a = Row32(warp, instruction.A);
        uint* b = Row32(warp, instruction.B);
        for (int i = 0; i < 32; i += 8)
        {
            Store(Row32(warp, instruction.D), i, T.Apply(Vector256.Load(a + i), Vector256.Load(b + i)), mask);
        }
    }

    /// <summary>d = f(a, b, c), eight lanes at once.</summary>
    public static void Ternary<T>(Warp warp, in Instruction instruction, uint mask)
        where T : ITernaryVector
    {
        uint* a = Row32(warp, instruction.A);
        uint* b = Row32(warp, instruction.B);
        uint* c = Row32(warp, instruction.C);
        for (int i = 0; i < 32; i += 8)
        {
            Store(Row32(warp, instruction.D), i, T.Apply(Vector256.Load(a + i), Vector256.Load(b + i), Vector256.Load(c + i)), mask);
        }
    }

    /// <summary>d = f(a), lane by lane, of any widths.</summary>
    public static void Map1<TOp, TD, TA>(Warp warp, in Instruction instruction, uint mask)
        where TOp : IMap1<TD, TA>
        where TD : unmanaged
        where TA : unmanaged
    {
        TD* d = (TD*)(warp.Rows + instruction.D);
        TA* a = (TA*)(warp.Rows + instruction.A);
        for (uint m = mask; m != 0; m &= m - 1)
        {
            int lane = BitOperations.TrailingZeroCount(m);
            d[lane] = TOp.Apply(a[lane]);
        }
    }

    /// <summary>d = f(a, b), lane by lane, of any widths.</summary>
    public static void Map2<TOp, TD, TA, TB>(Warp warp, in Instruction instruction, uint mask)
        where TOp : IMap2<TD, TA, TB>
        where TD : unmanaged
        where TA : unmanaged
        where TB : unmanaged
    {
        TD* d = (TD*)(warp.Rows + instruction.D);
        TA* a = (TA*)(warp.Rows + instruction.A);
        TB* b = (TB*)(warp.Rows + instruction.B);
        for (uint m = mask; m != 0; m &= m - 1)
        {
            int lane = BitOperations.TrailingZeroCount(m);
            d[lane] = TOp.Apply(a[lane], b[lane]);
        }
    }

    /// <summary>d = f(a, b, c), lane by lane, of any widths.</summary>
    public static void Map3<TOp, TD, TA, TB, TC>(Warp warp, in Instruction instruction, uint mask)
        where TOp : IMap3<TD, TA, TB, TC>
        where TD : unmanaged
        where TA : unmanaged
        where TB : unmanaged
        where TC : unmanaged
    {
        TD* d = (TD*)(warp.Rows + instruction.D);
        TA* a = (TA*)(warp.Rows + instruction.A);
        TB* b = (TB*)(warp.Rows + instruction.B);
        TC* c = (TC*)(warp.Rows + instruction.C);
        for (uint m = mask; m != 0; m &= m - 1)
        {
            int lane = BitOperations.TrailingZeroCount(m);
            d[lane] = TOp.Apply(a[lane], b[lane], c[lane]);
        }
    }

    /// <summary>The lanes for which f(a, b) holds.</summary>
    public static uint Test<TOp, T>(Warp warp, in Instruction instruction, uint mask)
        where TOp : ITest<T>
        where T : unmanaged
    {
        T* a = (T*)(warp.Rows + instruction.A);
        T* b = (T*)(warp.Rows + instruction.B);
        uint result = 0;
        for (uint m = mask; m != 0; m &= m - 1)
        {
            int lane = BitOperations.TrailingZeroCount(m);
            result |= TOp.Apply(a[lane], b[lane]) ? 1u << lane : 0;
        }

        return result;
    }
}
