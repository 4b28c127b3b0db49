using System.Reflection;
using HeteroAKD.Distillation.Terms;

namespace HeteroAKD.Experiments.Configuration;

/// <summary>A key of a section: a property of its record, or an entry of <see cref="TermSet"/>.</summary>
/// <param name="Key">The key, as YAML has it.</param>
/// <param name="Type">Type of its value.</param>
/// <param name="Property">The property; null for an entry.</param>
/// <param name="Get">Reads it from a section.</param>
/// <param name="Set">Writes it to a section that nobody else has yet.</param>
internal sealed record ConfigurationOption(string Key, Type Type, PropertyInfo? Property, Func<object, object?> Get, Action<object, object?> Set)
{
    /// <summary>The key of a property.</summary>
    public static ConfigurationOption Of(PropertyInfo property) =>
        new(ConfigurationKeys.Key(property), property.PropertyType, property, property.GetValue, property.SetValue);

    /// <summary>The key of a term's options.</summary>
    public static ConfigurationOption Of(TermRow row) =>
        new(row.Name, row.Defaults.GetType(), null, set => ((TermSet)set)[row.Name], (set, options) => ((TermSet)set)[row.Name] = (TermOptions)options!);

    /// <summary>Where a short key of <c>distillation</c> belongs, from that section on: <c>terms.heteroakd.tau</c>; empty for any other key.</summary>
    public string Home { get; init; } = "";

    /// <summary>This key of a term's options as a key of the section <c>distillation</c>.</summary>
    public ConfigurationOption InDistillation(string key, string term) => new(
        key,
        Type,
        Property,
        section => Get(((DistillationConfig)section).Terms[term]),
        (section, value) => Set(((DistillationConfig)section).Terms[term], value))
    {
        Home = $"terms.{term}.{Key}",
    };
}
