namespace HeteroAKD.Tensors.Inference;

/// <summary>When the results of operations are made, read for the last time and given back. A view lives as long as the memory that it shows.</summary>
internal sealed class Lifetimes
{
    private readonly int[][] _freed;
    private readonly bool[] _inPlace;

    /// <summary>Looks through operations in the order they run.</summary>
    /// <param name="operations">The operations.</param>
    /// <param name="slots">Numbers of the input (0) and of every result.</param>
    /// <param name="wanted">Slots that are never given back.</param>
    public Lifetimes(IReadOnlyList<FrozenOperation> operations, Dictionary<Tensor, int> slots, ReadOnlySpan<int> wanted)
    {
        int[] roots = Roots(operations, slots);
        int[] lastReader = new int[slots.Count];
        for (int i = 0; i < operations.Count; i++)
        {
            lastReader[roots[slots[operations[i].Output]]] = i; // a result that nobody reads goes at once
            foreach (int slot in Slots(operations[i], slots))
            {
                lastReader[roots[slot]] = i;
            }
        }

        bool[] kept = new bool[slots.Count];
        kept[0] = true;
        foreach (int slot in wanted)
        {
            kept[roots[slot]] = true;
        }

        HashSet<int> viewed = [.. operations.Where(o => o.IsView).Select(o => roots[slots[o.Output]])];
        _inPlace = [.. operations.Select((o, i) => TakesOver(o, i, slots, roots, lastReader, kept, viewed))];
        ILookup<int, int> freed = Enumerable.Range(1, slots.Count - 1).Where(s => roots[s] == s && !kept[s]).ToLookup(s => lastReader[s]);
        _freed = [.. operations.Select((o, i) => freed[i].Where(s => !_inPlace[i] || s != slots[o.Inputs[o.InPlaceInput]!]).ToArray())];
        PeakBytes = Peak(operations, slots);
    }

    /// <summary>Bytes of results at the fullest moment.</summary>
    public long PeakBytes { get; }

    /// <summary>The slots whose memory goes back after an operation.</summary>
    public int[] FreedAfter(int operation) => _freed[operation];

    /// <summary>Whether an operation's result takes the memory of its <see cref="FrozenOperation.InPlaceInput"/>.</summary>
    public bool IsInPlace(int operation) => _inPlace[operation];

    private static IEnumerable<int> Slots(FrozenOperation operation, Dictionary<Tensor, int> slots) =>
        operation.Inputs.OfType<Tensor>().Where(slots.ContainsKey).Select(t => slots[t]);

    // The slot whose memory a slot shows.
    private static int[] Roots(IReadOnlyList<FrozenOperation> operations, Dictionary<Tensor, int> slots)
    {
        int[] roots = [.. Enumerable.Range(0, slots.Count)];
        foreach (FrozenOperation view in operations.Where(o => o.IsView && slots.ContainsKey(o.Inputs[0]!)))
        {
            roots[slots[view.Output]] = roots[slots[view.Inputs[0]!]];
        }

        return roots;
    }

    // Nobody reads the input afterwards, nobody else shows its memory, and the operation itself does not read it in another place.
    private static bool TakesOver(FrozenOperation o, int index, Dictionary<Tensor, int> slots, int[] roots, int[] lastReader, bool[] kept, HashSet<int> viewed)
    {
        if (o.InPlaceInput < 0 || !slots.TryGetValue(o.Inputs[o.InPlaceInput]!, out int slot))
        {
            return false;
        }

        return roots[slot] == slot && !kept[slot] && !viewed.Contains(slot) && lastReader[slot] == index && Slots(o, slots).Count(s => roots[s] == slot) == 1;
    }

    private long Peak(IReadOnlyList<FrozenOperation> operations, Dictionary<Tensor, int> slots)
    {
        Dictionary<int, long> bytes = slots.ToDictionary(pair => pair.Value, pair => pair.Key.Bytes);
        long held = 0, peak = 0;
        for (int i = 0; i < operations.Count; i++)
        {
            held += operations[i].IsView || _inPlace[i] ? 0 : bytes[slots[operations[i].Output]];
            peak = Math.Max(peak, held);
            held -= _freed[i].Sum(slot => bytes[slot]);
        }

        return peak;
    }
}
