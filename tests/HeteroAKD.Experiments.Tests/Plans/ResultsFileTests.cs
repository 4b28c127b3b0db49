using HeteroAKD.Experiments.Plans;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Checkpoints;

namespace HeteroAKD.Experiments.Tests.Plans;

public sealed class ResultsFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Csv => _folder.File("results/p.csv");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Lines_are_read_back_as_they_were_added()
    {
        ResultsFile file = Open();
        RunResult result = Line(4) with
        {
            Settings = "augmentation.std=[0.1, 0.2]; about='a \"b\"'",
            Commit = "abc-dirty",
            Error = "error: two\nlines, one cell",
        };
        file.Add(result);
        RunResult read = Assert.Single(ResultsFile.Read(Csv).Lines);
        Assert.Equal(result.Settings, read.Settings);
        Assert.Equal("error: two lines, one cell", read.Error);
        Assert.Equal(result with { Settings = "", Error = "", Scores = read.Scores }, read with { Settings = "", Error = "" });
        Assert.Equal(result.Scores, read.Scores);
    }

    [Fact]
    public void A_torn_last_line_does_not_count_and_is_repaired()
    {
        ResultsFile file = Open();
        file.Add(Line(1));
        string whole = File.ReadAllText(Csv);
        file.Add(Line(2));
        File.WriteAllText(Csv, File.ReadAllText(Csv)[..^9]);
        ResultsFile read = ResultsFile.Read(Csv);
        Assert.Equal(1, Assert.Single(read.Lines).Seed);
        read.Prepare();
        Assert.Equal(whole, File.ReadAllText(Csv));
        read.Add(Line(2));
        Assert.Equal([1, 2], ResultsFile.Read(Csv).Lines.Select(l => l.Seed));
    }

    [Fact]
    public void The_later_line_holds_and_another_format_does_not()
    {
        ResultsFile file = Open();
        file.Add(Line(1) with { Error = "error: full" });
        Assert.Equal("error: full", file.Find(("h", 1))!.Error);
        file.Add(Line(1));
        Assert.Equal("", file.Find(("h", 1))!.Error);
        file.Add(Line(2) with { Format = Checkpoint.FormatVersion - 1 });
        Assert.Null(file.Find(("h", 2)));
    }

    [Fact]
    public void A_file_with_fewer_columns_is_read_and_gets_the_others()
    {
        Open().Add(Line(1));
        File.WriteAllText(Csv, string.Concat(File.ReadAllLines(Csv).Select(line => line[..line.LastIndexOf(',')] + "\n")));
        ResultsFile file = ResultsFile.Read(Csv);
        file.Prepare();
        Assert.EndsWith(",error", File.ReadLines(Csv).First(), StringComparison.Ordinal);
        Assert.Equal(1, Assert.Single(ResultsFile.Read(Csv).Lines).Seed);
    }

    [Fact]
    public void A_file_without_device_and_average_is_read()
    {
        Open().Add(Line(1) with { Device = "cpu", Scores = new Dictionary<string, double> { ["test.miou"] = 0.5, ["test.miou.ema"] = 0.6 } });
        Assert.Equal(("cpu", 0.6), (ResultsFile.Read(Csv).Lines[0].Device, ResultsFile.Read(Csv).Lines[0].Scores["test.miou.ema"]));
        string[][] cells = [.. File.ReadAllLines(Csv).Select(l => l.Split(','))];
        int[] kept = [.. Enumerable.Range(0, cells[0].Length).Where(i => cells[0][i] is not ("device" or "val.miou.ema" or "test.miou.ema"))];
        File.WriteAllText(Csv, string.Concat(cells.Select(row => string.Join(',', kept.Select(i => row[i])) + "\n")));
        RunResult read = Assert.Single(ResultsFile.Read(Csv).Lines);
        Assert.Equal(("", 1, 0.5), (read.Device, read.Scores.Count, read.Scores["test.miou"]));
    }

    [Fact]
    public async Task A_line_waits_until_no_other_process_has_the_file_open()
    {
        ResultsFile file = Open();
        FileStream other = new(Csv, FileMode.Append, FileAccess.Write, FileShare.Read);
        Task added = Task.Run(() => file.Add(Line(1)));
        await Task.Delay(300);
        Assert.False(added.IsCompleted);
        await other.DisposeAsync();
        await added;
        Assert.Single(ResultsFile.Read(Csv).Lines);
    }

    [Fact]
    public void A_foreign_line_is_named()
    {
        ResultsFile file = Open();
        file.Add(Line(1));
        File.AppendAllText(Csv, "<<<<<<< HEAD\n");
        Assert.StartsWith($"{Csv}:3: has 1 cells", Assert.Throws<StorageException>(() => ResultsFile.Read(Csv)).Message, StringComparison.Ordinal);
    }

    private ResultsFile Open()
    {
        ResultsFile file = ResultsFile.Read(Csv);
        file.Prepare();
        return file;
    }

    private static RunResult Line(int seed) => new()
    {
        Kind = "student",
        Arm = "alone",
        Cell = "",
        Seed = seed,
        Hash = "h",
        Settings = "s",
        Steps = 3,
        Commit = "c",
        Format = Checkpoint.FormatVersion,
        Scores = new Dictionary<string, double>
        {
            ["val.miou"] = 1 / 3.0,
            ["test.boundaryF1"] = 0.5,
        },
        Seconds = 12.5,
        Finished = new DateTime(2025, 1, 2, 3, 4, 5, DateTimeKind.Utc),
    };
}
