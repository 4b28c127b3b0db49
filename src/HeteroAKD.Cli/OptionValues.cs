using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using HeteroAKD.Tensors;

namespace HeteroAKD.Cli;

/// <summary>
/// How the text after an option becomes a value. What does not is a usage error that names the option, what it takes and, among words, the nearest one.
/// </summary>
internal static class OptionValues
{
    /// <summary>A whole number from <paramref name="least"/> to <paramref name="most"/>.</summary>
    public static Option<int> Whole(this Option<int> option, int least, int most = int.MaxValue)
    {
        option.CustomParser = result => WholeOf(result, option, least, most) ?? 0;
        return option;
    }

    /// <inheritdoc cref="Whole(Option{int}, int, int)"/>
    public static Option<int?> Whole(this Option<int?> option, int least, int most = int.MaxValue)
    {
        option.CustomParser = result => WholeOf(result, option, least, most);
        return option;
    }

    /// <summary>A share: above 0, at most 1.</summary>
    public static Option<double> Share(this Option<double> option)
    {
        option.CustomParser = result =>
            double.TryParse(Text(result), NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && number is > 0 and <= 1
                ? number
                : Refuse<double>(result, option, "takes a share above 0, at most 1, such as 1e-3");
        return option;
    }

    /// <summary>One of the names of an enumeration, in any case.</summary>
    public static Option<T> OneOf<T>(this Option<T> option)
        where T : struct, Enum
    {
        option.CustomParser = result => WordOf<T>(result, option) ?? default;
        return option;
    }

    /// <inheritdoc cref="OneOf{T}(Option{T})"/>
    public static Option<T?> OneOf<T>(this Option<T?> option)
        where T : struct, Enum
    {
        option.CustomParser = result => WordOf<T>(result, option);
        return option;
    }

    /// <summary>One of some words.</summary>
    public static Option<string?> OneOf(this Option<string?> option, params string[] words)
    {
        option.CustomParser = result => words.Contains(Text(result)) ? Text(result) : RefuseWord<string>(result, option, words);
        return option;
    }

    /// <summary>A path.</summary>
    public static Option<string?> Path(this Option<string?> option)
    {
        option.CustomParser = result => Text(result) is { Length: > 0 } path && !path.Contains('\0') ? path : Refuse<string>(result, option, "takes a path");
        return option;
    }

    /// <summary>Rows and columns, <c>512x1024</c>.</summary>
    public static Option<(int Height, int Width)?> Size(this Option<(int Height, int Width)?> option)
    {
        const int Most = 1 << 20;
        option.CustomParser = result =>
            Text(result).Split('x', 'X') is [string rows, string columns]
            && int.TryParse(rows, NumberStyles.None, CultureInfo.InvariantCulture, out int height) && height is >= 1 and <= Most
            && int.TryParse(columns, NumberStyles.None, CultureInfo.InvariantCulture, out int width) && width is >= 1 and <= Most
                ? (height, width)
                : Refuse<(int, int)?>(result, option, "takes HEIGHTxWIDTH in pixels, such as 512x1024");
        return option;
    }

    /// <summary>Adds a rule about several options. It does not judge a line with a value that its option refuses: that is the error to report.</summary>
    public static void AddRule(this Command command, Action<CommandResult> rule) => command.Validators.Add(result =>
    {
        try
        {
            rule(result);
        }
        catch (InvalidOperationException)
        {
            // The parser throws this when a rule reads a value that its option refused. The parser reports the option's own error after the rules.
        }
    });

    /// <summary>Makes an error of a value.</summary>
    public static T? Refuse<T>(ArgumentResult result, Option option, string takes)
    {
        result.AddError($"{option.Name} {takes}, not '{VisibleText.Name(Text(result))}'");
        return default;
    }

    /// <summary>Makes an error of a word; among <paramref name="words"/> the nearest is named.</summary>
    public static T? RefuseWord<T>(ArgumentResult result, Option option, IReadOnlyCollection<string> words, string? word = null)
    {
        word ??= Text(result);
        string near = NearestName.Of(word, words) is { } nearest ? $"; did you mean {nearest}?" : "";
        result.AddError($"{option.Name} takes {List(words)}, not '{VisibleText.Name(word)}'{near}");
        return default;
    }

    private static int? WholeOf(ArgumentResult result, Option option, int least, int most) =>
        int.TryParse(Text(result), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most
            ? number
            : Refuse<int?>(
                result,
                option,
                most < int.MaxValue ? $"takes {least} to {most}" : least > int.MinValue ? $"takes a whole number, at least {least}" : "takes a whole number");

    private static T? WordOf<T>(ArgumentResult result, Option option)
        where T : struct, Enum
    {
        string[] words = [.. Enum.GetNames<T>().Select(name => name.ToLowerInvariant())];
        return words.Contains(Text(result).ToLowerInvariant()) ? Enum.Parse<T>(Text(result), ignoreCase: true) : RefuseWord<T?>(result, option, words);
    }

    private static string List(IReadOnlyCollection<string> words) =>
        words.Count > 1 ? $"{string.Join(", ", words.SkipLast(1))} or {words.Last()}" : string.Join("", words);

    private static string Text(ArgumentResult result) => result.Tokens[0].Value;
}
