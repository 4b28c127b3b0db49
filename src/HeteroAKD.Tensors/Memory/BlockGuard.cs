namespace HeteroAKD.Tensors.Memory;

/// <summary>Memory before or after an allocated block was written.</summary>
public sealed class MemoryGuardException(string problem)
    : HeteroAkdException(problem);

/// <summary>
/// The pattern around blocks of a guarded allocator. It is NaN as a float or double and -1 as an integer: what a kernel reads without having written it, or
/// leaves unwritten, shows in the result. Free memory holds the pattern too, so the bytes before a block are watched like those behind it.
/// </summary>
internal static class BlockGuard
{
    private const byte Pattern = 0xFF;

    /// <summary>Fills a whole block.</summary>
    public static void Fill(Block block) => block.Slab.HostBytes(block.Offset, block.Bytes).Fill(Pattern);

    /// <summary>Throws if bytes before or behind the block's contents have changed; then fills it again for the next.</summary>
    public static void CheckAndRefill(Block block)
    {
        long behind = block.Slab.HostBytes(block.Offset + block.Asked, block.Bytes - block.Asked).IndexOfAnyExcept(Pattern);
        long before = Math.Min(block.Offset, SlabAllocator.Granularity);
        long ahead = block.Slab.HostBytes(block.Offset - before, before).LastIndexOfAnyExcept(Pattern);
        Fill(block);
        if (behind >= 0)
        {
            throw new MemoryGuardException($"byte {block.Asked + behind} of a tensor of {block.Asked} bytes was written");
        }

        if (ahead >= 0)
        {
            throw new MemoryGuardException($"the byte {before - ahead} before a tensor of {block.Asked} bytes was written");
        }
    }
}
