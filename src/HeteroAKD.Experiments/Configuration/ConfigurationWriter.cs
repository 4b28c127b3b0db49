using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace HeteroAKD.Experiments.Configuration;

/// <summary>Writes a resolved experiment as YAML that reads back to the same values.</summary>
public static partial class ConfigurationWriter
{
    /// <summary>Every option with its value, sections in the order of the classes.</summary>
    public static string Write(ExperimentConfig config)
    {
        StringBuilder text = new();
        WriteSection(text, config, "");
        return text.ToString();
    }

    private static void WriteSection(StringBuilder text, object section, string indent)
    {
        foreach (ConfigurationOption option in ConfigurationKeys.Of(section.GetType()))
        {
            object? value = option.Get(section);
            text.Append(indent).Append(option.Key).Append(':');
            if (ConfigurationKeys.IsSection(option))
            {
                text.Append('\n');
                WriteSection(text, value!, indent + "  ");
            }
            else
            {
                text.Append(' ').Append(Scalar(value)).Append('\n');
            }
        }
    }

    private static string Scalar(object? value) => value switch
    {
        null => ConfigurationKeys.Auto,
        bool b => b ? "true" : "false",
        int i => i.ToString(CultureInfo.InvariantCulture),
        double d => d.ToString("R", CultureInfo.InvariantCulture),
        string s =>
            PlainWord().IsMatch(s) ? s : s.Any(char.IsControl) ? JsonSerializer.Serialize(s) : "'" + s.Replace("'", "''", StringComparison.Ordinal) + "'",
        Enum e => ConfigurationKeys.Word(e.GetType(), e.ToString()),
        IReadOnlyDictionary<string, string> pairs => "{" + string.Join(", ", pairs.Select(p => $"{Scalar(p.Key)}: {Scalar(p.Value)}")) + "}",
        IReadOnlyList<double> list => "[" + string.Join(", ", list.Select(d => Scalar(d))) + "]",
        IReadOnlyList<string> list => "[" + string.Join(", ", list.Select(s => Scalar(s))) + "]",
        _ => throw new NotSupportedException($"a configuration value of type {value.GetType().Name} has no YAML form"),
    };

    // Anything else (empty, spaces, colons, words YAML reads as numbers or as nothing) is quoted.
    [GeneratedRegex(@"^(?!(?i:true|false|null|yes|no|on|off)$)[A-Za-z/][A-Za-z0-9_./-]*$")]
    private static partial Regex PlainWord();
}
