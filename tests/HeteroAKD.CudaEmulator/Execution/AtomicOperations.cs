using System.Numerics;
using HeteroAKD.CudaEmulator.Ptx;

namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>
/// <c>atom</c> and <c>red</c>. Lanes go one after another; kernels that have such instructions on global memory run their blocks one after another too,
/// so that results do not depend on chance.
/// </summary>
internal static unsafe class AtomicOperations
{
    /// <summary>Reads, computes and writes; the destination is absent for <c>red</c>.</summary>
    public static void Run<TOp, T>(Warp warp, in Instruction instruction, uint mask)
        where TOp : IMap3<T, T, T, T>
        where T : unmanaged
    {
        T* operand = (T*)(warp.Rows + instruction.B);
        T* second = (T*)(warp.Rows + instruction.C);
        for (uint m = mask; m != 0; m &= m - 1)
        {
            int lane = BitOperations.TrailingZeroCount(m);
            ulong address = MemoryOperations.Address(warp, in instruction, lane);
            T* place = (T*)MemoryOperations.Resolve(warp, in instruction, lane, address, sizeof(T), isWrite: true, isAtomic: true);
            T before = *place;
            *place = TOp.Apply(before, operand[lane], second[lane]);
            if (instruction.D >= 0)
            {
                ((T*)(warp.Rows + instruction.D))[lane] = before;
            }

            if (instruction.Space == MemorySpace.Global)
            {
                warp.Block.Statistics.GlobalBytesRead += sizeof(T);
                warp.Block.Statistics.GlobalBytesWritten += sizeof(T);
            }
        }
    }
}

internal readonly struct AtomicAdd<T> : IMap3<T, T, T, T>
    where T : IAdditionOperators<T, T, T>
{
    public static T Apply(T a, T b, T c) => a + b;
}

internal readonly struct AtomicMin<T> : IMap3<T, T, T, T>
    where T : INumber<T>
{
    public static T Apply(T a, T b, T c) => T.Min(a, b);
}

internal readonly struct AtomicMax<T> : IMap3<T, T, T, T>
    where T : INumber<T>
{
    public static T Apply(T a, T b, T c) => T.Max(a, b);
}

internal readonly struct AtomicAnd<T> : IMap3<T, T, T, T>
    where T : IBitwiseOperators<T, T, T>
{
    public static T Apply(T a, T b, T c) => a & b;
}

internal readonly struct AtomicOr<T> : IMap3<T, T, T, T>
    where T : IBitwiseOperators<T, T, T>
{
    public static T Apply(T a, T b, T c) => a | b;
}

internal readonly struct AtomicXor<T> : IMap3<T, T, T, T>
    where T : IBitwiseOperators<T, T, T>
{
    public static T Apply(T a, T b, T c) => a ^ b;
}

internal readonly struct AtomicExchange<T> : IMap3<T, T, T, T>
{
    public static T Apply(T a, T b, T c) => b;
}

internal readonly struct AtomicCompareAndSwap<T> : IMap3<T, T, T, T>
    where T : IEqualityOperators<T, T, bool>
{
    public static T Apply(T a, T b, T c) => a == b ? c : a;
}
