using System.Globalization;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Experiments.Tests.Support;
using HeteroAKD.Reports.TensorBoard;

namespace HeteroAKD.Experiments.Tests;

/// <summary>The event file of a run against its <c>metrics.csv</c>, value by value.</summary>
public sealed class TensorBoardTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Events_are_the_numbers_of_the_metrics()
    {
        ExperimentConfig config = Config("run");
        TinyExperiment.Distil(config);
        AssertFollowsMetrics(config);
        TinyExperiment.Distil(Config("without") with { Report = new ReportConfig() });
        Assert.False(File.Exists(_folder.File("without/" + TensorBoardFile.Name)));
    }

    [Fact]
    public void A_resumed_run_has_no_step_twice_and_keeps_its_times()
    {
        ExperimentConfig config = Config("run");
        TinyExperiment.Distil(config, cancelAt: 4);
        IReadOnlyList<ScalarEvent> before = Events(config);
        TinyExperiment.Distil(config, RunMode.Resume);
        AssertFollowsMetrics(config);
        Assert.Subset(Events(config).ToHashSet(), before.ToHashSet());
    }

    [Fact]
    public void A_damaged_file_is_written_again_and_said()
    {
        ExperimentConfig config = Config("run");
        TinyExperiment.Distil(config, cancelAt: 4);
        File.WriteAllText(Path.Combine(config.Out, TensorBoardFile.Name), "not an event");
        TinyExperiment.Distil(config, RunMode.Resume);
        AssertFollowsMetrics(config);
        Assert.Contains(
            "events.out.tfevents.heteroakd was broken (the record at byte 0 is cut short or damaged); it is written again from metrics.csv",
            File.ReadAllText(Path.Combine(config.Out, RunFiles.Log)), StringComparison.Ordinal);
    }

    /// <summary>The file may be asked for when a run is resumed; it then holds what was measured before, too.</summary>
    [Fact]
    public void It_can_begin_with_a_resumed_run()
    {
        ExperimentConfig config = Config("run");
        TinyExperiment.Distil(config with { Report = new ReportConfig() }, cancelAt: 4);
        TinyExperiment.Distil(config, RunMode.Resume);
        AssertFollowsMetrics(config);
    }

    private ExperimentConfig Config(string name) =>
        TinyExperiment.Config(Path.Combine(_folder.Path, name)) with { Report = new ReportConfig { Tensorboard = true } };

    private static IReadOnlyList<ScalarEvent> Events(ExperimentConfig config)
    {
        (IReadOnlyList<ScalarEvent> events, string problem) = EventFile.Read(File.ReadAllBytes(Path.Combine(config.Out, TensorBoardFile.Name)));
        Assert.Equal("", problem);
        return events;
    }

    private static void AssertFollowsMetrics(ExperimentConfig config)
    {
        string[] lines = File.ReadAllLines(Path.Combine(config.Out, RunFiles.Metrics));
        string[] columns = lines[0].Split(',');
        IEnumerable<(string, long, float)> expected =
            from line in lines.Skip(1)
            let cells = line.Split(',')
            from i in Enumerable.Range(2, columns.Length - 2)
            where cells[i].Length > 0
            select ($"{cells[0]}/{columns[i]}", long.Parse(cells[1], CultureInfo.InvariantCulture), float.Parse(cells[i], CultureInfo.InvariantCulture));
        Assert.Equal(expected.Order(), Events(config).Select(e => (e.Tag, e.Step, e.Value)).Order());
    }
}
