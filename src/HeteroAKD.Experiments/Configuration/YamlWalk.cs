using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace HeteroAKD.Experiments.Configuration;

/// <summary>
/// Walks the events of a YAML text, which needs memory for the open sections alone, and refuses what would cost more than its length once nodes are built.
/// </summary>
/// <param name="error">Makes the exception of a place and a problem.</param>
internal sealed class YamlWalk(Func<Mark, string, ConfigurationException> error)
{
    private const int MaxDepth = 32;     // a configuration has 5 levels
    private const int MaxNodes = 20_000; // and some 400 nodes

    private readonly Stack<Section> _open = new();
    private readonly Dictionary<AnchorName, (long Nodes, int Height)?> _anchors = []; // null while what it names is still open
    private long _nodes; // with what aliases stand for

    /// <summary>Walks to the end.</summary>
    public void Run(IParser parser)
    {
        while (parser.MoveNext())
        {
            switch (parser.Current)
            {
                case Comment comment:
                    throw error(comment.Start, $"'#' begins a comment, and '{comment.Value}' would be dropped; remove it, or quote the text");
                case Scalar scalar:
                    AddScalar(scalar);
                    break;
                case AnchorAlias alias:
                    AddAlias(alias);
                    break;
                case SequenceStart or MappingStart:
                    Begin((NodeEvent)parser.Current);
                    break;
                case SequenceEnd or MappingEnd:
                    End();
                    break;
                case DocumentStart:
                    _anchors.Clear();
                    break;
            }
        }
    }

    private void AddScalar(Scalar scalar)
    {
        if (NextIsKey() && scalar.Value.Length == 0)
        {
            throw error(scalar.Start, "a key is empty; write 'key: value'");
        }

        if (scalar.Value.Contains('\0', StringComparison.Ordinal))
        {
            throw error(scalar.Start, "a text holds a NUL character, which no name or path can have");
        }

        Count(scalar.Start, 1, 0);
        if (!scalar.Anchor.IsEmpty)
        {
            _anchors[scalar.Anchor] = (1, 0);
        }
    }

    private void AddAlias(AnchorAlias alias)
    {
        RequireNoKey(alias.Start);
        if (!_anchors.TryGetValue(alias.Value, out (long Nodes, int Height)? named))
        {
            throw error(alias.Start, $"the alias *{alias.Value.Value} has no anchor &{alias.Value.Value} before it");
        }

        (long nodes, int height) = named ?? throw error(alias.Start, $"the alias *{alias.Value.Value} stands for a section that it is a part of");
        Count(alias.Start, nodes, height);
    }

    private void Begin(NodeEvent node)
    {
        RequireNoKey(node.Start);
        Count(node.Start, 1, 0);
        _open.Push(new Section(node.Anchor, node is MappingStart, _nodes - 1));
        if (!node.Anchor.IsEmpty)
        {
            _anchors[node.Anchor] = null;
        }
    }

    private void End()
    {
        Section ended = _open.Pop();
        if (!ended.Anchor.IsEmpty)
        {
            _anchors[ended.Anchor] = (_nodes - ended.Before, ended.Height + 1);
        }

        if (_open.TryPeek(out Section? parent))
        {
            parent.Height = Math.Max(parent.Height, ended.Height + 1);
        }
    }

    private bool NextIsKey() => _open.TryPeek(out Section? parent) && parent.IsMapping && parent.Children % 2 == 0;

    private void RequireNoKey(Mark at)
    {
        if (NextIsKey())
        {
            throw error(at, "a key must be a word");
        }
    }

    private void Count(Mark at, long nodes, int height)
    {
        _nodes += nodes;
        if (_nodes > MaxNodes)
        {
            throw error(at, $"up to here there are more than {MaxNodes} values, with those that aliases stand for; no configuration has so many");
        }

        if (_open.Count + height >= MaxDepth)
        {
            throw error(at, $"sections or lists are more than {MaxDepth} levels deep");
        }

        if (_open.TryPeek(out Section? parent))
        {
            parent.Children++;
            parent.Height = Math.Max(parent.Height, height);
        }
    }

    private sealed class Section(AnchorName anchor, bool isMapping, long before)
    {
        public AnchorName Anchor { get; } = anchor;

        public bool IsMapping { get; } = isMapping;

        /// <summary>Nodes before it.</summary>
        public long Before { get; } = before;

        /// <summary>Keys and values, or items, so far.</summary>
        public int Children { get; set; }

        /// <summary>Levels below it.</summary>
        public int Height { get; set; }
    }
}
