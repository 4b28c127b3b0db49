using System.Collections;
using System.Reflection;
using System.Runtime.Serialization;
using System.Text.Json;
using HeteroAKD.Distillation.Terms;

namespace HeteroAKD.Experiments.Configuration;

/// <summary>How options are spelled: <c>camelCase</c> properties joined by dots, and the words of each enumeration.</summary>
internal static class ConfigurationKeys
{
    /// <summary>The word for a number that follows from other options.</summary>
    internal const string Auto = "auto";

    /// <summary>Every option's dotted key, in the order of the classes; sections themselves are not listed.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Leaves(typeof(ExperimentConfig), "")];

    /// <summary>The options of a section, in order.</summary>
    internal static IEnumerable<ConfigurationOption> Of(Type section) => section == typeof(TermSet)
        ? TermTable.All.Select(ConfigurationOption.Of)
        : section.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(p => p.SetMethod is not null)
            .OrderBy(p => p.DeclaringType == section ? 1 : 0)
            .ThenBy(p => p.MetadataToken)
            .Select(ConfigurationOption.Of);

    /// <summary>Keys that a section understands beside its own: short ones of options that lie deeper.</summary>
    internal static IEnumerable<ConfigurationOption> ShortOf(Type section)
    {
        if (section != typeof(DistillationConfig))
        {
            return [];
        }

        HashSet<string> own = [.. Of(section).Select(o => o.Key)];
        ConfigurationOption kdTau = Of(typeof(KdTermOptions)).Single(o => o.Key == "tau");
        return
        [
            .. Of(typeof(HeteroAkdTermOptions)).Where(
                o => o.Property!.DeclaringType == typeof(HeteroAkdTermOptions) && !own.Contains(o.Key)).Select(o => o.InDistillation(o.Key, "heteroakd")),
            kdTau.InDistillation("kdTau", "kd"),
        ];
    }

    /// <summary>Whether a dotted key, short or not, names an option whose value is a text.</summary>
    internal static bool IsText(string key) => TypeOf(key) == typeof(string);

    /// <summary>Whether a dotted key names an option whose value is pairs of words: one value, and no section.</summary>
    internal static bool IsPairs(string key) => TypeOf(key) == typeof(IReadOnlyDictionary<string, string>);

    private static Type? TypeOf(string key)
    {
        Type section = typeof(ExperimentConfig);
        foreach (string word in key.Split('.'))
        {
            if (Of(section).Concat(ShortOf(section)).FirstOrDefault(o => o.Key == word) is not { } option)
            {
                return null;
            }

            section = option.Type;
        }

        return section;
    }

    /// <summary>The key of one property.</summary>
    internal static string Key(PropertyInfo property) => JsonNamingPolicy.CamelCase.ConvertName(property.Name);

    /// <summary>Whether the option is a section of its own.</summary>
    internal static bool IsSection(ConfigurationOption option) =>
        option.Type is { IsClass: true } type && type != typeof(string) && !typeof(IEnumerable).IsAssignableFrom(type);

    /// <summary>The word of an enumeration's member.</summary>
    internal static string Word(Type enumeration, string member) =>
        enumeration.GetField(member)?.GetCustomAttribute<EnumMemberAttribute>()?.Value ?? JsonNamingPolicy.CamelCase.ConvertName(member);

    private static IEnumerable<string> Leaves(Type section, string prefix)
    {
        foreach (ConfigurationOption option in Of(section))
        {
            string key = prefix + option.Key;
            foreach (string leaf in IsSection(option) ? Leaves(option.Type, key + ".") : [key])
            {
                yield return leaf;
            }
        }
    }
}
