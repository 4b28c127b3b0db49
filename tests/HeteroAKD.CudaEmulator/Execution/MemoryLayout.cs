using HeteroAKD.CudaEmulator.Ptx;

namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>Where the arrays of a function lie in shared and local memory.</summary>
/// <param name="Shared">Those in shared memory; an array of the launch's size is last.</param>
/// <param name="StaticSharedBytes">What they take where no gap lies between them, as on a GPU.</param>
/// <param name="LocalBytes">What the others take for a thread.</param>
internal sealed record MemoryLayout(IReadOnlyList<PtxVariable> Shared, int StaticSharedBytes, int LocalBytes)
{
    private const int MaxStaticShared = 48 << 10;
    private const int MaxLocal = 512 << 10;

    /// <summary>Gives every array its offset. Arrays in shared memory are apart, so that an index beyond the end of one does not reach the next.</summary>
    /// <exception cref="PtxException">There is more than a GPU takes.</exception>
    public static MemoryLayout Of(PtxFunction function)
    {
        int packed = 0;
        int end = SharedMemory.Base;
        List<PtxVariable> shared = [];
        foreach (PtxVariable variable in function.Variables.Where(v => v.Space == MemorySpace.Shared).OrderBy(v => v.Bytes == 0))
        {
            // Several arrays of the launch's size are one and the same.
            PtxVariable? dynamic = variable.Bytes == 0 ? shared.Find(v => v.Bytes == 0) : null;
            variable.Offset = dynamic?.Offset ?? Align(end, Math.Max(variable.Alignment, SharedMemory.Gap));
            end = variable.Offset + variable.Bytes + SharedMemory.Gap;
            packed = Align(packed, variable.Alignment) + variable.Bytes;
            shared.Add(variable);
        }

        int local = 0;
        foreach (PtxVariable variable in function.Variables.Where(v => v.Space == MemorySpace.Local))
        {
            variable.Offset = Align(local, variable.Alignment);
            local = variable.Offset + variable.Bytes;
        }

        if (packed > MaxStaticShared || local > MaxLocal)
        {
            throw new PtxException(
                function.Instructions.Count == 0 ? 1 : function.Instructions[0].Line,
                $"{function.Name} wants {packed} bytes of static shared memory and {local} of local memory; {MaxStaticShared} and {MaxLocal} are the limits");
        }

        return new MemoryLayout(shared, packed, Align(local, 16));
    }

    private static int Align(int offset, int alignment) => (offset + alignment - 1) & -alignment;
}
