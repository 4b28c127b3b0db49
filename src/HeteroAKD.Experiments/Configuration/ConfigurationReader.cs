using HeteroAKD.Tensors;
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
    /// <param name="overrides">Texts <c>section.key=value</c>; where the option is a text, it takes all that follows the sign as it is, else the value is
    /// YAML.</param>
    /// <exception cref="ConfigurationException">The file is missing or says something that is not an experiment.</exception>
    public static ExperimentConfig ReadFile(string path, IEnumerable<string>? overrides = null)
    {
        ExperimentConfig config = new();
        ApplyFile(path, config, []);
        return Finish(config, path, overrides);
    }

    /// <summary>Reads the configuration that a checkpoint keeps.</summary>
    /// <param name="yaml">The configuration.</param>
    /// <param name="checkpoint">The checkpoint's file, for messages.</param>
    /// <param name="overrides">As of <see cref="ReadFile"/>.</param>
    public static ExperimentConfig ReadKept(string yaml, string checkpoint, IEnumerable<string>? overrides = null) =>
        ReadText(yaml, $"{checkpoint} (the configuration in it)", overrides);

    /// <summary>Reads a text, for configurations that travel inside a program or a checkpoint.</summary>
    /// <param name="yaml">The text; it cannot extend a file.</param>
    /// <param name="source">What error messages call it.</param>
    /// <param name="overrides">As of <see cref="ReadFile"/>.</param>
    public static ExperimentConfig ReadText(string yaml, string source, IEnumerable<string>? overrides = null)
    {
        ExperimentConfig config = new();
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
                throw new ConfigurationException(
                    path, parent.Start.Line, parent is YamlScalarNode ? "extends has no value; it must name one file" : "extends must name one file");
            }

            ApplyFile(Path.Combine(Path.GetDirectoryName(path) ?? "", name), config, chain);
        }

        new ConfigurationBinder(path, hasLines: true).Bind(root, config, "");
    }

    private static void ApplyOverride(string text, ExperimentConfig config)
    {
        string source = ConfigurationException.Override + text;
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
        {
            throw new ConfigurationException(source, 0, "an override has the form section.key=value");
        }

        // "a.b=v" becomes {a: {b: v}} and is bound like any other layer. A text is taken as it is: paths hold '#', ': ' and blanks.
        string option = text[..equals].Trim();
        YamlNode node = ConfigurationKeys.IsText(option) ? new YamlScalarNode(text[(equals + 1)..]) { Style = ScalarStyle.SingleQuoted }
            : YamlText.ParseValue(text, equals + 1, source) ?? new YamlScalarNode("");
        for (int dot = option.LastIndexOf('.'); dot > 0; dot = option.LastIndexOf('.', dot - 1))
        {
            if (ConfigurationKeys.IsPairs(option[..dot]))
            {
                throw new ConfigurationException(source, 0, $"{option[..dot]} is one value; give all its pairs at once: {option[..dot]}={{theirs: ours, ...}}");
            }
        }

        foreach (string key in option.Split('.').Reverse())
        {
            node = new YamlMappingNode(new YamlScalarNode(key), node);
        }

        new ConfigurationBinder(source, hasLines: false).Bind(node, config, "");
    }

    private static string ReadAll(string path)
    {
        try
        {
            return RegularFile.ReadText(path, YamlText.MaxBytes);
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

    private static YamlMappingNode? Parse(string yaml, string source) => YamlText.Parse(yaml, source, "configuration") switch
    {
        null or YamlScalarNode { Value: null or "" } => null,
        YamlMappingNode mapping => mapping,
        { } other => throw new ConfigurationException(source, other.Start.Line, "a configuration is made of 'key: value' lines"),
    };

    private static YamlNode? Take(YamlMappingNode mapping, string key)
    {
        YamlScalarNode scalar = new(key);
        if (!mapping.Children.TryGetValue(scalar, out YamlNode? value))
        {
            return null;
        }

        mapping.Children.Remove(scalar);
        return value;
    }
}
