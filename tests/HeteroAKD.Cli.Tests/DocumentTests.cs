using System.Text.RegularExpressions;

namespace HeteroAKD.Cli.Tests;

/// <summary>Links of all documents lead somewhere; what a newcomer reads first is short.</summary>
public sealed partial class DocumentTests
{
    private const int MaxReadmeLines = 150;
    private const int MaxWords = 30;

    public static TheoryData<string> Documents => [.. Files().Select(f => Path.GetRelativePath(RepositoryRoot.Path, f))];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_link_leads_somewhere(string document)
    {
        string file = RepositoryRoot.File(document);
        string text = File.ReadAllText(file);
        string[] broken =
        [
            .. Link().Matches(WithoutCode(text)).Select(m => m.Groups[1].Value).Where(
                target => !Uri.IsWellFormedUriString(target, UriKind.Absolute) && !Resolves(file, target))
        ];
        Assert.True(broken.Length == 0, $"{document}: {string.Join(", ", broken)}");
    }

    [Fact]
    public void The_readme_is_short() => Assert.InRange(File.ReadAllLines(RepositoryRoot.File("README.md")).Length, 1, MaxReadmeLines);

    [Theory]
    [InlineData("README.md")]
    [InlineData("docs/library.md")]
    [InlineData("docs/own-data.md")]
    public void No_sentence_is_long(string document)
    {
        IEnumerable<string> paragraphs = WithoutCode(File.ReadAllText(RepositoryRoot.File(document))).Split('\n')
            .Where(line => !line.StartsWith('|') && !line.StartsWith('#') && !line.StartsWith('!'));
        IEnumerable<string> sentences = paragraphs.SelectMany(p => SentenceEnd().Split(Label().Replace(p, "$1")));
        string[] tooLong = [.. sentences.Where(s => s.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length > MaxWords)];
        Assert.True(tooLong.Length == 0, string.Join("\n\n", tooLong));
    }

    private static bool Resolves(string from, string target)
    {
        string[] parts = target.Split('#', 2);
        string path = parts[0].Length == 0 ? from : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(from)!, parts[0]));
        if (!File.Exists(path) && !Directory.Exists(path))
        {
            return false;
        }

        return parts.Length == 1
            || (path.EndsWith(".md", StringComparison.Ordinal) && File.ReadLines(path).Where(l => l.StartsWith('#')).Select(Anchor).Contains(parts[1]));
    }

    // As the repository's pages name headings: lower case, blanks as hyphens, letters, digits and underscores kept.
    private static string Anchor(string heading)
    {
        string text = Label().Replace(heading.TrimStart('#').Trim(), "$1").ToLowerInvariant();
        return string.Concat(text.Where(c => char.IsLetterOrDigit(c) || c is ' ' or '-' or '_').Select(c => c == ' ' ? '-' : c));
    }

    private static string WithoutCode(string text) => InlineCode().Replace(CodeBlock().Replace(text, ""), "code");

    private static IEnumerable<string> Files() =>
        new[] { "", "docs", "docs/decisions", "lab", "bench" }
            .SelectMany(folder => Directory.EnumerateFiles(RepositoryRoot.File(folder), "*.md")).Order(StringComparer.Ordinal);

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"!?\[([^\]]*)\]\([^)]*\)")]
    private static partial Regex Label();

    [GeneratedRegex(@"(?<=[.!?:])\s+|\s+[•*]\s+")]
    private static partial Regex SentenceEnd();

    [GeneratedRegex("```.*?```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex("`[^`\n]*`")]
    private static partial Regex InlineCode();
}
