using System.Globalization;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Tensors;
using YamlDotNet.RepresentationModel;

namespace HeteroAKD.Experiments.Plans;

/// <summary>One YAML mapping of a plan, read by key; every refusal names file, line and remedy.</summary>
internal sealed class PlanSection
{
    private readonly string _source;
    private readonly string _name;
    private readonly List<(string Key, YamlNode KeyNode, YamlNode Value)> _entries;

    private PlanSection(string source, string name, YamlNode node)
    {
        _source = source;
        _name = name;
        Line = node.Start.Line;
        _entries = node switch
        {
            YamlMappingNode mapping =>
                [.. mapping.Select(e => (e.Key is YamlScalarNode { Value: { } key } ? key : throw Error(e.Key, "a key must be a word"), e.Key, e.Value))],
            YamlScalarNode { Value: null or "" } => [],
            _ => throw Error(node, $"{(name.Length == 0 ? "a plan" : name)} is made of 'key: value' lines"),
        };
    }

    /// <summary>Where it begins.</summary>
    public long Line { get; }

    /// <summary>Its entries in order.</summary>
    public IReadOnlyList<(string Key, YamlNode KeyNode, YamlNode Value)> Entries => _entries;

    /// <summary>Reads a plan's text.</summary>
    public static PlanSection Parse(string yaml, string source) => YamlText.Parse(yaml, source, "plan") is { } root
        ? new PlanSection(source, "", root)
        : throw new ConfigurationException(source, 0, "the plan is empty; it needs at least base, arms and seeds");

    /// <summary>Refuses a key that is not among these, with the nearest one.</summary>
    public void Allow(params string[] keys)
    {
        foreach ((string key, YamlNode node, _) in _entries.Where(e => !keys.Contains(e.Key)))
        {
            string hint = NearestName.Of(key, keys) is { } near ? $"did you mean {near}?" : $"there are {string.Join(", ", keys)}";
            throw Error(node, $"{(_name.Length == 0 ? "a plan" : _name)} has no key '{key}'; {hint}");
        }
    }

    /// <summary>The value of a key, or null.</summary>
    public YamlNode? Find(string key) => _entries.FirstOrDefault(e => e.Key == key).Value;

    /// <summary>The section of a key, or null.</summary>
    public PlanSection? Section(string key) => Find(key) is { } node ? Section(key, node) : null;

    /// <summary>A node as a section of this one.</summary>
    public PlanSection Section(string key, YamlNode node) => new(_source, Full(key), node);

    /// <summary>The text of a key, or null.</summary>
    public string? Text(string key) => Find(key) switch
    {
        null => null,
        YamlScalarNode { Value: { Length: > 0 } text } => text,
        { } other => throw Error(other, $"{Full(key)} must be one word or text"),
    };

    /// <summary>The number of a key, or NaN.</summary>
    /// <param name="key">The key.</param>
    /// <param name="positive">Whether it must be above 0.</param>
    public double Number(string key, bool positive)
    {
        if (Text(key) is not { } text)
        {
            return double.NaN;
        }

        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) && (value > 0 || !positive)
            ? value
            : throw Error(Find(key)!, $"{Full(key)} must be a number{(positive ? " above 0" : "")}, not '{text}'");
    }

    /// <summary>One of some words; the given one where the key is missing.</summary>
    public string Word(string key, IReadOnlyList<string> words, string otherwise)
    {
        string? text = Text(key);
        return text is null ? otherwise
            : words.Contains(text) ? text
            : throw Unknown(Find(key)!, $"{Full(key)} must be one of {string.Join(", ", words)}, not '{text}'", text, words);
    }

    /// <summary>An error at a node.</summary>
    public ConfigurationException Error(YamlNode node, string problem) => new(_source, node.Start.Line, problem);

    /// <summary>An error at a node about a name, with the nearest one that exists.</summary>
    public ConfigurationException Unknown(YamlNode node, string problem, string text, IEnumerable<string> names) =>
        Error(node, NearestName.Of(text, names) is { } near ? $"{problem}; did you mean {near}?" : problem);

    private string Full(string key) => _name.Length == 0 ? key : $"{_name}.{key}";
}
