using System.Text.RegularExpressions;

namespace HeteroAKD.Tensors.Tests.Devices.Gates;

/// <summary>Which part of a loop is written out.</summary>
internal enum LoopPart
{
    /// <summary>From the first block on.</summary>
    Beginning,

    /// <summary>The block with the most arithmetic.</summary>
    Arithmetic,
}

/// <summary>The loop of a kernel that does its work, as text that stays the same where only numbers of registers and labels change.</summary>
internal static partial class HotLoop
{
    private const int MostLines = 200;

    /// <summary>How many instructions of which kind the loop holds, then a part of it.</summary>
    public static IReadOnlyList<string> Describe(string kernel, PtxFlow flow, LoopPart part)
    {
        PtxLoop loop = flow.InnerLoops.MaxBy(l => Work(flow.InstructionsOf(l))) ?? throw new InvalidOperationException($"{kernel} has no loop");
        string[] instructions = [.. flow.InstructionsOf(loop)];
        IEnumerable<PtxBlock> blocks = loop.Blocks.Select(number => flow.Blocks[number]);
        IEnumerable<PtxBlock> shown = part == LoopPart.Beginning ? blocks : [blocks.MaxBy(block => Work(block.Instructions))!];
        string[] lines = [.. Normalized(shown.SelectMany(Lines))];
        IEnumerable<string> counts = instructions.CountBy(PtxFlow.Operation)
            .OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal).Select(c => $"{c.Value,6} {c.Key}");
        return
        [
            $"// {kernel}: {instructions.Length} instructions in {loop.Blocks.Count} blocks of the loop with the most arithmetic",
            .. counts.Select(line => $"//{line}"),
            part == LoopPart.Beginning ? "// It begins with" : "// The block with the most arithmetic",
            .. lines.Take(MostLines),
            .. lines.Length > MostLines ? [$"// and {lines.Length - MostLines} lines more"] : Array.Empty<string>(),
        ];
    }

    // Products on tensor cores count before all else.
    private static (int Matrix, int Fma, int All) Work(IEnumerable<string> instructions)
    {
        string[] operations = [.. instructions.Select(PtxFlow.Operation)];
        return (
            operations.Count(o => o.StartsWith("mma", StringComparison.Ordinal)),
            operations.Count(o => o.StartsWith("fma", StringComparison.Ordinal)),
            operations.Length);
    }

    private static IEnumerable<string> Lines(PtxBlock block) =>
        [.. block.Label is null ? Array.Empty<string>() : [$"{block.Label}:"], .. block.Instructions.Select(i => "  " + Blanks().Replace(i, " "))];

    // Registers and labels by the order in which they appear.
    private static IEnumerable<string> Normalized(IEnumerable<string> lines)
    {
        Dictionary<string, string> names = [];
        Dictionary<string, int> counts = [];
        foreach (string line in lines)
        {
            yield return Name().Replace(line, match =>
            {
                if (!names.TryGetValue(match.Value, out string? name))
                {
                    string kind = match.Groups["kind"].Value;
                    counts[kind] = counts.GetValueOrDefault(kind) + 1;
                    names.Add(match.Value, name = $"{kind}{counts[kind]}");
                }

                return name;
            });
        }
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();

    [GeneratedRegex(@"(?<kind>%(p|rs|rd|r|fd|f)|\bL_|\b[A-Za-z]\w*_)\d+\b")]
    private static partial Regex Name();
}
