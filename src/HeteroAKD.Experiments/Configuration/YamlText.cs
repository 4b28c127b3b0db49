using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace HeteroAKD.Experiments.Configuration;

/// <summary>
/// YAML texts of configurations, plans and overrides as nodes. <see cref="YamlWalk"/> bounds a text before its nodes are built. A plain <c>null</c> or <c>~</c>
/// is no value: it becomes the same empty node as nothing at all.
/// </summary>
internal static class YamlText
{
    /// <summary>Bytes of a file; a larger one is no configuration.</summary>
    public const int MaxBytes = 1 << 20;

    /// <summary>The only document of a text, or null where there is none.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="source">What messages call it.</param>
    /// <param name="holds">What one file holds: a configuration, a plan.</param>
    /// <exception cref="ConfigurationException">It is no YAML, too large, or holds two documents; with line and column.</exception>
    public static YamlNode? Parse(string yaml, string source, string holds) =>
        Load(
            yaml,
            comments: true,
            $"one file holds one {holds}; remove the second document",
            (at, problem, inner) => new ConfigurationException(source, at.Line, at.Column, problem, inner));

    /// <summary>The value of an override, or null where there is none.</summary>
    /// <param name="text">The whole override, <c>section.key=value</c>.</param>
    /// <param name="start">Where the value begins in it.</param>
    /// <param name="source">What messages call it.</param>
    /// <exception cref="ConfigurationException">It is no YAML, or a part of it would be dropped; with the column in the whole text.</exception>
    public static YamlNode? ParseValue(string text, int start, string source) =>
        Load(text[start..], comments: false, "an override has one value; remove the second document", (at, problem, inner) =>
            new ConfigurationException(source, 0, at.Line > 1 ? at.Column : at.Column + start, problem, inner));

    private static YamlNode? Load(string yaml, bool comments, string many, Func<Mark, string, Exception?, ConfigurationException> error)
    {
        if (yaml.Length > MaxBytes)
        {
            throw error(Mark.Empty, $"this text has {yaml.Length} characters; up to {MaxBytes} are read", null);
        }

        YamlStream stream = new();
        Parser parser = new(new Scanner(new StringReader(yaml), skipComments: comments));
        Parser builder = new(new StringReader(yaml));
        try
        {
            new YamlWalk((at, problem) => error(at, problem, null)).Run(parser);
            stream.Load(builder);
        }
        catch (YamlException e)
        {
            throw error(e.Start, $"this is not valid YAML: {e.Message}", e);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            // For some malformed texts, such as one with a missing key, the library throws these exceptions instead of a YamlException.
            throw error(
                builder.Current?.Start ?? parser.Current?.Start ?? Mark.Empty, "this is not valid YAML: a key or a value is missing or out of place", e);
        }

        if (stream.Documents.Count > 1)
        {
            throw error(stream.Documents[1].RootNode.Start, many, null);
        }

        YamlNode? root = stream.Documents.Count == 0 ? null : stream.Documents[0].RootNode;
        Empty(root, new HashSet<YamlNode>(ReferenceEqualityComparer.Instance));
        return root;
    }

    // Keys keep what they are: 'null' may be a name.
    private static void Empty(YamlNode? node, HashSet<YamlNode> seen)
    {
        switch (node)
        {
            case YamlScalarNode { Style: ScalarStyle.Plain, Value: "null" or "Null" or "NULL" or "~" } scalar when scalar.Tag.IsEmpty:
                scalar.Value = "";
                break;
            case YamlMappingNode mapping when seen.Add(mapping):
                foreach ((YamlNode _, YamlNode value) in mapping)
                {
                    Empty(value, seen);
                }

                break;
            case YamlSequenceNode list when seen.Add(list):
                foreach (YamlNode item in list)
                {
                    Empty(item, seen);
                }

                break;
        }
    }
}
