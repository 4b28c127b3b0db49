namespace HeteroAKD.Tensors.Memory;

/// <content>Keeps the memory of a recorded step from others.</content>
public sealed partial class SlabAllocator
{
    private List<(Slab Slab, long Start, long End)>? _trace;

    /// <summary>Notes from now on which memory is handed out, until <see cref="ClaimTraced"/>.</summary>
    public void StartTrace() => _trace = [];

    /// <summary>
    /// Ends the trace and takes what of the noted memory is free by now, so that nobody else gets it: a recorded step will write there again. The blocks
    /// are the caller's to free. Not for <see cref="Guarded"/> memory.
    /// </summary>
    public List<Block> ClaimTraced()
    {
        List<(Slab Slab, long Start, long End)> trace = _trace ?? throw new InvalidOperationException("no trace was started");
        _trace = null;
        List<Block> claimed = [];
        foreach (Block head in _heads)
        {
            foreach ((long start, long end) in Merged(trace.Where(t => ReferenceEquals(t.Slab, head.Slab))))
            {
                Claim(head, start, end, claimed);
            }
        }

        return claimed;
    }

    private static IEnumerable<(long Start, long End)> Merged(IEnumerable<(Slab Slab, long Start, long End)> pieces)
    {
        long from = 0, to = -1;
        foreach ((_, long start, long end) in pieces.OrderBy(p => p.Start))
        {
            if (start > to)
            {
                if (to > from)
                {
                    yield return (from, to);
                }

                from = start;
            }

            to = Math.Max(to, end);
        }

        if (to > from)
        {
            yield return (from, to);
        }
    }

    // Takes the free parts of [start, end) of a slab.
    private void Claim(Block head, long start, long end, List<Block> claimed)
    {
        for (Block? block = head; block is not null && block.Offset < end; block = block.Next)
        {
            if (block.InUse || block.Offset + block.Bytes <= start)
            {
                continue;
            }

            if (block.Offset < start)
            {
                // The part before it stays free; the rest comes next.
                Split(block, start - block.Offset);
                continue;
            }

            if (block.Offset + block.Bytes > end)
            {
                Split(block, end - block.Offset);
            }

            block.InUse = true;
            block.Asked = block.Bytes;
            block.Place = null;
            block.Owner = "memory between the launches of a recorded step";
            InUse += block.Bytes;
            Peak = Math.Max(Peak, InUse);
            LiveBlocks++;
            claimed.Add(block);
        }
    }
}
