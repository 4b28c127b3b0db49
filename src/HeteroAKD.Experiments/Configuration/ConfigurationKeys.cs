using System.Collections;
using System.Reflection;
using System.Runtime.Serialization;
using System.Text.Json;

namespace HeteroAKD.Experiments.Configuration;

/// <summary>How options are spelled: <c>camelCase</c> properties joined by dots, and the words of each enumeration.</summary>
public static class ConfigurationKeys
{
    /// <summary>Every option's dotted key, in the order of the classes; sections themselves are not listed.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Leaves(typeof(ExperimentConfig), "")];

    /// <summary>The options of a section, in order.</summary>
    internal static IEnumerable<PropertyInfo> Of(Type section) =>
        section.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(p => p.SetMethod is not null)
            .OrderBy(p => p.MetadataToken);

    /// <summary>The key of one property.</summary>
    internal static string Key(PropertyInfo property) => JsonNamingPolicy.CamelCase.ConvertName(property.Name);

    /// <summary>Whether the property is a section of its own.</summary>
    internal static bool IsSection(PropertyInfo property) =>
        property.PropertyType is { IsClass: true } type && type != typeof(string) && !typeof(IEnumerable).IsAssignableFrom(type);

    /// <summary>The word of an enumeration's member.</summary>
    internal static string Word(Type enumeration, string member) =>
        enumeration.GetField(member)?.GetCustomAttribute<EnumMemberAttribute>()?.Value ?? JsonNamingPolicy.CamelCase.ConvertName(member);

    private static IEnumerable<string> Leaves(Type section, string prefix)
    {
        foreach (PropertyInfo property in Of(section))
        {
            string key = prefix + Key(property);
            foreach (string leaf in IsSection(property) ? Leaves(property.PropertyType, key + ".") : [key])
            {
                yield return leaf;
            }
        }
    }
}
