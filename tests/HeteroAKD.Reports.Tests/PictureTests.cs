using HeteroAKD.Distillation;
using HeteroAKD.Nn;
using HeteroAKD.Training.Evaluation;
using HeteroAKD.Training.Loop;
using SkiaSharp;

namespace HeteroAKD.Reports.Tests;

public sealed class PictureTests : IDisposable
{
    private const int Width = 32;
    private const int Height = 24;
    private static readonly ClassLegend s_classes = new(["ground", "sky"], [(200, 40, 40), (40, 40, 200)], 255);
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Prediction_sheet_shows_classes_and_what_distillation_changed()
    {
        string path = _folder.File("predictions.png");
        byte[] truth = Labels(0), wrong = Labels(1);
        truth[0] = 255;
        PredictionSheet.Write(
            path,
            "title",
            [new PredictedScene(new RgbImage(Width, Height), truth, wrong, Labels(0), Labels(0))],
            s_classes,
            new PredictionNotes("a", "b", "c"));
        using SKBitmap picture = SKBitmap.Decode(path);
        Assert.Equal(new SKColor(200, 40, 40), Centre(picture, 1));
        Assert.Equal(new SKColor(40, 40, 200), Centre(picture, 2));
        Assert.Equal(new SKColor(0x2E, 0x9E, 0x5B), Centre(picture, 5));
        Assert.True(HasInk(picture, top: 20, bottom: 60), "the title is missing");
    }

    [Fact]
    public void Prediction_sheet_shows_plain_kd_between_the_students_and_compares_without_it()
    {
        string path = _folder.File("predictions.png");
        PredictedScene scene = new(new RgbImage(Width, Height), Labels(0), Labels(0), Labels(1), Labels(0));
        PredictionSheet.Write(path, "title", [scene], s_classes, new PredictionNotes("a", "b", "c"));
        using SKBitmap without = SKBitmap.Decode(path);
        PredictionSheet.Write(path, "title", [scene with { Kd = Labels(0) }], s_classes, new PredictionNotes("a", "b", "c") { Kd = "d" });
        using SKBitmap with = SKBitmap.Decode(path);
        Assert.Equal(ReportStyle.CellWidth + ReportStyle.Gap, with.Width - without.Width);
        SKColor ground = new(200, 40, 40);
        Assert.Equal(
            [ground, ground, ground, new SKColor(40, 40, 200), ground, new SKColor(0xD7, 0x3A, 0x3A)],
            Enumerable.Range(1, 6).Select(column => Centre(with, column)));
    }

    [Fact]
    public void Scenes_with_and_without_plain_kd_do_not_share_a_sheet()
    {
        PredictedScene scene = new(new RgbImage(Width, Height), Labels(0), Labels(0), Labels(1), Labels(0));
        Assert.Throws<ArgumentException>(
            () => PredictionSheet.Write(_folder.File("p.png"), "t", [scene with { Kd = Labels(0) }, scene], s_classes, new PredictionNotes("", "", "")));
    }

    [Fact]
    public void Knowledge_sheet_maps_values_to_colours_and_leaves_gaps_grey()
    {
        string path = _folder.File("knowledge.png");
        float[] map = [float.NaN, 1, 0, 0.5f];
        KnowledgeScene scene = new(new RgbImage(Width, Height), Labels(0), [map, map, map], 2, 2);
        IReadOnlyList<HeatColumn> columns = KnowledgeSheet.Columns(1, 1);
        KnowledgeSheet.Write(path, "title", [scene], s_classes, columns);
        using SKBitmap picture = SKBitmap.Decode(path);
        (int x, int y) = CellCentre(picture, 2);
        Assert.Equal(ReportStyle.Missing, picture.GetPixel(x - 40, y - 40));
        Assert.Equal(columns[0].Scale.Of(1), picture.GetPixel(x + 40, y - 40));
        Assert.Equal(columns[0].Scale.Of(0), picture.GetPixel(x - 40, y + 40));
        Assert.Equal(columns[0].Scale.Of(0.5f), picture.GetPixel(x + 40, y + 40));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(150)]
    public void Confusion_sheet_shows_shares_and_absent_classes(int classes)
    {
        string path = _folder.File("confusion.png");
        ConfusionMatrix matrix = new(classes, 255);
        matrix.Add([0, 0, 0, 0, 1], [0, 0, 0, 1, 1]);
        ConfusionSheet.Write(path, "title", matrix, [.. Enumerable.Range(0, classes).Select(c => $"class-{c}, long name")]);
        using SKBitmap picture = SKBitmap.Decode(path);
        Assert.InRange(picture.Width, 900, 3000);
        Assert.Contains(new SKColor(0x08, 0x30, 0x6B), picture.Pixels);  // all of class 1
        Assert.Contains(ReportStyle.Missing, picture.Pixels);            // class 2 does not occur
        Assert.True(HasInk(picture, top: 20, bottom: 60), "the title is missing");
    }

    [Fact]
    public void Confusions_are_listed_by_their_pixels()
    {
        ConfusionMatrix matrix = new(3, 255);
        matrix.Add([0, 0, 0, 1, 1, 1, 2, 2], [0, 2, 2, 0, 0, 0, 2, 1]);
        Assert.Equal([(1, 0, 3), (0, 2, 2), (2, 1, 1)], ConfusionSheet.Largest(matrix, 5));
        Assert.Equal([(1, 0, 3)], ConfusionSheet.Largest(matrix, 1));
    }

    [Fact]
    public void Curves_are_drawn_and_an_empty_panel_is_no_error()
    {
        string path = _folder.File("curves.png");
        CurvesChart.Write(path,
        [
            new CurvePanel("loss", "nats", [new Curve(NetworkRoles.Student, [(1, 2), (2, 1)])]),
            new CurvePanel("mean IoU", "%", [new Curve(NetworkRoles.Distilled, [])]),
        ]);
        using SKBitmap picture = SKBitmap.Decode(path);
        Assert.Equal((1440, 480), (picture.Width, picture.Height));
        Assert.Contains(new SKColor(0xE0, 0x7B, 0x39), picture.Pixels);
    }

    [Fact]
    public void Every_network_of_a_run_has_a_curve_of_its_own_colour()
    {
        string metrics = _folder.File("metrics.csv", "network,step,ce,kd,val_miou\nteacher,1,1,,0.4\nstudent,1,2,,0.1\nkd,1,2,3,0.2\ndistilled,1,2,4,0.3\n");
        IReadOnlyList<CurvePanel> panels = RunCurves.Read(metrics, ["kd"]);
        Assert.Equal(["teacher", "student", "kd", "distilled"], panels[0].Curves.Select(c => c.Name));
        Assert.Equal([(1, 20)], panels[0].Curves[2].Points);

        // Terms are the distilled network's, not the control's.
        Assert.Equal([(1, 4)], panels[2].Curves.Single().Points);
        string path = _folder.File("curves.png");
        CurvesChart.Write(path, [.. panels.Take(2)]);
        using SKBitmap picture = SKBitmap.Decode(path);
        Assert.All(
            (SKColor[])[new(0x6B, 0x72, 0x80), new(0xE0, 0x7B, 0x39), new(0x2E, 0x9E, 0x5B), new(0x1F, 0x6F, 0xB4)],
            color => Assert.Contains(color, picture.Pixels));
    }

    [Theory]
    [InlineData("ce", 1)]
    [InlineData("kd", 2)]
    public void A_smoothed_curve_says_so_and_shows_its_values_and_the_last_one(string column, int panel)
    {
        string rows = string.Concat(Enumerable.Range(1, 7).Select(step => $"distilled,{step},{(column == "ce" ? $"{step}," : $",{step}")}\n"));
        CurvePanel found = RunCurves.Read(_folder.File("metrics.csv", "network,step,ce,kd\n" + rows), ["kd"])[panel == 2 ? ^1 : 1];
        Assert.EndsWith(", mean of 5 logged steps", found.Title, StringComparison.Ordinal);
        Curve curve = found.Curves.Single();
        Assert.Equal([1, 1.5, 2, 2.5, 3, 4, 5], curve.Points.Select(p => p.Value));
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], curve.Raw.Select(p => p.Value));
        Assert.Equal(", last 7", curve.Note);
        string with = _folder.File("with.png"), without = _folder.File("without.png");
        CurvesChart.Write(with, [found]);
        CurvesChart.Write(without, [found with { Curves = [curve with { Raw = [] }] }]);
        Assert.NotEqual(File.ReadAllBytes(without), File.ReadAllBytes(with));
    }

    [Fact]
    public void A_score_is_drawn_as_it_was_measured()
    {
        string metrics = _folder.File("metrics.csv", "network,step,val_miou\nstudent,10,0.25\nstudent,20,0.5\n");
        Curve curve = RunCurves.Read(metrics, [])[0].Curves.Single();
        Assert.Equal([25, 50], curve.Points.Select(p => p.Value));
        Assert.Empty(curve.Raw);
        Assert.Equal(", last 50", curve.Note);
    }

    [Fact]
    public void A_name_of_a_megabyte_is_drawn_cut()
    {
        string path = _folder.File("predictions.png");
        ClassLegend classes = new([new string('x', 1 << 20), "sky\u202E"], s_classes.Colors, 255);
        Assert.InRange(classes.Names[0].Length, 1, 300);
        Assert.Equal(@"sky\u202E", classes.Names[1]);
        PredictionSheet.Write(
            path,
            "title",
            [new PredictedScene(new RgbImage(Width, Height), Labels(0), Labels(0), Labels(0), Labels(0))],
            classes,
            new PredictionNotes("a", "b", "c"));
        Assert.True(new FileInfo(path).Length > 0);
    }

    [Fact]
    public void Curve_of_one_value_is_no_error()
    {
        string path = _folder.File("curves.png");
        CurvesChart.Write(path, [new CurvePanel("loss", "nats", [new Curve(NetworkRoles.Teacher, [(1, 0)])])]);
        Assert.True(new FileInfo(path).Length > 0);
    }

    [Fact]
    public void Reliability_is_drawn_beside_chance_and_a_case_without_pixels_has_no_point()
    {
        ReliabilityRow Row(int step, string split, double auc, double onlyTeacher) =>
            new(step, split, new ReliabilityScores(0.5, 0.1, auc, new(5, 0.5), new(1, onlyTeacher), new(0, double.NaN), new(2, 0.52)));
        IReadOnlyList<CurvePanel> panels = ReliabilityCurves.Of(
            [Row(50, "train", 0.7, 0.1), Row(50, "val", double.NaN, 0.51), Row(100, "train", 0.8, 0.2), Row(100, "val", 0.6, 0.53)]);
        Assert.Equal(["train", "val", "chance"], panels[0].Curves.Select(c => c.Name));
        Assert.Equal([(50, 0.7), (100, 0.8)], panels[0].Curves[0].Points);
        Assert.Equal([(100, 0.6)], panels[0].Curves[1].Points);
        Assert.Equal([(0, 0.5), (100, 0.5)], panels[0].Curves[2].Points);
        Assert.Equal(["both right", "only the teacher right", "only the student right", "both wrong"], panels[1].Curves.Select(c => c.Name));
        Assert.Equal([(50, 0.51), (100, 0.53)], panels[1].Curves[1].Points);
        Assert.Empty(panels[1].Curves[2].Points);

        string path = _folder.File("reliability.png");
        CurvesChart.Write(path, panels);
        using SKBitmap picture = SKBitmap.Decode(path);
        Assert.Equal((1440, 480), (picture.Width, picture.Height));
        CurvesChart.Write(path, ReliabilityCurves.Of([]));
        Assert.True(new FileInfo(path).Length > 0);
    }

    [Fact]
    public void Heat_scale_clamps_and_interpolates()
    {
        HeatScale scale = new(0, 2, [SKColors.Black, SKColors.White]);
        Assert.Equal([SKColors.Black, SKColors.Black, new SKColor(128, 128, 128), SKColors.White, SKColors.White, ReportStyle.Missing],
            new[] { -1f, 0, 1, 2, 3, float.NaN }.Select(scale.Of));
    }

    [Fact]
    public void Sheet_without_scenes_is_an_error() =>
        Assert.Throws<ArgumentException>(() => PredictionSheet.Write(_folder.File("p.png"), "t", [], s_classes, new PredictionNotes("", "", "")));

    private static byte[] Labels(byte label)
    {
        byte[] labels = new byte[Width * Height];
        Array.Fill(labels, label);
        return labels;
    }

    private static SKColor Centre(SKBitmap picture, int column)
    {
        (int x, int y) = CellCentre(picture, column);
        return picture.GetPixel(x, y);
    }

    // One row of cells: its frame is found by going up from the legend; the cell's height follows from the scenes' 4:3.
    private static (int X, int Y) CellCentre(SKBitmap picture, int column)
    {
        int x = (int)(ReportStyle.Margin + (column * (ReportStyle.CellWidth + ReportStyle.Gap)) + (ReportStyle.CellWidth / 2f));
        int top = Enumerable.Range(100, picture.Height - 100).First(y => picture.GetPixel(x, y) == ReportStyle.Frame);
        return (x, top + (ReportStyle.CellWidth * Height / Width / 2));
    }

    private static bool HasInk(SKBitmap picture, int top, int bottom)
    {
        for (int y = top; y < bottom; y++)
        {
            for (int x = 0; x < picture.Width; x++)
            {
                if (picture.GetPixel(x, y).Red < 100)
                {
                    return true;
                }
            }
        }

        return false;
    }
}
