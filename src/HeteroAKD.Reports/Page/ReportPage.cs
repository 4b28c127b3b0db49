namespace HeteroAKD.Reports.Page;

/// <summary>A page of results: one file without outside references.</summary>
/// <param name="Title">What it is about.</param>
/// <param name="Facts">A line below the title.</param>
/// <param name="Sections">Its parts, in order.</param>
internal sealed record ReportPage(string Title, string Facts, IReadOnlyList<PageSection> Sections);

/// <summary>A part of a page.</summary>
/// <param name="Title">Its heading.</param>
/// <param name="Note">A sentence below it; empty for none.</param>
internal abstract record PageSection(string Title, string Note);

/// <summary>A table whose columns can be sorted.</summary>
/// <param name="Title">Its heading.</param>
/// <param name="Note">A sentence below it.</param>
/// <param name="Heads">Names of the columns.</param>
/// <param name="Rows">Cells as they are shown; all rows have as many as there are heads.</param>
internal sealed record TableSection(
    string Title, string Note, IReadOnlyList<string> Heads, IReadOnlyList<IReadOnlyList<string>> Rows) : PageSection(Title, Note)
{
    /// <summary>Columns of words, which stand to the left.</summary>
    public IReadOnlyList<int> Words { get; init; } = [0];
}

/// <summary>Charts whose points tell their value.</summary>
/// <param name="Title">Its heading.</param>
/// <param name="Note">A sentence below it.</param>
/// <param name="Panels">The charts.</param>
internal sealed record ChartSection(string Title, string Note, IReadOnlyList<CurvePanel> Panels) : PageSection(Title, Note);

/// <summary>Scenes in layers of one size, of which two are seen, to the left and to the right of a slider.</summary>
/// <param name="Title">Its heading.</param>
/// <param name="Note">A sentence below it.</param>
/// <param name="Scenes">For each scene its layers, PNGs by name, the same names in each. The second and the last one are seen first.</param>
/// <param name="Legend">Names and colours of the classes.</param>
internal sealed record SliderSection(
    string Title, string Note, IReadOnlyList<IReadOnlyList<(string Name, byte[] Png)>> Scenes, ClassLegend Legend) : PageSection(Title, Note);

/// <summary>A picture.</summary>
/// <param name="Title">Its heading.</param>
/// <param name="Note">A sentence below it.</param>
/// <param name="Png">The picture.</param>
internal sealed record PictureSection(string Title, string Note, byte[] Png) : PageSection(Title, Note);

/// <summary>A matrix of shares in colours, such as confusions.</summary>
/// <param name="Title">Its heading.</param>
/// <param name="Note">A sentence below it.</param>
/// <param name="Names">Names of rows and columns.</param>
/// <param name="Shares">[rows, columns], 0 to 1; NaN where there is nothing to share.</param>
internal sealed record MatrixSection(string Title, string Note, IReadOnlyList<string> Names, double[,] Shares) : PageSection(Title, Note);

/// <summary>Text as it is, such as a command.</summary>
/// <param name="Title">Its heading.</param>
/// <param name="Note">A sentence below it.</param>
/// <param name="Text">The text.</param>
internal sealed record TextSection(string Title, string Note, string Text) : PageSection(Title, Note);

/// <summary>Sentences.</summary>
/// <param name="Title">Its heading.</param>
/// <param name="Lines">A paragraph each.</param>
internal sealed record WordsSection(string Title, IReadOnlyList<string> Lines) : PageSection(Title, "");
