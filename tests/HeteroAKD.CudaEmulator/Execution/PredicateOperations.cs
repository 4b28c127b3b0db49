using System.Numerics;

namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>Operations on predicates, and those that a predicate or a sign decides. A predicate is 32 bits, one a lane.</summary>
internal static unsafe class PredicateOperations
{
    /// <summary>No second predicate takes part.</summary>
    public const int Plain = 0;

    /// <summary>The result of the comparison and c.</summary>
    public const int WithAnd = 1;

    /// <summary>The result of the comparison or c.</summary>
    public const int WithOr = 2;

    /// <summary>Either the result of the comparison or c.</summary>
    public const int WithXor = 3;

    /// <summary><c>setp</c>: the constant says how the third operand takes part, the first further row takes the opposite.</summary>
    public static void Compare<TOp, T>(Warp warp, in Instruction instruction, uint mask)
        where TOp : ITest<T>
        where T : unmanaged
    {
        uint result = Lanes.Test<TOp, T>(warp, in instruction, mask);
        uint opposite = ~result;
        if (instruction.Immediate != Plain)
        {
            uint c = Source(warp, instruction.C, instruction.Flags >> 2);
            result = Combine(instruction.Immediate, result, c);
            opposite = Combine(instruction.Immediate, opposite, c);
        }

        Set(warp, instruction.D, result, mask);
        if (instruction.Rows is not null)
        {
            Set(warp, instruction.Rows[0], opposite, mask);
        }
    }

    /// <summary><c>and.pred</c>.</summary>
    public static void And(Warp warp, in Instruction instruction, uint mask) =>
        Set(warp, instruction.D, Source(warp, instruction.A, instruction.Flags) & Source(warp, instruction.B, instruction.Flags >> 1), mask);

    /// <summary><c>or.pred</c>.</summary>
    public static void Or(Warp warp, in Instruction instruction, uint mask) =>
        Set(warp, instruction.D, Source(warp, instruction.A, instruction.Flags) | Source(warp, instruction.B, instruction.Flags >> 1), mask);

    /// <summary><c>xor.pred</c>.</summary>
    public static void Xor(Warp warp, in Instruction instruction, uint mask) =>
        Set(warp, instruction.D, Source(warp, instruction.A, instruction.Flags) ^ Source(warp, instruction.B, instruction.Flags >> 1), mask);

    /// <summary><c>mov.pred</c>.</summary>
    public static void Move(Warp warp, in Instruction instruction, uint mask) => Set(warp, instruction.D, Source(warp, instruction.A, instruction.Flags), mask);

    /// <summary><c>not.pred</c>.</summary>
    public static void Not(Warp warp, in Instruction instruction, uint mask) => Set(warp, instruction.D, ~Source(warp, instruction.A, instruction.Flags), mask);

    /// <summary><c>testp</c>.</summary>
    public static void TestNumber<TOp>(Warp warp, in Instruction instruction, uint mask)
        where TOp : IMap1<bool, float>
    {
        float* a = (float*)(warp.Rows + instruction.A);
        uint result = 0;
        for (int lane = 0; lane < 32; lane++)
        {
            result |= TOp.Apply(a[lane]) ? 1u << lane : 0;
        }

        Set(warp, instruction.D, result, mask);
    }

    /// <summary><c>selp</c>: a where the predicate c holds, else b.</summary>
    public static void Select<T>(Warp warp, in Instruction instruction, uint mask)
        where T : unmanaged
    {
        uint c = Source(warp, instruction.C, instruction.Flags >> 2);
        T* d = (T*)(warp.Rows + instruction.D);
        T* a = (T*)(warp.Rows + instruction.A);
        T* b = (T*)(warp.Rows + instruction.B);
        for (uint m = mask; m != 0; m &= m - 1)
        {
            int lane = BitOperations.TrailingZeroCount(m);
            d[lane] = ((c >> lane) & 1) != 0 ? a[lane] : b[lane];
        }
    }

    /// <summary>Sets a predicate for some lanes.</summary>
    public static void Set(Warp warp, int offset, uint value, uint mask)
    {
        uint* row = (uint*)(warp.Rows + offset);
        *row = (*row & ~mask) | (value & mask);
    }

    private static uint Source(Warp warp, int offset, int negated)
    {
        uint value = *(uint*)(warp.Rows + offset);
        return (negated & 1) != 0 ? ~value : value;
    }

    private static uint Combine(long how, uint a, uint b) => how switch
    {
        WithAnd => a & b,
        WithOr => a | b,
        _ => a ^ b,
    };
}

internal readonly struct IsFinite : IMap1<bool, float>
{
    public static bool Apply(float a) => float.IsFinite(a);
}

internal readonly struct IsInfinite : IMap1<bool, float>
{
    public static bool Apply(float a) => float.IsInfinity(a);
}

internal readonly struct IsNumber : IMap1<bool, float>
{
    public static bool Apply(float a) => !float.IsNaN(a);
}

internal readonly struct IsNotANumber : IMap1<bool, float>
{
    public static bool Apply(float a) => float.IsNaN(a);
}

internal readonly struct IsNormal : IMap1<bool, float>
{
    public static bool Apply(float a) => float.IsNormal(a);
}

internal readonly struct IsSubnormal : IMap1<bool, float>
{
    public static bool Apply(float a) => float.IsSubnormal(a);
}

/// <summary><c>slct.b32.s32</c>: a where c is not negative, else b.</summary>
internal readonly struct SelectBySign : IMap3<uint, uint, uint, int>
{
    public static uint Apply(uint a, uint b, int c) => c >= 0 ? a : b;
}

/// <summary><c>slct.b32.f32</c>: a where c is not negative, else b, which NaN takes too.</summary>
internal readonly struct SelectByFloatSign : IMap3<uint, uint, uint, float>
{
    public static uint Apply(uint a, uint b, float c) => c >= 0 ? a : b;
}
