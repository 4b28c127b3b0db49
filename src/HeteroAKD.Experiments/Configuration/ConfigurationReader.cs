using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace HeteroAKD.Experiments.Configuration;

/// <summary>
/// Reads an experiment: defaults, then the files named by <c>extends</c>, then the file, then each override in order.
/// </summary>
public static class ConfigurationReader
{
    private const string Extends = "extends";

    /// <summary>Reads a file.</summary>
    /// <param name="path">A YAML file; <c>extends: other.yaml</c> in it is relative to it.</param>
    /// <param name="overrides">Texts <c>section.key=value</c>; the value is YAML.</param>
    /// <exception cref="ConfigurationException">The file is missing or says something that is not an experiment.</exception>
    public static ExperimentConfig ReadFile(string path, IEnumerable<string>? overrides = null)
    {
        var config = new ExperimentConfig();
        ApplyFile(path, config, []);
        return Finish(config, path, overrides);
    }

    /// <summary>Reads a text, for configurations that travel inside a program or a checkpoint.</summary>
    /// <param name="yaml">The text; it cannot extend a file.</param>
    /// <param name="source">What error messages call it.</param>
    /// <param name="overrides">Texts <c>section.key=value</c>; the value is YAML.</param>
    public static ExperimentConfig ReadText(string yaml, string source, IEnumerable<string>? overrides = null)
    {
        var config = new ExperimentConfig();
        if (Parse(yaml, source) is { } root)
        {
            if (Take(root, Extends) is not null)
            {
                throw new ConfigurationException(source, 1, "extends works in files only");
            }

            new ConfigurationBinder(source, hasLines: true).Bind(root, config, "");
        }

        return Finish(config, source, overrides);
    }

    private static ExperimentConfig Finish(ExperimentConfig config, string source, IEnumerable<string>? overrides)
    {
        foreach (string text in overrides ?? [])
        {
            ApplyOverride(text, config);
        }

        ConfigurationCheck.Check(config, source);
        return config;
    }

    private static void ApplyFile(string path, ExperimentConfig config, List<string> chain)
    {
        string full = Path.GetFullPath(path);
        if (chain.Contains(full))
        {
            throw new ConfigurationException(path, 0, $"extends itself: {string.Join(" -> ", chain.Append(full).Select(Path.GetFileName))}");
        }

        chain.Add(full);
        if (Parse(ReadAll(path), path) is not { } root)
        {
            return;
        }

        if (Take(root, Extends) is { } parent)
        {
            if (parent is not YamlScalarNode { Value: { Length: > 0 } name })
            {
                throw new ConfigurationException(path, parent.Start.Line, "extends must name one file");
            }

            ApplyFile(Path.Combine(Path.GetDirectoryName(path) ?? "", name), config, chain);
        }

        new ConfigurationBinder(path, hasLines: true).Bind(root, config, "");
    }

    private static void ApplyOverride(string text, ExperimentConfig config)
    {
        string source = $"--set {text}";
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
        {
            throw new ConfigurationException(source, 0, "an override has the form section.key=value");
        }

        // "a.b=v" becomes {a: {b: v}} and is bound like any other layer.
        YamlNode node = ParseNode(text[(equals + 1)..], source) ?? new YamlScalarNode("");
        foreach (string key in text[..equals].Trim().Split('.').Reverse())
        {
            node = new YamlMappingNode(new YamlScalarNode(key), node);
        }

        new ConfigurationBinder(source, hasLines: false).Bind(node, config, "");
    }

    private static string ReadAll(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ConfigurationException(path, 0, "there is no such configuration file", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException(path, 0, $"the configuration file cannot be read: {e.Message}", e);
        }
    }

    private static YamlMappingNode? Parse(string yaml, string source) => ParseNode(yaml, source) switch
    {
        null or YamlScalarNode { Value: null or "" } => null,
        YamlMappingNode mapping => mapping,
        { } other => throw new ConfigurationException(source, other.Start.Line, "a configuration is made of 'key: value' lines"),
    };

    private static YamlNode? ParseNode(string yaml, string source)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(yaml));
        }
        catch (YamlException e)
        {
            throw new ConfigurationException(source, e.Start.Line, $"this is not valid YAML: {e.Message}", e);
        }

        return stream.Documents.Count switch
        {
            0 => null,
            1 => stream.Documents[0].RootNode,
            _ => throw new ConfigurationException(source, stream.Documents[1].RootNode.Start.Line, "one file holds one configuration; remove the second document"),
        };
    }

    private static YamlNode? Take(YamlMappingNode mapping, string key)
    {
        var scalar = new YamlScalarNode(key);
        if (!mapping.Children.TryGetValue(scalar, out YamlNode? value))
        {
            return null;
        }

        mapping.Children.Remove(scalar);
        return value;
    }
}
