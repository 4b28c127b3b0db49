using HeteroAKD.Reports.Page;
using PuppeteerSharp;

namespace HeteroAKD.Reports.Tests;

/// <summary>The page of a report: what it escapes, that it needs nothing from outside, and that it works in a browser.</summary>
public sealed class PageTests : IDisposable
{
    private const string Hostile = "<script>alert('x')</script>\u001b[31m\u202e";

    // A red, a green and a blue pixel.
    private static readonly byte[][] s_layers =
    [
        Png("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="),
        Png("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="),
        Png("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPj/HwADBwIAMCbHYQAAAABJRU5ErkJggg=="),
    ];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Text_of_files_is_escaped()
    {
        string html = PageWriter.Html(Page());
        Assert.DoesNotContain("<script>alert", html, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;\\u001B[31m\\u202E", html, StringComparison.Ordinal);
        Assert.DoesNotContain(html, c => c is '\u001b' or '\u202e');
    }

    [Fact]
    public void It_needs_nothing_from_outside()
    {
        string html = PageWriter.Html(Page());
        string[] allowed = ["http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"]; // names of languages, which nobody fetches
        Assert.All(html.Split("http://").Skip(1), rest => Assert.Contains(allowed, name => ("http://" + rest).StartsWith(name, StringComparison.Ordinal)));
        Assert.DoesNotContain("https://", html, StringComparison.Ordinal);
        Assert.Contains("default-src 'none'", html, StringComparison.Ordinal);
    }

    /// <summary>
    /// Opened headless from the disk, light and dark, wide and narrow: no error on the console, tables sort, charts tell values, the slider moves.
    /// </summary>
    [Theory]
    [InlineData(1280, false)]
    [InlineData(400, true)]
    public async Task It_works_in_a_browser(int width, bool dark)
    {
        string? browserPath = new[] { "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome" }.FirstOrDefault(File.Exists);
        Assert.SkipWhen(browserPath is null, "no Chromium here (Debian: apt-get install chromium)");
        string path = _folder.File("report.html");
        PageWriter.Write(path, Page());
        await using IBrowser browser = await Puppeteer.LaunchAsync(
            new LaunchOptions { ExecutablePath = browserPath, Headless = true, Args = ["--no-sandbox", "--disable-gpu"] });
        await using IPage page = await browser.NewPageAsync();
        List<string> errors = [];
        page.Console += (_, e) => errors.Add(e.Message.Text);
        page.PageError += (_, e) => errors.Add(e.Message);
        await page.SetViewportAsync(new ViewPortOptions { Width = width, Height = 900 });
        await page.EmulateMediaFeaturesAsync([new MediaFeatureValue { MediaFeature = MediaFeature.PrefersColorScheme, Value = dark ? "dark" : "light" }]);
        await page.GoToAsync(new Uri(path).AbsoluteUri);

        Assert.Equal(
            dark ? "rgb(20, 23, 28)" : "rgb(255, 255, 255)", await page.EvaluateExpressionAsync<string>("getComputedStyle(document.body).backgroundColor"));
        Assert.True(await page.EvaluateExpressionAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth"), "the page is wider than the window");

        await page.EvaluateExpressionAsync("document.querySelectorAll('th button')[1].click()");
        Assert.Equal(["10", "9", "-"], await Column(page));
        await page.EvaluateExpressionAsync("document.querySelectorAll('th button')[1].click()");
        Assert.Equal(["9", "10", "-"], await Column(page));

        await page.EvaluateExpressionAsync("(() => { const s = document.querySelector('.wipe input'); s.value = 25; s.dispatchEvent(new Event('input')); })()");
        Assert.Equal(["hidden none", "visible inset(0px 75% 0px 0px)", "visible none"],
            await page.EvaluateExpressionAsync<string[]>(
                "[...document.querySelectorAll('.layers img')].map(i => { const s = getComputedStyle(i); return s.visibility + ' ' + s.clipPath; })"));

        await page.EvaluateExpressionAsync("""
            (() => {
              const chart = document.querySelector('figure.chart'), svg = chart.querySelector('svg'), box = svg.getBoundingClientRect();
              const point = JSON.parse(chart.querySelector('script').textContent)[1], scale = box.width / svg.viewBox.baseVal.width;
              svg.dispatchEvent(new PointerEvent('pointermove', { clientX: box.left + point[0] * scale + 2, clientY: box.top + point[1] * scale }));
            })()
            """);
        Assert.Equal("student, step 20: 1.25 nats", await page.EvaluateExpressionAsync<string>("document.getElementById('tip').textContent"));
        Assert.Empty(errors);
    }

    private static Task<string[]> Column(IPage page) =>
        page.EvaluateExpressionAsync<string[]>("[...document.querySelectorAll('table.sortable tbody tr')].map(r => r.cells[1].textContent)");

    private static ReportPage Page() => new($"A page {Hostile}", "facts",
    [
        new TableSection("Table", "", ["name", "number"], [["a", "9"], [Hostile, "-"], ["c", "10"]]),
        new ChartSection("Charts", "a note", [new CurvePanel("loss", "nats", [new Curve("student", [(10, 2.5), (20, 1.25), (30, 0.5)])])]),
        new SliderSection(
            "Scenes",
            "",
            [[("image", s_layers[0]), ("truth", s_layers[1]), ("student", s_layers[2])]],
            new ClassLegend(["sky", Hostile], [(1, 2, 3), (255, 0, 0)], 255)),
        new MatrixSection("Confusions", "", ["sky", Hostile], new[,] { { 0.75, 0.25 }, { double.NaN, double.NaN } }),
        new PictureSection("Picture", "", s_layers[0]),
        new TextSection("Command", "", $"line 1\n{Hostile}"),
    ]);

    private static byte[] Png(string base64) => Convert.FromBase64String(base64);
}
