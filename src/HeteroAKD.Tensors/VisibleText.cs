using System.Globalization;
using System.Text;

namespace HeteroAKD.Tensors;

/// <summary>
/// Text from files as a person may see it. What a terminal would obey or hide (control characters, marks that turn the direction of writing, characters without
/// width) is shown as its number, <c>\u001B</c>, and what is too long loses its middle.
/// </summary>
internal static class VisibleText
{
    /// <summary>Longest name that is shown whole: file names may have 255 characters.</summary>
    public const int LongestName = 255;

    private const int LongestLine = 4000;

    /// <summary>
    /// A name (of a class, a tensor, a model, a file) for a message, a table or a page: one line of at most <see cref="LongestName"/> characters.
    /// </summary>
    public static string Name(string name) => Of(name, LongestName);

    /// <summary>A line for a terminal or a log.</summary>
    public static string Line(string line) => Of(line, LongestLine);

    /// <summary>One line of text with at most about <paramref name="longest"/> characters; a cut says how many are missing.</summary>
    public static string Of(string text, int longest)
    {
        if (text.Length <= longest)
        {
            return Escape(text);
        }

        // The beginning says what it is, the end of a message what to do.
        int end = longest / 3;
        int begin = longest - end;
        return $"{Escape(text.AsSpan(0, begin))}... ({(text.Length - longest).ToString("N0", CultureInfo.InvariantCulture)} characters left out) "
            + $"...{Escape(text.AsSpan(text.Length - end))}";
    }

    /// <summary>All of the text on one line. Tabs stay.</summary>
    public static string Escape(ReadOnlySpan<char> text)
    {
        StringBuilder visible = new(text.Length);
        while (text.Length > 0)
        {
            bool whole = Rune.DecodeFromUtf16(text, out Rune rune, out int used) == System.Buffers.OperationStatus.Done;
            if (whole && IsVisible(rune))
            {
                visible.Append(text[..used]);
            }
            else
            {
                int number = whole ? rune.Value : text[0];
                visible.Append(number > char.MaxValue ? $"\\U{number:X8}" : $"\\u{number:X4}");
            }

            text = text[used..];
        }

        return visible.ToString();
    }

    private static bool IsVisible(Rune rune) => rune.Value == '\t' || Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}
