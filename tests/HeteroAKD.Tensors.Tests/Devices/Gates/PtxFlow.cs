namespace HeteroAKD.Tensors.Tests.Devices.Gates;

/// <summary>Instructions of an entry point that run one after another.</summary>
/// <param name="Label">The label before them, or null.</param>
/// <param name="Instructions">Without their indentation.</param>
internal sealed record PtxBlock(string? Label, IReadOnlyList<string> Instructions);

/// <summary>A loop.</summary>
/// <param name="Header">Number of the block that is entered first.</param>
/// <param name="Blocks">Numbers of all its blocks, in the order of the text.</param>
internal sealed record PtxLoop(int Header, IReadOnlyList<int> Blocks);

/// <summary>The entry point of a PTX text as ILGPU writes it, cut into blocks, with its loops.</summary>
internal sealed class PtxFlow
{
    private readonly List<PtxBlock> _blocks = [];
    private readonly List<List<int>> _next = [];

    private PtxFlow(string ptx)
    {
        Cut(ptx);
        Connect();
        Loops = FindLoops();
    }

    /// <summary>In the order of the text.</summary>
    public IReadOnlyList<PtxBlock> Blocks => _blocks;

    /// <summary>Every loop; an outer one has the blocks of those inside, too.</summary>
    public IReadOnlyList<PtxLoop> Loops { get; }

    /// <summary>The loops that hold no other.</summary>
    public IEnumerable<PtxLoop> InnerLoops => Loops.Where(loop => !Loops.Any(other => other.Header != loop.Header && loop.Blocks.Contains(other.Header)));

    /// <summary>All instructions.</summary>
    public IEnumerable<string> Instructions => _blocks.SelectMany(block => block.Instructions);

    /// <summary>Reads a text.</summary>
    public static PtxFlow Of(string ptx) => new(ptx);

    /// <summary>Name, with types and modifiers, of an instruction.</summary>
    public static string Operation(string instruction)
    {
        string[] words = instruction.Split([' ', '\t', ';'], 3);
        return words[0].StartsWith('@') ? words[1].Split([' ', '\t', ';'], 2)[0] : words[0];
    }

    /// <summary>The instructions of a loop.</summary>
    public IEnumerable<string> InstructionsOf(PtxLoop loop) => loop.Blocks.SelectMany(number => _blocks[number].Instructions);

    private void Cut(string ptx)
    {
        string body = ptx[ptx.IndexOf(".entry", StringComparison.Ordinal)..];
        string? label = null;
        List<string> instructions = [];
        foreach (string line in body.Split('\n').Select(l => l.Trim()).SkipWhile(l => l != "{").Skip(1).TakeWhile(l => l != "}"))
        {
            if (line.EndsWith(':'))
            {
                Close();
                label = line[..^1];
            }
            else if (line.EndsWith(';') && !line.StartsWith('.'))
            {
                instructions.Add(line);
                if (Operation(line) is "ret" || Operation(line).StartsWith("bra", StringComparison.Ordinal))
                {
                    Close();
                }
            }
        }

        Close();

        void Close()
        {
            if (instructions.Count > 0 || label is not null)
            {
                _blocks.Add(new PtxBlock(label, instructions));
            }

            (label, instructions) = (null, []);
        }
    }

    private void Connect()
    {
        Dictionary<string, int> places = _blocks.Index().Where(b => b.Item.Label is not null).ToDictionary(b => b.Item.Label!, b => b.Index);
        foreach ((int number, PtxBlock block) in _blocks.Index())
        {
            List<int> next = [];
            string last = block.Instructions.Count > 0 ? block.Instructions[^1] : "";
            bool branches = Operation(last).StartsWith("bra", StringComparison.Ordinal);
            if (branches)
            {
                next.Add(places[last.TrimEnd(';').Split([' ', '\t'])[^1]]);
            }

            if ((!branches && Operation(last) != "ret") || (branches && last.StartsWith('@')))
            {
                next.Add(number + 1);
            }

            _next.Add([.. next.Where(n => n < _blocks.Count)]);
        }
    }

    // An edge back to a block that is still open in a depth-first walk closes a loop: ILGPU's structured code has no other cycles.
    private List<PtxLoop> FindLoops()
    {
        SortedDictionary<int, SortedSet<int>> loops = [];
        List<int>[] before = [.. _blocks.Select(_ => new List<int>())];
        int[] state = new int[_blocks.Count]; // 0 new, 1 open, 2 done
        List<(int From, int To)> back = [];
        Stack<(int Block, int Edge)> open = new([(0, 0)]);
        state[0] = 1;
        while (open.TryPop(out (int Block, int Edge) at))
        {
            if (at.Edge == _next[at.Block].Count)
            {
                state[at.Block] = 2;
                continue;
            }

            open.Push((at.Block, at.Edge + 1));
            int to = _next[at.Block][at.Edge];
            before[to].Add(at.Block);
            if (state[to] == 1)
            {
                back.Add((at.Block, to));
            }
            else if (state[to] == 0)
            {
                state[to] = 1;
                open.Push((to, 0));
            }
        }

        foreach ((int from, int to) in back)
        {
            if (!loops.TryGetValue(to, out SortedSet<int>? blocks))
            {
                loops.Add(to, blocks = [to]);
            }

            Gather(from, blocks, before);
        }

        return [.. loops.Select(loop => new PtxLoop(loop.Key, [.. loop.Value]))];
    }

    private static void Gather(int from, SortedSet<int> blocks, List<int>[] before)
    {
        Stack<int> left = new([from]);
        while (left.TryPop(out int block))
        {
            if (blocks.Add(block))
            {
                before[block].ForEach(left.Push);
            }
        }
    }
}
