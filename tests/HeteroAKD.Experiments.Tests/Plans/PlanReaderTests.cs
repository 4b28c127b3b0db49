using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Plans;
using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments.Tests.Plans;

public sealed class PlanReaderTests
{
    [Fact]
    public void Plan_is_read_in_its_order()
    {
        Plan plan = PlanReader.ReadText(TestPlan.Text, "plans/p.yaml");
        Assert.Equal("p", plan.Name);
        Assert.Equal(Path.Combine("plans", "base.yaml"), plan.BaseFile);
        Assert.Equal(["alone", "kd"], plan.Arms.Select(a => a.Name));
        Assert.Equal(["distillation.lambda1=2", "distillation.method=kd"], plan.Arms[1].Settings.Select(s => s.Override));
        Assert.Equal([("trusted", "good"), ("doubted", "careless")], plan.Cells.Select(c => (c.Name, c.Teacher)));
        Assert.Equal(["data.annotationNoise=0.8", "seed=2"], plan.Teachers[1].Settings.Select(s => s.Override));
        Assert.Equal([("choose", 1), ("confirm", 2)], plan.Phases.Select(p => (p.Name, p.Seeds.Count)));
        Assert.Equal(new Comparison("miou", "test", "alone"), plan.Compare);
        Assert.True(double.IsNaN(plan.BudgetSeconds));
    }

    [Theory]
    [InlineData("1-3", new[] { 1, 2, 3 })]
    [InlineData("7", new[] { 7 })]
    [InlineData("[1, 4-5, 9]", new[] { 1, 4, 5, 9 })]
    [InlineData("'2, 4 - 5'", new[] { 2, 4, 5 })]
    public void Seeds_are_numbers_and_ranges(string text, int[] seeds) =>
        Assert.Equal(seeds, PlanReader.ReadText($"{{base: {{}}, arms: {{a: {{}}}}, seeds: {text}}}", "p.yaml").Seeds);

    [Fact]
    public void Grid_is_the_product_of_its_axes()
    {
        Plan plan = PlanReader.ReadText(
            """
            base: {}
            shared: {teachers: {good: , bad: }}
            grid:
              reliability: {trusted: {teacher: good}, doubted: {teacher: bad}}
              labels: {few: {data.studentLimit: 48}, many: {data.studentLimit: 400}}
            arms: {a: {}}
            seeds: 1
            """, "p.yaml");
        Assert.Equal(["trusted-few", "trusted-many", "doubted-few", "doubted-many"], plan.Cells.Select(c => c.Name));
        Assert.Equal(["good", "good", "bad", "bad"], plan.Cells.Select(c => c.Teacher));
        Assert.Equal("data.studentLimit=400", Assert.Single(plan.Cells[3].Settings).Override);
    }

    [Fact]
    public void Presets_come_before_the_options_that_refine_them()
    {
        Plan plan = PlanReader.ReadText("{base: {}, arms: {a: {distillation: {form: kl, preset: paper}, x: 0.5, curve: tau}}, seeds: 1}", "p.yaml");
        Assert.Equal(["distillation.preset=paper", "distillation.form=kl"], plan.Arms[0].Settings.Select(s => s.Override));
        Assert.Equal((0.5, "tau"), (plan.Arms[0].X, plan.Arms[0].Curve));
    }

    [Fact]
    public void Budget_of_seconds_and_steps()
    {
        Assert.Equal(45, PlanReader.ReadText("{base: {}, arms: {a: {}}, seeds: 1, budget: {seconds: 45}}", "p.yaml").BudgetSeconds);
        Assert.True(double.IsNaN(PlanReader.ReadText("{base: {}, arms: {a: {}}, seeds: 1, budget: steps}", "p.yaml").BudgetSeconds));
    }

    [Theory]
    [InlineData("arms:", "armz:", "p.yaml:11: a plan has no key 'armz'; did you mean arms?")]
    [InlineData("control: alone", "control: alon", "p.yaml:15: compare.control must be one of alone, kd, not 'alon'; did you mean alone?")]
    [InlineData("metric: miou", "metric: mio", "p.yaml:15: compare.metric must be one of miou, pixelAccuracy, meanAccuracy, boundaryF1, not 'mio'; did you "
        + "mean miou?")]
    [InlineData("teacher: careless", "teacher: carless", "p.yaml:10: 'carless' is none of shared.teachers; did you mean careless?")]
    [InlineData("confirm: 2-3", "confirm: 1-3", "p.yaml:14: seed 1 is in choose and in confirm; what was chosen on a seed cannot be confirmed on it")]
    [InlineData("confirm: 2-3", "confirm: 3-2", "p.yaml:14: '3-2' must go upwards and hold at most 10000 seeds")]
    [InlineData("confirm: 2-3", "confirm: two", "p.yaml:14: seeds are numbers and ranges like 1-3, not 'two'")]
    [InlineData("seeds: {choose: 1, confirm: 2-3}", "", "p.yaml: the plan has no seeds; write for example 'seeds: 1-10', or 'seeds: {choose: 1-3, confirm: "
        + "4-13}'")]
    [InlineData("base: base.yaml", "", "p.yaml: the plan has no base; name a configuration file, for example 'base: ../configs/scenes.yaml'")]
    [InlineData("  kd:", "  k/d:", "p.yaml:13: 'k/d' cannot name a folder everywhere; use letters, digits and . _ + = -")]
    [InlineData("control: alone}", "control: alone}\nbudget: 5", "p.yaml:16: budget must be 'steps', or 'seconds: S' below it")]
    [InlineData("control: alone}", "control: alone}\nexpectedSd: none", "p.yaml:16: expectedSd must be a number above 0, not 'none'")]
    [InlineData("trusted: {teacher: good}", "trusted: {teacher: }", "p.yaml:9: teacher names none of shared.teachers; write its name, or leave teacher out")]
    [InlineData("metric: miou", "metric: boundaryF1, weights: average", "p.yaml:15: of the average of weights only miou is recorded, not boundaryF1; write "
        + "'weights: last' or 'metric: miou'")]
    [InlineData("metric: miou", "weights: ema", "p.yaml:15: compare.weights must be one of last, average, not 'ema'")]
    public void Slips_are_named_with_line_and_remedy(string right, string wrong, string message) =>
        Assert.Equal(
            message,
            Assert.Throws<ConfigurationException>(() => PlanReader.ReadText(TestPlan.Text.Replace(right, wrong, StringComparison.Ordinal), "p.yaml")).Message);

    [Theory]
    [InlineData("{one: {a: {}, a-b: {}}, two: {b-c: {}, c: {}}}", "p.yaml:3: two cells of the grid are called 'a-b-c'; name the values of its axes so that "
        + "their products differ")]
    [InlineData("{one: {a: {}}, two: {}}", "p.yaml:3: the axis two has no values; write them below it as 'name: settings', or leave it out")]
    public void Grids_without_a_cell_or_with_two_of_a_name_are_refused(string grid, string message) =>
        Assert.Equal(
            message,
            Assert.Throws<ConfigurationException>(() => PlanReader.ReadText($"base: {{}}\narms: {{a: {{}}}}\ngrid: {grid}\nseeds: 1", "p.yaml")).Message);

    [Fact]
    public void Missing_plan_is_a_sentence() =>
        Assert.Equal("nowhere.yaml: there is no such plan", Assert.ThrowsAny<HeteroAkdException>(() => PlanReader.ReadFile("nowhere.yaml")).Message);
}
