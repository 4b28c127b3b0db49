using HeteroAKD.Reports.Page;

namespace HeteroAKD.Experiments.Plans;

/// <summary>The blocks of a plan's report as a page.</summary>
internal static class PlanPage
{
    /// <summary>Makes the page.</summary>
    /// <param name="blocks">The report.</param>
    /// <param name="pictures">Folder of the pictures that it names; one that is not there is left out.</param>
    /// <param name="arms">Name, cell and settings of each arm.</param>
    /// <param name="command">What runs the plan again.</param>
    public static ReportPage Of(
        IReadOnlyList<ReportBlock> blocks, string pictures, IReadOnlyList<(string Arm, string Cell, string Settings)> arms, string command)
    {
        string title = blocks.OfType<HeadingBlock>().First().Text;
        string heading = "In words";
        List<PageSection> sections = [];
        List<string> words = [];
        foreach (ReportBlock block in blocks.SkipWhile(b => b is HeadingBlock { Level: 1 }))
        {
            if (block is not TextBlock)
            {
                AddWords();
            }

            switch (block)
            {
                case HeadingBlock next:
                    heading = next.Text;
                    break;
                case TextBlock text:
                    words.AddRange(text.Lines);
                    break;
                case TableBlock table:
                    bool again = sections.Any(s => s.Title == heading);
                    sections.Add(
                        new TableSection(
                            again ? $"{heading}, seed by seed" : heading, "", table.Heads, table.Rows)
                        { Words = [.. Enumerable.Range(0, table.Words)] });
                    break;
                case PictureBlock picture when File.Exists(Path.Combine(pictures, picture.File)):
                    sections.Add(new PictureSection(picture.Title, "", File.ReadAllBytes(Path.Combine(pictures, picture.File))));
                    break;
            }
        }

        AddWords();
        sections.Add(
            new TableSection(
                "Arms",
                "What tells them apart.",
                ["arm", "cell", "settings"],
                [.. arms.Select(a => (IReadOnlyList<string>)[a.Arm, a.Cell, a.Settings])])
            { Words = [0, 1, 2] });
        sections.Add(new TextSection("To repeat it", "", command));
        return new ReportPage(title, "", sections);

        void AddWords()
        {
            if (words.Count > 0)
            {
                sections.Add(new WordsSection(sections.Count == 0 ? "In words" : "How to read it", [.. words]));
                words.Clear();
            }
        }
    }
}
