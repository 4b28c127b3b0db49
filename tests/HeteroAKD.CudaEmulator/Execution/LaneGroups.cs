namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>The groups of a warp's lanes that do not run at the moment, each at another instruction.</summary>
internal sealed class LaneGroups
{
    private readonly Group[] _groups = new Group[33];

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>Forgets all.</summary>
    public void Clear() => Count = 0;

    /// <summary>Adds lanes; they join those that are at the same instruction.</summary>
    public void Add(int pc, uint mask) => Add(pc, mask, waiting: false);

    /// <summary>Adds lanes that can go on only when others have joined them.</summary>
    public void AddWaiting(int pc, uint mask) => Add(pc, mask, waiting: true);

    /// <summary>Takes the group at the lowest instruction of those that can go on. False: none can.</summary>
    public bool TakeLowest(out int pc, out uint mask)
    {
        int lowest = -1;
        for (int i = 0; i < Count; i++)
        {
            if (!_groups[i].Waiting && (lowest < 0 || _groups[i].Pc < _groups[lowest].Pc))
            {
                lowest = i;
            }
        }

        (pc, mask) = lowest < 0 ? default : (_groups[lowest].Pc, _groups[lowest].Mask);
        if (lowest >= 0)
        {
            _groups[lowest] = _groups[--Count];
        }

        return lowest >= 0;
    }

    /// <summary>The lowest instruction after this one at which a group is; -1 without one.</summary>
    public int NextAfter(int pc)
    {
        int next = -1;
        for (int i = 0; i < Count; i++)
        {
            if (_groups[i].Pc > pc && (next < 0 || _groups[i].Pc < next))
            {
                next = _groups[i].Pc;
            }
        }

        return next;
    }

    /// <summary>Where the groups are, for messages.</summary>
    public string Describe(Instruction[] code) =>
        string.Join(", ", _groups.Take(Count).OrderBy(g => g.Pc).Select(g => $"lanes 0x{g.Mask:x8} at PTX line {code[g.Pc].Line}"));

    private void Add(int pc, uint mask, bool waiting)
    {
        for (int i = 0; i < Count; i++)
        {
            if (_groups[i].Pc == pc)
            {
                // With more lanes the instruction may be complete: it is tried again.
                _groups[i] = new Group(pc, _groups[i].Mask | mask, Waiting: false);
                return;
            }
        }

        _groups[Count++] = new Group(pc, mask, waiting);
    }

    private readonly record struct Group(int Pc, uint Mask, bool Waiting);
}
