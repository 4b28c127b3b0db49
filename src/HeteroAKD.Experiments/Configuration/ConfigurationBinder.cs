using System.Globalization;
using System.Reflection;
using HeteroAKD.Distillation.Terms;
using HeteroAKD.Tensors;
using YamlDotNet.RepresentationModel;

namespace HeteroAKD.Experiments.Configuration;

/// <summary>
/// Puts one YAML mapping over a tree of section records. A mapping only replaces what it names, so files and
/// overrides are layers: bind one after the other onto the same tree.
/// </summary>
internal sealed class ConfigurationBinder(string source, bool hasLines)
{
    /// <summary>Applies the mapping and returns the section (the same object, or its preset's copy).</summary>
    /// <param name="node">The section's mapping.</param>
    /// <param name="section">The record that receives the values.</param>
    /// <param name="path">Dotted key of the section, empty at the top.</param>
    public object Bind(YamlNode node, object section, string path)
    {
        if (node is YamlScalarNode { Value: null or "" })
        {
            return section;  // "data:" with nothing below
        }

        if (node is not YamlMappingNode mapping)
        {
            throw Error(node, $"{(path.Length == 0 ? "the file" : path)} must be a section of 'key: value' lines, not {Kind(node)}");
        }

        Dictionary<string, ConfigurationOption> options = ConfigurationKeys.Of(section.GetType()).ToDictionary(o => o.Key, StringComparer.Ordinal);
        Dictionary<string, ConfigurationOption> shorts = ConfigurationKeys.ShortOf(section.GetType()).ToDictionary(o => o.Key, StringComparer.Ordinal);
        section = ApplyPreset(mapping, section, options, shorts, path);

        // Short keys last: a preset that stands deeper comes before them.
        foreach ((YamlNode keyNode, YamlNode value) in mapping.OrderBy(child => child.Key is YamlScalarNode { Value: { } k } && shorts.ContainsKey(k) ? 1 : 0))
        {
            string key = keyNode is YamlScalarNode { Value: { } text } ? text : throw Error(keyNode, "a key must be a word");
            string full = path.Length == 0 ? key : $"{path}.{key}";
            if (!options.TryGetValue(key, out ConfigurationOption? option) && !shorts.TryGetValue(key, out option))
            {
                throw Unknown(keyNode, full, path, options.Keys.Concat(shorts.Keys));
            }

            if (option.Home.Length > 0 && Holds(mapping, option.Home.Split('.')))
            {
                throw Error(keyNode, $"{full} is the short form of {path}.{option.Home}, and both are given; leave one out");
            }

            object? bound = ConfigurationKeys.IsSection(option)
                ? Bind(value, option.Get(section)!, full)
                : Read(value, option, option.Type, full);
            option.Set(section, bound);
        }

        return section;
    }

    private static bool Holds(YamlNode node, ReadOnlySpan<string> path) =>
        path.Length == 0
            || (node is YamlMappingNode mapping && mapping.Children.TryGetValue(new YamlScalarNode(path[0]), out YamlNode? child) && Holds(child, path[1..]));

    // The preset is a starting point wherever the key stands among its neighbours.
    private object ApplyPreset(
        YamlMappingNode mapping, object section, Dictionary<string, ConfigurationOption> options, Dictionary<string, ConfigurationOption> shorts, string path)
    {
        foreach ((YamlNode key, YamlNode value) in mapping)
        {
            if (key is not YamlScalarNode { Value: "preset" })
            {
                continue;
            }

            if (section is IPresetOptions presets && options.TryGetValue("preset", out ConfigurationOption? option))
            {
                return presets.WithPreset(Read(value, option, option.Type, $"{path}.preset")!);
            }

            if (section is DistillationConfig distillation && shorts.TryGetValue("preset", out option))
            {
                object preset = Read(value, option, option.Type, $"{path}.preset")!;
                distillation.Terms["heteroakd"] = (TermOptions)((IPresetOptions)distillation.Terms["heteroakd"]).WithPreset(preset);
            }
        }

        return section;
    }

    private object? Read(YamlNode node, ConfigurationOption option, Type type, string key)
    {
        if (type == typeof(IReadOnlyList<double>))
        {
            return node is YamlSequenceNode list
                ? list.Select((item, i) => (double)Read(item, option, typeof(double), $"{key}[{i}]")!).ToArray()
                : throw Error(node, $"{key} must be a list like [1, 2], not {Kind(node)}");
        }

        if (type == typeof(IReadOnlyList<string>))
        {
            return node is YamlSequenceNode names
                ? names.Select((item, i) => (string)Read(item, option, typeof(string), $"{key}[{i}]")!).ToArray()
                : throw Error(node, $"{key} must be a list like [a, b], not {Kind(node)}");
        }

        if (type == typeof(IReadOnlyDictionary<string, string>))
        {
            return node is YamlMappingNode pairs
                ? pairs.ToDictionary(
                    pair => (string)Read(pair.Key, option, typeof(string), key)!,
                    pair => (string)Read(pair.Value, option, typeof(string), $"{key}.{pair.Key}")!,
                    StringComparer.Ordinal)
                : throw Error(node, $"{key} must be pairs like {{theirs: ours}}, not {Kind(node)}");
        }

        if (node is not YamlScalarNode { Value: { } text })
        {
            throw Error(node, $"{key} must be {Wanted(type)}, not {Kind(node)}");
        }

        if (type == typeof(double?) && text == ConfigurationKeys.Auto)
        {
            return null;
        }

        object value = Parse(text, Nullable.GetUnderlyingType(type) ?? type) ?? throw WrongValue(node, key, type, text);
        if (value is int or double && option.Property?.GetCustomAttribute<InRangeAttribute>() is { } range
            && !range.Contains(Convert.ToDouble(value, CultureInfo.InvariantCulture)))
        {
            throw Error(node, $"{key} must lie in {range.Interval}, not {text}");
        }

        return value;
    }

    private static object? Parse(string text, Type type)
    {
        if (type == typeof(string))
        {
            return text;
        }

        if (type == typeof(bool))
        {
            return text switch { "true" => true, "false" => false, _ => null };
        }

        if (type == typeof(int))
        {
            return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int whole) ? whole : null;
        }

        if (type == typeof(double))
        {
            return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) ? number : null;
        }

        string? member = Enum.GetNames(type).FirstOrDefault(name =>
            ConfigurationKeys.Word(type, name).Equals(text, StringComparison.OrdinalIgnoreCase)
            || type.GetField(name)!.GetCustomAttribute<FormerWordAttribute>()?.Word == text);
        return member is null ? null : Enum.Parse(type, member);
    }

    private ConfigurationException WrongValue(YamlNode node, string key, Type type, string text)
    {
        string problem = text.Length == 0 ? $"{key} has no value; it must be {Wanted(type)}" : $"{key} must be {Wanted(type)}, not '{text}'";
        if (type.IsEnum && NearestName.Of(text, Words(type)) is { } near)
        {
            problem += $"; did you mean {near}?";
        }

        return Error(node, problem);
    }

    private ConfigurationException Unknown(YamlNode node, string full, string path, IEnumerable<string> siblings)
    {
        string key = full[(path.Length == 0 ? 0 : path.Length + 1)..];
        string prefix = path.Length == 0 ? "" : path + ".";
        List<string> names = [.. siblings];
        if (key.Contains('.', StringComparison.Ordinal) && ConfigurationKeys.All.Contains(full))
        {
            return Error(node, $"{full} is written with dots on a command line and in plans; in a configuration its sections are nested: {Nested(key)}");
        }

        // In this order: a misspelt key of this section, the right key in the wrong section, a misspelt key of any section.
        string? near = NearestName.Of(key, names) is { } sibling ? prefix + sibling
            : ConfigurationKeys.All.FirstOrDefault(k => k.EndsWith("." + key, StringComparison.OrdinalIgnoreCase))
                ?? NearestName.Of(full, ConfigurationKeys.All);
        string hint = near is not null ? $"did you mean {near}?"
            : $"{(path.Length == 0 ? "the sections and options are" : path + " has")} {string.Join(", ", names)}";
        return Error(node, $"there is no option {full}; {hint}");
    }

    // a.b.c as a: {b: {c: ...}}
    private static string Nested(string key)
    {
        string[] parts = key.Split('.');
        return $"{string.Join(": {", parts)}: ...{new string('}', parts.Length - 1)}";
    }

    private ConfigurationException Error(YamlNode node, string problem) => new(source, hasLines ? node.Start.Line : 0, problem);

    private static IEnumerable<string> Words(Type type) => Enum.GetNames(type).Select(name => ConfigurationKeys.Word(type, name));

    private static string Wanted(Type type) =>
        type == typeof(bool) ? "true or false"
        : type == typeof(int) ? "a whole number"
        : type == typeof(double) ? "a number"
        : type == typeof(double?) ? "a number or auto"
        : type.IsEnum ? "one of " + string.Join(", ", Words(type))
        : "a text";

    private static string Kind(YamlNode node) => node switch
    {
        YamlSequenceNode => "a list",
        YamlMappingNode => "a section",
        YamlScalarNode { Value: { Length: > 0 } text } => $"'{text}'",
        _ => "nothing",
    };
}
