using System.Security.Cryptography;
using System.Text;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Tensors;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace HeteroAKD.Experiments.Plans;

/// <summary>Settings as text: flattened from YAML, and as the canonical line by which results are recognised.</summary>
internal static class SettingsText
{
    private static readonly Lazy<Dictionary<string, string>> s_defaults = new(() => Options(new ExperimentConfig()));

    /// <summary>The leaves of a section, sections and dotted keys alike; a preset before its neighbours, because each setting is applied by itself.</summary>
    public static IReadOnlyList<Setting> Flatten(YamlNode node)
    {
        List<Setting> leaves = [];
        Add(leaves, node, "", ConfigurationKeys.IsText);
        return [.. leaves.OrderBy(s => s.Key == "preset" || s.Key.EndsWith(".preset", StringComparison.Ordinal) ? 0 : 1)];
    }

    /// <summary>
    /// The options that differ from their defaults, "key=value" joined by "; ", without those that only say where a run happens. So an option that is added
    /// later, with a default that keeps what was, changes no text.
    /// </summary>
    public static string Canonical(ExperimentConfig config) =>
        string.Join("; ", Differences(SavedConfiguration.WithoutPlace(config)).Select(o => $"{o.Key}={o.Value}"));

    /// <summary>The options that differ from their defaults, with both values.</summary>
    public static IEnumerable<(string Key, string Value, string Default)> Differences(ExperimentConfig config) =>
        from option in Options(config)
        let standard = s_defaults.Value.GetValueOrDefault(option.Key, "")
        where standard != option.Value
        select (option.Key, option.Value, standard);

    /// <summary>Twelve hexadecimal digits that stand for a canonical text.</summary>
    public static string Hash(string canonical) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))[..12];

    /// <summary>Twelve hexadecimal digits that stand for the content of a file.</summary>
    /// <exception cref="StorageException">It cannot be read.</exception>
    public static string HashOfFile(string path)
    {
        try
        {
            using FileStream stream = RegularFile.OpenRead(path);
            return Convert.ToHexStringLower(SHA256.HashData(stream))[..12];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"{path} cannot be read: {e.Message}", e);
        }
    }

    private static Dictionary<string, string> Options(ExperimentConfig config)
    {
        YamlStream stream = new();
        stream.Load(new StringReader(ConfigurationWriter.Write(config)));
        List<Setting> leaves = [];
        Add(leaves, stream.Documents[0].RootNode, "", _ => false);
        return leaves.ToDictionary(s => s.Key, s => s.Value);
    }

    // Of keys that are literal, the text itself is the value; of others, YAML.
    private static void Add(List<Setting> leaves, YamlNode node, string path, Func<string, bool> literal)
    {
        if (node is not YamlMappingNode mapping || ConfigurationKeys.IsPairs(path))
        {
            leaves.Add(new Setting(path, node is YamlScalarNode { Value: { } text } && literal(path) ? text : Flow(node), node.Start.Line));
            return;
        }

        foreach ((YamlNode key, YamlNode value) in mapping)
        {
            string name = (key as YamlScalarNode)?.Value ?? "";
            Add(leaves, value, path.Length == 0 ? name : $"{path}.{name}", literal);
        }
    }

    private static string Flow(YamlNode node) => node switch
    {
        YamlScalarNode { Style: ScalarStyle.Plain, Value: { } text } => text,
        YamlScalarNode scalar => "'" + (scalar.Value ?? "").Replace("'", "''", StringComparison.Ordinal) + "'",
        YamlSequenceNode list => "[" + string.Join(", ", list.Select(Flow)) + "]",
        YamlMappingNode mapping => "{" + string.Join(", ", mapping.Select(e => $"{Flow(e.Key)}: {Flow(e.Value)}")) + "}",
        _ => "",
    };
}
