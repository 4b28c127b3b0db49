using System.Globalization;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Plans;

namespace HeteroAKD.Experiments.Tests.Plans;

public sealed class PlanReportTests
{
    // R's data set 'sleep' again: the second drug is the control.
    private static readonly double[] s_kd = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
    private static readonly double[] s_alone = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];

    private const string Sleep = """
        base: base.yaml
        shared: {teachers: {good: }}
        arms:
          alone: {distillation.method: none}
          kd: {distillation.method: kd, x: 1}
        seeds: {choose: 11, confirm: 1-10}
        compare: {control: alone}
        """;

    [Fact]
    public void Report_holds_the_figures_of_the_statistics()
    {
        using TestPlan plan = new(Sleep);
        ExperimentOutcome outcome = plan.Run(new FakeStarter { Score = Score });
        string confirming = outcome.Report[outcome.Report.IndexOf("seeds for confirming", StringComparison.Ordinal)..];
        string[] row = confirming
            .Split('\n').First(line => line.StartsWith("kd ", StringComparison.Ordinal))
            .Split("  ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

        // t.test as in StatisticsTests; could show: 1.23 · power.t.test(n = 10, sd = 1, power = 0.8, type = "paired")$delta, which is 0.996.
        Assert.Equal(["kd", "10", "10.75", "1.79", "-1.58", "1.23", "-2.46 to -0.70", "0.003", "0.003", "0.004", "0 of 10", "1.23"], row);
        Assert.Contains("seeds for choosing", outcome.Report, StringComparison.Ordinal);
        Assert.Contains("22 of 22 runs are finished", outcome.Report, StringComparison.Ordinal);
    }

    [Fact]
    public void Markdown_and_picture_lie_beside_the_results_and_need_nothing_else()
    {
        using TestPlan plan = new(Sleep);
        plan.Run(new FakeStarter { Score = Score });
        Directory.Delete(plan.Runs, recursive: true);
        string markdown = Path.ChangeExtension(plan.Csv, "md");
        string first = File.ReadAllText(markdown);
        File.Delete(markdown);
        File.Delete(Path.ChangeExtension(plan.Csv, "png"));
        ExperimentOutcome outcome = plan.Report();
        Assert.Equal(first, File.ReadAllText(markdown));
        Assert.Equal([markdown, Path.ChangeExtension(plan.Csv, "png")], outcome.Files);
        Assert.Equal("PNG"u8.ToArray(), File.ReadAllBytes(outcome.Files[1])[1..4]);
        Assert.Contains("| kd    |  10 | 10.75 |", first, StringComparison.Ordinal);
        foreach (double score in s_kd)
        {
            Assert.Contains((10 + score).ToString("F2", CultureInfo.InvariantCulture), first, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_so_many_seeds_can_show_is_said_before_the_start()
    {
        using TestPlan expected = new(Sleep + "\nexpectedSd: 1\n");
        expected.Run(new FakeStarter { Score = Score });
        Assert.Contains(
            expected.Progress.Lines,
            l =>
                l.StartsWith("confirm: 10 seeds: the smallest difference that could be shown is 1.00 points", StringComparison.Ordinal)
                    && l.Contains("expected by the plan", StringComparison.Ordinal));

        expected.Progress.Lines.Clear();
        expected.Run(new FakeStarter());
        Assert.Contains(
            expected.Progress.Lines, l => l.Contains("is 1.23 points", StringComparison.Ordinal) && l.Contains("measured", StringComparison.Ordinal));
    }

    [Fact]
    public void A_mean_over_fewer_classes_than_are_named_says_so()
    {
        using TestPlan plan = new(Sleep);
        string all = plan.Run(new FakeStarter { Score = Score }).Report;
        Assert.DoesNotContain("fewer classes", all, StringComparison.Ordinal);
        using TestPlan other = new(Sleep);
        other.Run(new FakeStarter { Score = Score, ClassScores = config => config.Seed == 3 ? [0.1, double.NaN, 0.3] : [0.1, 0.2, 0.3] });
        Assert.Contains(other.Progress.Lines, l => l.Contains("(test 2 of 3 classes have a score)", StringComparison.Ordinal));
        string report = other.Report().Report;
        Assert.Contains("In 2 runs the mean IoU is one over fewer classes than are named: test 2 of 3.", report, StringComparison.Ordinal);
    }

    [Fact]
    public void A_report_without_results_says_so()
    {
        using TestPlan plan = new(Sleep);
        ExperimentOutcome outcome = plan.Report();
        Assert.Contains("0 of 22 runs are finished", outcome.Report, StringComparison.Ordinal);
        Assert.Single(outcome.Files);
    }

    [Fact]
    public void A_report_is_shown_where_it_cannot_be_written()
    {
        using TestPlan plan = new(Sleep);
        File.WriteAllText(Path.GetDirectoryName(plan.Csv)!, "no folder");
        ExperimentOutcome outcome = plan.Report();
        Assert.Contains("0 of 22 runs are finished", outcome.Report, StringComparison.Ordinal);
        Assert.Contains("the report was not written: ", outcome.Report, StringComparison.Ordinal);
        Assert.Empty(outcome.Files);
    }

    [Fact]
    public void Averages_of_weights_are_compared_where_the_plan_says_so()
    {
        using TestPlan plan = new(Sleep.Replace("{control: alone}", "{control: alone, weights: average}\nset: {training.ema: 0.9}", StringComparison.Ordinal));
        ExperimentOutcome outcome = plan.Run(new FakeStarter { AverageScore = Score });
        Assert.Contains("Mean IoU on test of the average of weights, in percent", outcome.Report, StringComparison.Ordinal);
        Assert.Contains("-1.58", outcome.Report, StringComparison.Ordinal);
    }

    [Fact]
    public void Mixed_devices_are_named()
    {
        using TestPlan plan = new(Sleep);
        Assert.DoesNotContain("mix devices", plan.Run(new FakeStarter()).Report, StringComparison.Ordinal);
        using TestPlan mixed = new(Sleep);
        Assert.Contains(
            "The runs mix devices (cpu, cuda)",
            mixed.Run(new FakeStarter { Device = c => c.Seed == 3 ? "cuda (H)" : "cpu (8 lanes)" }).Report,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_control_with_an_x_is_a_point_at_zero_and_arms_without_have_a_panel()
    {
        using TestPlan plan = new(
            Sleep.Replace("method: none}", "method: none, x: 0}", StringComparison.Ordinal).Replace(
                "seeds:", "  other: {distillation.lambda1: 3}\nseeds:", StringComparison.Ordinal));
        plan.Run(new FakeStarter { Score = Score });
        Plan read = PlanReader.ReadFile(plan.Path);
        IReadOnlyList<PlanChart.Panel> panels = PlanChart.Panels(read, PlanComparison.Of(read, new PlanLayout(read, plan.Runs), ResultsFile.Read(plan.Csv)));
        Assert.Equal(
            [(true, "alone kd"), (false, "other"), (true, "alone kd"), (false, "other")],
            panels.Select(p => (p.Lines, string.Join(' ', p.Arms.Select(a => a.Arm.Name)))));
        Assert.Equal(0, PlanChart.Values(panels[2].Arms[0], compared: true).Mean);
        Assert.Equal(-1.58, PlanChart.Values(panels[2].Arms[1], compared: true).Mean, 2);
    }

    [Fact]
    public void Gains_are_drawn_against_the_score_of_the_teacher_where_cells_differ_in_it()
    {
        const string Grid = """
            base: base.yaml
            shared: {teachers: {good: , poor: {data.seed: 2}}}
            grid:
              teacher: {good: {teacher: good}, poor: {teacher: poor}}
              labels: {few: {data.studentLimit: 4}, many: {data.studentLimit: 9}}
            arms: {kd: {distillation.method: kd}, hakd: {distillation.lambda2: 3}}
            seeds: 1-2
            compare: {control: kd}
            """;
        using TestPlan plan = new(Grid);
        ExperimentOutcome outcome = plan.Run(
            new FakeStarter { TeacherScore = c => c.Teacher.Checkpoint.Contains("poor", StringComparison.Ordinal) ? 0.4 : 0.7 });
        Plan read = PlanReader.ReadFile(plan.Path);
        IReadOnlyList<TeacherChart.Panel> panels = TeacherChart.Panels(PlanComparison.Of(read, new PlanLayout(read, plan.Runs), ResultsFile.Read(plan.Csv)));
        Assert.Equal(["few: 40 poor-few, 70 good-few", "many: 40 poor-many, 70 good-many"],
            panels.Select(p => $"{p.Title}: {string.Join(", ", p.Cells.Select(c => FormattableString.Invariant($"{c.Teacher:F0} {c.Figures.Cell.Name}")))}"));
        Assert.EndsWith("p.teachers.png", outcome.Files[2], StringComparison.Ordinal);
        Assert.True(File.Exists(outcome.Files[2]));
        Assert.Contains("(p.teachers.png)", File.ReadAllText(outcome.Files[0]), StringComparison.Ordinal);
    }

    [Fact]
    public void One_teacher_needs_no_chart_of_teachers()
    {
        using TestPlan plan = new(Sleep);
        ExperimentOutcome outcome = plan.Run(new FakeStarter { TeacherScore = _ => 0.5 });
        Assert.Equal(["p.md", "p.png", "report.html"], outcome.Files.Select(Path.GetFileName));
    }

    /// <summary>The experiment's folder gets the same as a page: figures, pictures, what tells the arms apart, the command.</summary>
    [Fact]
    public void Page_lies_in_the_folder_of_the_experiment()
    {
        using TestPlan plan = new(Sleep);
        ExperimentOutcome outcome = plan.Run(new FakeStarter { Score = Score });
        string html = File.ReadAllText(outcome.Files[^1]);
        Assert.Equal(Path.Combine(plan.Runs, "report.html"), outcome.Files[^1]);
        Assert.Contains("<td class=\"word\">kd</td><td>10</td><td>10.75</td>", html, StringComparison.Ordinal);
        Assert.Contains("22 of 22 runs are finished", html, StringComparison.Ordinal);
        Assert.Contains("<img class=\"picture\"", html, StringComparison.Ordinal);
        Assert.Contains("<h2>Arms</h2>", html, StringComparison.Ordinal);
        Assert.Contains($"<pre>heteroakd experiment {plan.Path} --out {plan.Runs}</pre>", html, StringComparison.Ordinal);
    }

    private static double Score(ExperimentConfig config) =>
        config.Seed > 10 ? 0.1 : (10 + (config.Distillation.WeightedTerms().Count == 0 ? s_alone : s_kd)[config.Seed - 1]) / 100;
}
