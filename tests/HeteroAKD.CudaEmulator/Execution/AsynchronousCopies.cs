using System.Numerics;

namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>
/// <c>cp.async</c> of a warp. Data are read and appear only when the lane waits for their group: code that reads without waiting is found. From the start to
/// that moment the destination may be neither read nor written.
/// </summary>
internal sealed unsafe class AsynchronousCopies
{
    private readonly List<Copy> _pending = [];
    private readonly int[] _committed = new int[32];

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        _pending.Clear();
        Array.Clear(_committed);
    }

    /// <summary><c>cp.async</c>: destination in A with its offset; source in B with the offset in the first further row; source size, if any, in C.</summary>
    public static void Start(Warp warp, in Instruction instruction, uint mask)
    {
        ulong* targets = stackalloc ulong[32];
        for (uint m = mask; m != 0; m &= m - 1)
        {
            int lane = BitOperations.TrailingZeroCount(m);
            targets[lane] = MemoryOperations.Address(warp, in instruction, lane);
            ulong source = Lanes.Row64(warp, instruction.B)[lane] + (ulong)(long)instruction.Rows![0];
            int sourceBytes = instruction.C >= 0 ? (int)Math.Min(Lanes.Row32(warp, instruction.C)[lane], (uint)instruction.Bytes) : instruction.Bytes;
            MemoryOperations.Resolve(warp, in instruction, lane, targets[lane], instruction.Bytes, isWrite: true);
            if (source % (ulong)instruction.Bytes != 0)
            {
                throw warp.Fault(
                    FaultKind.MisalignedAddress,
                    lane,
                    $"an asynchronous copy of {instruction.Bytes} bytes from global address 0x{source:x}, which is no multiple of that");
            }

            if (sourceBytes > 0)
            {
                MemoryOperations.ResolveGlobal(warp, lane, source, sourceBytes, isWrite: false);
            }

            warp.Block.Shared.NoteInFlight(targets[lane], instruction.Bytes);
            warp.Copies._pending.Add(new Copy(lane, warp.Copies._committed[lane], targets[lane], source, instruction.Bytes, sourceBytes));
            warp.Block.Statistics.GlobalBytesRead += sourceBytes;
        }

        warp.Block.Statistics.BankConflicts += BankConflicts.Count(targets, mask, instruction.Bytes);
    }

    /// <summary><c>cp.async.commit_group</c>.</summary>
    public static void Commit(Warp warp, in Instruction instruction, uint mask)
    {
        for (uint m = mask; m != 0; m &= m - 1)
        {
            warp.Copies._committed[BitOperations.TrailingZeroCount(m)]++;
        }
    }

    /// <summary>
    /// <c>cp.async.wait_group</c>: all but the last groups, as many as the constant says, are complete; below zero: everything, committed or not.
    /// </summary>
    public static void Wait(Warp warp, in Instruction instruction, uint mask)
    {
        AsynchronousCopies copies = warp.Copies;
        List<Copy> pending = copies._pending;
        int kept = 0;
        for (int i = 0; i < pending.Count; i++)
        {
            Copy copy = pending[i];
            bool waits = ((mask >> copy.Lane) & 1) != 0;
            if (waits && (instruction.Immediate < 0 || copy.Group < copies._committed[copy.Lane] - instruction.Immediate))
            {
                Finish(warp, copy);
            }
            else
            {
                pending[kept++] = copy;
            }
        }

        pending.RemoveRange(kept, pending.Count - kept);
    }

    private static void Finish(Warp warp, Copy copy)
    {
        byte* target = warp.Block.Shared.At(copy.Target);
        if (copy.SourceBytes > 0)
        {
            byte* source = MemoryOperations.ResolveGlobal(warp, copy.Lane, copy.Source, copy.SourceBytes, isWrite: false);
            Buffer.MemoryCopy(source, target, copy.Bytes, copy.SourceBytes);
        }

        new Span<byte>(target + copy.SourceBytes, copy.Bytes - copy.SourceBytes).Clear();
        warp.Block.Shared.NoteArrived(copy.Target, copy.Bytes, (warp.Index * 32) + copy.Lane);
    }

    private readonly record struct Copy(int Lane, int Group, ulong Target, ulong Source, int Bytes, int SourceBytes);
}
