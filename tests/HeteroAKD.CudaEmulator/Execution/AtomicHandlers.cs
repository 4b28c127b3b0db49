using HeteroAKD.CudaEmulator.Ptx;

namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>The handlers of atomic operations, by operation and type.</summary>
internal static unsafe class AtomicHandlers
{
    /// <summary>Finds the handler; null without one.</summary>
    /// <param name="operation">Such as <c>add</c>.</param>
    /// <param name="type">Of the value in memory.</param>
    public static delegate*<Warp, in Instruction, uint, void> Find(string operation, PtxType type) => (operation, type.Class, type.Bytes) switch
    {
        ("add", PtxClass.Float, 4) => &AtomicOperations.Run<AtomicAdd<float>, float>,
        ("add", PtxClass.Float, 8) => &AtomicOperations.Run<AtomicAdd<double>, double>,
        ("add", PtxClass.Signed or PtxClass.Unsigned, 4) => &AtomicOperations.Run<AtomicAdd<uint>, uint>,
        ("add", PtxClass.Unsigned, 8) => &AtomicOperations.Run<AtomicAdd<ulong>, ulong>,
        ("min", PtxClass.Signed, 4) => &AtomicOperations.Run<AtomicMin<int>, int>,
        ("max", PtxClass.Signed, 4) => &AtomicOperations.Run<AtomicMax<int>, int>,
        ("min", PtxClass.Unsigned, 4) => &AtomicOperations.Run<AtomicMin<uint>, uint>,
        ("max", PtxClass.Unsigned, 4) => &AtomicOperations.Run<AtomicMax<uint>, uint>,
        ("and", PtxClass.Bits, 4) => &AtomicOperations.Run<AtomicAnd<uint>, uint>,
        ("or", PtxClass.Bits, 4) => &AtomicOperations.Run<AtomicOr<uint>, uint>,
        ("xor", PtxClass.Bits, 4) => &AtomicOperations.Run<AtomicXor<uint>, uint>,
        ("exch", PtxClass.Bits, 4) => &AtomicOperations.Run<AtomicExchange<uint>, uint>,
        ("exch", PtxClass.Bits, 8) => &AtomicOperations.Run<AtomicExchange<ulong>, ulong>,
        ("cas", PtxClass.Bits, 4) => &AtomicOperations.Run<AtomicCompareAndSwap<uint>, uint>,
        ("cas", PtxClass.Bits, 8) => &AtomicOperations.Run<AtomicCompareAndSwap<ulong>, ulong>,
        _ => null,
    };
}
