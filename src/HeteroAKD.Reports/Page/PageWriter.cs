using System.Globalization;
using System.Net;
using System.Reflection;
using System.Text;
using HeteroAKD.Tensors;

namespace HeteroAKD.Reports.Page;

/// <summary>
/// Writes a <see cref="ReportPage"/> as one HTML file. Whatever comes from files is escaped as everywhere (<see cref="VisibleText"/>), then for HTML.
/// </summary>
internal static class PageWriter
{
    private const int LongestCell = 400;
    private const int LongestText = 20_000;

    /// <summary>Writes the file.</summary>
    /// <exception cref="StorageException">The disk is full or refuses.</exception>
    public static void Write(string path, ReportPage page) => AtomicFile.WriteText(path, Html(page));

    /// <summary>The page as text.</summary>
    public static string Html(ReportPage page)
    {
        StringBuilder html = new();
        html.Append(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, "
                + "initial-scale=1\">\n");
        html.Append(
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src "
                + "'unsafe-inline'\">\n");
        html.Append(
            $"<title>{Safe(page.Title)}</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>\n{Resource("page.css")}</style>\n</head>\n<body>\n<main>\n");
        html.Append($"<h1>{Safe(page.Title)}</h1>\n{(page.Facts.Length > 0 ? $"<p class=\"facts\">{Safe(page.Facts)}</p>\n" : "")}");
        foreach (PageSection section in page.Sections)
        {
            html.Append($"<section>\n<h2>{Safe(section.Title)}</h2>\n");
            if (section.Note.Length > 0)
            {
                html.Append($"<p class=\"note\">{Safe(section.Note)}</p>\n");
            }

            Append(html, section);
            html.Append("</section>\n");
        }

        html.Append($"</main>\n<div id=\"tip\" hidden></div>\n<script>\n{Resource("page.js")}</script>\n</body>\n</html>\n");
        return html.ToString();
    }

    private static void Append(StringBuilder html, PageSection section)
    {
        switch (section)
        {
            case TableSection table:
                AppendTable(html, table);
                break;
            case ChartSection charts:
                html.Append("<div class=\"charts\">\n");
                foreach (CurvePanel panel in charts.Panels)
                {
                    html.Append(ChartSvg.Figure(panel));
                }

                html.Append("</div>\n");
                break;
            case SliderSection slider:
                AppendSlider(html, slider);
                break;
            case PictureSection picture:
                html.Append($"<div class=\"wide\"><img class=\"picture\" alt=\"{Safe(picture.Title)}\" src=\"{Data(picture.Png)}\"></div>\n");
                break;
            case MatrixSection matrix:
                AppendMatrix(html, matrix);
                break;
            case WordsSection words:
                foreach (string line in words.Lines)
                {
                    html.Append($"<p>{WebUtility.HtmlEncode(VisibleText.Of(line, LongestText))}</p>\n");
                }

                break;
            case TextSection text:
                html.Append($"<pre>{string.Join('\n', VisibleLines(text.Text))}</pre>\n");
                break;
            default:
                throw new ArgumentException($"a page has no section of the kind {section.GetType().Name}", nameof(section));
        }
    }

    private static void AppendTable(StringBuilder html, TableSection table)
    {
        string Kind(int column) => table.Words.Contains(column) ? " class=\"word\"" : "";
        html.Append("<div class=\"wide\"><table class=\"sortable\">\n<thead><tr>");
        for (int i = 0; i < table.Heads.Count; i++)
        {
            html.Append($"<th{Kind(i)}><button type=\"button\">{Safe(table.Heads[i])}</button></th>");
        }

        html.Append("</tr></thead>\n<tbody>\n");
        foreach (IReadOnlyList<string> row in table.Rows)
        {
            html.Append("<tr>");
            for (int i = 0; i < row.Count; i++)
            {
                html.Append($"<td{Kind(i)}>{Safe(row[i])}</td>");
            }

            html.Append("</tr>\n");
        }

        html.Append("</tbody></table></div>\n");
    }

    private static void AppendSlider(StringBuilder html, SliderSection slider)
    {
        for (int s = 0; s < slider.Scenes.Count; s++)
        {
            IReadOnlyList<(string Name, byte[] Png)> layers = slider.Scenes[s];
            html.Append("<figure class=\"wipe\">\n<div class=\"layers\">\n");
            foreach ((string name, byte[] png) in layers)
            {
                html.Append($"<img alt=\"{Safe(name)}, scene {s + 1}\" src=\"{Data(png)}\">\n");
            }

            html.Append("</div>\n");
            html.Append($"<input type=\"range\" min=\"0\" max=\"100\" value=\"50\" aria-label=\"where the left layer ends, scene {s + 1}\">\n<figcaption>");
            html.Append(Choice(layers, "left", Math.Min(1, layers.Count - 1)))
                .Append(Choice(layers, "right", layers.Count - 1)).Append("</figcaption>\n</figure>\n");
        }

        html.Append("<ul class=\"legend\">\n");
        for (int c = 0; c < slider.Legend.Count; c++)
        {
            (byte r, byte g, byte b) = slider.Legend.Colors[c];
            html.Append(CultureInfo.InvariantCulture, $"<li><span style=\"background:#{r:x2}{g:x2}{b:x2}\"></span>{Safe(slider.Legend.Names[c])}</li>\n");
        }

        html.Append("</ul>\n");
    }

    private static string Choice(IReadOnlyList<(string Name, byte[] Png)> layers, string side, int chosen)
    {
        StringBuilder html = new($"<label>{side} <select class=\"{side}\">");
        for (int i = 0; i < layers.Count; i++)
        {
            html.Append($"<option{(i == chosen ? " selected" : "")}>{Safe(layers[i].Name)}</option>");
        }

        return html.Append("</select></label> ").ToString();
    }

    private static void AppendMatrix(StringBuilder html, MatrixSection matrix)
    {
        html.Append("<div class=\"wide\"><table class=\"matrix\">\n<thead><tr><th></th>");
        foreach (string name in matrix.Names)
        {
            html.Append($"<th><span>{Safe(name)}</span></th>");
        }

        html.Append("</tr></thead>\n<tbody>\n");
        for (int i = 0; i < matrix.Names.Count; i++)
        {
            html.Append($"<tr><th class=\"word\">{Safe(matrix.Names[i])}</th>");
            for (int j = 0; j < matrix.Names.Count; j++)
            {
                double share = matrix.Shares[i, j];
                string percent = double.IsNaN(share) ? "-" : (100 * share).ToString("F1", CultureInfo.InvariantCulture);
                string strength = double.IsNaN(share) ? "0" : Math.Sqrt(share).ToString("F2", CultureInfo.InvariantCulture);
                string shown = share >= 0.005 || double.IsNaN(share) ? percent : "";
                html.Append(
                    $"<td style=\"--share:{strength}\"{(share > 0.3 ? " class=\"strong\"" : "")} title=\"{Safe(matrix.Names[i])} → {Safe(matrix.Names[j])}: "
                        + $"{percent} %\">{shown}</td>");
            }

            html.Append("</tr>\n");
        }

        html.Append("</tbody></table></div>\n");
    }

    /// <summary>One line of text from a file, for HTML.</summary>
    internal static string Safe(string text) => WebUtility.HtmlEncode(VisibleText.Of(text, LongestCell));

    private static IEnumerable<string> VisibleLines(string text) =>
        text.ReplaceLineEndings("\n").Split('\n').Select(line => WebUtility.HtmlEncode(VisibleText.Of(line, LongestText)));

    private static string Data(byte[] png) => "data:image/png;base64," + Convert.ToBase64String(png);

    private static string Resource(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!;
        using StreamReader reader = new(stream);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
