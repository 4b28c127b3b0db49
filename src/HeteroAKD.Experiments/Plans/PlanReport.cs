using System.Globalization;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Experiments.Statistics;
using HeteroAKD.Reports.Page;
using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments.Plans;

/// <summary>The report of a plan, from its results file and, where there is one, from its file of costs.</summary>
internal sealed class PlanReport
{
    private readonly Plan _plan;
    private readonly PlanLayout _layout;
    private readonly ResultsFile _results;
    private readonly List<ReportBlock> _blocks = [];

    /// <summary>Builds the report.</summary>
    public PlanReport(Plan plan, PlanLayout layout, ResultsFile results)
    {
        _plan = plan;
        _layout = layout;
        _results = results;
        Figures = PlanComparison.Of(plan, layout, results);
        Build();
    }

    /// <summary>The figures in it.</summary>
    public IReadOnlyList<CellFigures> Figures { get; }

    /// <summary>For the screen.</summary>
    public string ToText() => string.Join('\n', _blocks.Select(b => b.ToText()).Where(t => t.Length > 0));

    /// <summary>For a file.</summary>
    public string ToMarkdown() => string.Join('\n', _blocks.Select(b => b.ToMarkdown()));

    /// <summary>Writes <c>report.html</c> into the experiment's folder and returns its path; empty where there is no such folder.</summary>
    /// <param name="folder">The experiment's folder.</param>
    /// <param name="arms">Name, cell and settings of each arm.</param>
    public string WritePage(string folder, IReadOnlyList<(string Arm, string Cell, string Settings)> arms)
    {
        if (!Directory.Exists(folder))
        {
            return "";
        }

        string page = Path.Combine(folder, RunPage.Name);
        string command = $"heteroakd experiment {ShellText.Quoted(_plan.Path)} --out {ShellText.Quoted(folder)}";
        PageWriter.Write(page, PlanPage.Of(_blocks, Path.GetDirectoryName(Path.GetFullPath(_plan.ResultPath("md")))!, arms, command));
        return page;
    }

    /// <summary>Writes <c>results/PLAN.md</c> and, once there are results, <c>results/PLAN.png</c>; returns their paths.</summary>
    public IReadOnlyList<string> Write()
    {
        string markdown = _plan.ResultPath("md");
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(markdown))!);
        AtomicFile.WriteText(markdown, ToMarkdown());
        if (Figures.Count == 0)
        {
            return [markdown];
        }

        string picture = _plan.ResultPath("png");
        PlanChart.Write(picture, _plan, Figures);
        if (!HasTeacherChart)
        {
            return [markdown, picture];
        }

        string teachers = _plan.ResultPath(TeacherChartEnd);
        TeacherChart.Write(teachers, _plan, Figures);
        return [markdown, picture, teachers];
    }

    private const string TeacherChartEnd = "teachers.png";

    private bool HasTeacherChart => TeacherChart.Panels(Figures).Count > 0;

    /// <summary>What so many seeds can show, for each phase: a sentence each.</summary>
    public static IReadOnlyList<string> Detectable(Plan plan, IReadOnlyList<CellFigures> figures)
    {
        double sd = PlanComparison.PairedSd(figures, plan);
        bool measured = figures.SelectMany(f => f.Arms).Any(a => a.Difference is { Count: > 1 });
        return [.. plan.Phases.Select(phase =>
        {
            int n = phase.Seeds.Count;
            string seeds = $"{(phase.Title.Length == 0 ? "" : $"{phase.Title}: ")}{n} seed{(n == 1 ? "" : "s")}";
            return n < 2 ? $"{seeds}: one pair shows no difference, however large"
                : double.IsNaN(sd) ? $"{seeds}: the smallest difference that could be shown is {Number(TestPower.SmallestDifference(n, 1), "F2")} standard "
                    + $"deviations of a paired difference, which is not known yet"
                : $"{seeds}: the smallest difference that could be shown is {Number(TestPower.SmallestDifference(n, sd), "F2")} points (paired t, 5 % "
                    + $"two-sided, power 0.8, sd of a paired difference {Number(sd, "F2")}, {(measured ? "measured" : "expected by the plan")})";
        })];
    }

    private void Build()
    {
        _blocks.Add(new HeadingBlock(1, $"Experiment {_plan.Name}"));
        if (_plan.About.Length > 0)
        {
            _blocks.Add(new TextBlock(_plan.About));
        }

        PlannedRun[] distinct = [.. _layout.Runs.DistinctBy(r => r.Key)];
        int finished = distinct.Count(_results.Holds);
        string control = _plan.Compare.Control.Length > 0 ? $", against the arm {_plan.Compare.Control} on the same seeds" : "";
        _blocks.Add(
            new TextBlock(
                $"{Words(_plan.Compare.Metric)} on {_plan.Compare.Split}{(_plan.Compare.OfAverage ? " of the average of weights" : "")}, in "
                    + $"percent{control}. {finished} of {distinct.Length} runs are finished."));
        AddProblems(distinct);
        if (Figures.Count > 0)
        {
            _blocks.Add(new TextBlock(Detectable(_plan, Figures)));
            _blocks.Add(new PictureBlock($"Differences of {_plan.Name}", Path.GetFileName(_plan.ResultPath("png"))));
            if (HasTeacherChart)
            {
                _blocks.Add(
                    new PictureBlock($"Differences of {_plan.Name} against the teacher's own score", Path.GetFileName(_plan.ResultPath(TeacherChartEnd))));
            }
        }

        foreach (CellFigures cell in Figures)
        {
            AddCell(cell);
        }

        if (Figures.SelectMany(f => f.Arms).Any(a => a.Difference is not null))
        {
            _blocks.Add(
                new TextBlock(
                    "p (Holm): p (t) corrected for the number of arms of the same table; several cells are several families of tests. ahead: seeds on which "
                        + "the arm beats the control. could show: the smallest true difference to the control that so many pairs find with a probability of "
                        + "0.8 (paired t-test, 5 % two-sided, noncentral t, sd as observed)."));
        }

        AddCosts();
        AddRuns();
    }

    private void AddCosts()
    {
        CostFile? file;
        try
        {
            file = CostFile.Read(_plan.ResultPath(CostFile.End));
        }
        catch (StorageException e)
        {
            // What the runs came to must not be lost for this.
            _blocks.Add(new TextBlock(e.Message));
            return;
        }

        if (file is not null)
        {
            _blocks.Add(new HeadingBlock(2, "Cost of a step"));
            _blocks.Add(
                new TextBlock(
                    $"Measured by 'experiment --cost' ({file.Where}). times alone: the step in times that of the same student without a teacher, taken in "
                        + $"turns with it. teacher: what asking it adds. each term: what the step is shorter without it. ±: half of an interval that holds "
                        + "the median with about 95 %."));
            _blocks.Add(file.Table());
        }
    }

    private void AddProblems(PlannedRun[] distinct)
    {
        string[] failed =
        [
            .. distinct.Concat(_layout.Teachers).Select(r => (Run: r, Result: _results.Find(r.Key))).Where(p => p.Result is { Error.Length: > 0 })
            .Select(p => $"FAILED: {p.Run.Title}: {p.Result!.Error}"), .. Unmeasured()];
        if (failed.Length > 0)
        {
            _blocks.Add(new TextBlock(failed));
        }

        RunResult[] ended = [.. distinct.Select(r => _results.Find(r.Key)).OfType<RunResult>().Where(r => r.Error.Length == 0)];
        string[] devices = [.. ended.Select(r => r.Device).Where(device => device.Length > 0).Distinct()];
        if (devices.Length > 1)
        {
            _blocks.Add(
                new TextBlock(
                    $"The runs mix devices ({string.Join(", ", devices)}), whose roundings differ; the column device of the results says where each ran."));
        }

        RunResult[] fewer = [.. ended.Where(r => r.FewerClasses.Length > 0)];
        if (fewer.Length > 0)
        {
            _blocks.Add(
                new TextBlock(
                    $"In {fewer.Length} run{(fewer.Length == 1 ? "" : "s")} the mean IoU is one over fewer classes than are named: "
                        + $"{string.Join("; ", fewer.Select(r => r.FewerClasses).Distinct())}."));
        }

        HashSet<string> hashes = [.. _layout.Runs.Concat(_layout.Teachers).Select(r => r.Hash)];
        int others = _results.Lines.Count(l => l.Kind != RunResult.Cost && (!hashes.Contains(l.Hash) || _results.Find(l.Key) is null));
        if (others > 0)
        {
            _blocks.Add(
                new TextBlock($"{others} line{(others == 1 ? "" : "s")} of the results belong to other settings or to an earlier format and are left out."));
        }
    }

    // Arms that have no steps, because their cost could not be measured, have no runs either.
    private IEnumerable<string> Unmeasured()
    {
        StepBudget budget = new(_plan, _results, TimeProvider.System);
        return _layout.Unfixed.DistinctBy(r => r.Key).Where(r => budget.Problem(r).Length > 0)
            .Select(r => $"FAILED: {string.Join("  ", ((string[])[r.Arm, r.Cell]).Where(t => t.Length > 0))}: {budget.Problem(r)}");
    }

    private void AddCell(CellFigures cell)
    {
        string purpose = cell.Phase.Name switch
        {
            "choose" => "seeds for choosing (what looks best here looks good by chance, too)",
            "confirm" => "seeds for confirming",
            _ => "",
        };
        string title = string.Join(", ", ((string[])[cell.Cell.Name, purpose]).Where(t => t.Length > 0));
        _blocks.Add(new HeadingBlock(2, title.Length > 0 ? title : "Comparison"));
        bool compared = cell.Arms.Any(a => a.Difference is not null);
        string[] heads = compared
            ? ["arm", "n", "mean", "sd", "difference", "sd of it", "95 % interval", "p (t)", "p (Holm)", "p (sign)", "ahead", "could show"]
            : ["arm", "n", "mean", "sd"];
        _blocks.Add(new TableBlock(heads, 1, [.. cell.Arms.Select(arm => Row(arm, compared))]));

        int[] seeds = [.. cell.Phase.Seeds.Where(s => cell.Arms.Any(a => a.Scores.ContainsKey(s)))];
        _blocks.Add(new TableBlock(
            ["arm", .. seeds.Select(s => $"seed {s}")], 1,
            [.. cell.Arms.Select(a => (string[])[a.Arm.Name, .. seeds.Select(s => a.Scores.TryGetValue(s, out double v) ? Number(v, "F2") : "")])]));
    }

    private static string[] Row(ArmFigures arm, bool compared)
    {
        string[] own = [arm.Arm.Name, arm.Scores.Count.ToString(CultureInfo.InvariantCulture), Number(arm.Mean, "F2"), Number(arm.StandardDeviation, "F2")];
        if (!compared)
        {
            return own;
        }

        return arm.Difference is not { } d ? [.. own, .. Enumerable.Repeat("", 8)] :
        [
            .. own, Signed(d.Mean), Number(d.StandardDeviation, "F2"), double.IsNaN(d.Interval.Low) ? ""
                : $"{Signed(d.Interval.Low)} to {Signed(d.Interval.High)}",
            Number(d.TP, "F3"), Number(arm.HolmP, "F3"), Number(d.SignP, "F3"), $"{d.Wins} of {d.Count}", Number(arm.SmallestDifference, "F2"),
        ];
    }

    private void AddRuns()
    {
        List<string[]> rows = [];
        foreach (PlannedRun teacher in _layout.Teachers)
        {
            AddRow(rows, $"teacher {teacher.Arm}", "", [.. new[] { _results.Find(teacher.Key) }.OfType<RunResult>().Where(r => r.Error.Length == 0)]);
        }

        foreach (IGrouping<(string Arm, string Cell), PlannedRun> group in _layout.Runs.GroupBy(r => (r.Arm, r.Cell)))
        {
            AddRow(rows, group.Key.Arm, group.Key.Cell, [.. group.Select(r => _results.Find(r.Key)).OfType<RunResult>().Where(r => r.Error.Length == 0)]);
        }

        if (rows.Count > 0)
        {
            _blocks.Add(new HeadingBlock(2, "Runs"));
            _blocks.Add(new TableBlock(["arm", "cell", "commits", "runs", "steps", "seconds a run"], 3, rows));
        }
    }

    private static void AddRow(List<string[]> rows, string arm, string cell, RunResult[] runs)
    {
        if (runs.Length > 0)
        {
            rows.Add([
                arm, cell, string.Join(", ", runs.Select(r => r.Commit).Where(c => c.Length > 0).Distinct()),
                runs.Length.ToString(CultureInfo.InvariantCulture), string.Join(", ", runs.Select(r => r.Steps).Distinct()),
                Number(runs.Average(r => r.Seconds), "F1"),
            ]);
        }
    }

    private static string Words(string metric) => metric switch
    {
        "miou" => "Mean IoU",
        "pixelAccuracy" => "Pixel accuracy",
        "meanAccuracy" => "Mean class accuracy",
        _ => "Boundary F1",
    };

    private static string Number(double value, string format) => double.IsNaN(value) ? "" : value.ToString(format, CultureInfo.InvariantCulture);

    private static string Signed(double value) => double.IsNaN(value) ? "" : value.ToString("+0.00;-0.00;0.00", CultureInfo.InvariantCulture);
}
