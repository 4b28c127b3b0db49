namespace HeteroAKD.Tensors.Memory;

/// <content>Says who holds the memory.</content>
public sealed partial class SlabAllocator
{
    /// <summary>The blocks in use, largest first: bytes, what lies in them and, with <see cref="TrackPlaces"/>, where each was allocated.</summary>
    public string LiveReport(int most = 10) =>
        string.Join(
            Environment.NewLine,
            Live().Take(most).Select(b =>
                $"  {b.Bytes / 1024.0:F1} "
                    + $"KiB{(b.Owner is null ? "" : $" {b.Owner}")}"
                    + $"{(b.Place is null ? " (turn on TrackPlaces to see where)" : $" allocated{Environment.NewLine}{b.Place}")}"));

    /// <summary>The largest blocks in use in one line: their sizes and what lies in them.</summary>
    public string LargestOwners(int most)
    {
        List<Block> live = Live();
        return live.Count == 0 ? "nothing" : string.Join("; ", live.Take(most).Select(b => $"{ProcessMemory.Size(b.Bytes)} {b.Owner ?? "without a name"}"));
    }

    private List<Block> Live()
    {
        List<Block> live = [];
        foreach (Block head in _heads)
        {
            for (Block? block = head; block is not null; block = block.Next)
            {
                if (block.InUse)
                {
                    live.Add(block);
                }
            }
        }

        live.Sort((a, b) => b.Bytes.CompareTo(a.Bytes));
        return live;
    }
}
