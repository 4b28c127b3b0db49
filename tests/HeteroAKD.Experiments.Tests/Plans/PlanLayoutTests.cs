using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Plans;

namespace HeteroAKD.Experiments.Tests.Plans;

public sealed class PlanLayoutTests
{
    [Fact]
    public void Arms_cross_cells_and_seeds_and_learn_from_the_cells_teacher()
    {
        using TestPlan plan = new();
        PlanLayout layout = Layout(plan);
        Assert.Equal(2 * 2 * 3, layout.Runs.Count);
        Assert.Equal([1, 1, 1, 1, 2], layout.Runs.Take(5).Select(r => r.Seed));
        PlannedRun kd = layout.Runs.Single(r => r is { Arm: "kd", Cell: "doubted", Seed: 3 });
        Assert.Equal("distilled", kd.Role);
        Assert.Equal(("careless", 2, 0.8), (kd.Teacher!.Arm, kd.Teacher.Seed, kd.Teacher.Config.Data.AnnotationNoise));
        Assert.Equal(0, kd.Config.Data.AnnotationNoise);
        Assert.Equal(Path.Combine(plan.Runs, "kd", "doubted", "seed-3"), kd.Folder);
        Assert.Equal(Path.Combine(plan.Runs, "_teachers", "careless", "teacher.safetensors"), kd.Config.Teacher.Checkpoint);
        Assert.Equal((5, 2.0, 3), (kd.Config.Training.Steps, kd.Config.Distillation.Lambda1, kd.Config.Seed));
    }

    [Fact]
    public void A_student_alone_is_one_run_whatever_teacher_stands_by()
    {
        using TestPlan plan = new();
        PlanLayout layout = Layout(plan);
        PlannedRun[] alone = [.. layout.Runs.Where(r => r is { Arm: "alone", Seed: 1 })];
        Assert.Equal(alone[0].Key, alone[1].Key);
        PlannedRun[] distilled = [.. layout.Runs.Where(r => r is { Arm: "kd", Seed: 1 })];
        Assert.NotEqual(distilled[0].Key, distilled[1].Key);
        Assert.Equal(9, layout.Runs.DistinctBy(r => r.Key).Count());
    }

    [Fact]
    public void Settings_that_say_where_a_run_happens_do_not_count()
    {
        using TestPlan plan = new();
        using TestPlan moved = new(
            TestPlan.Text.Replace("set: {training.steps: 5}", "set: {training.steps: 5, threads: 2, data.workers: 3, device: cpu}", StringComparison.Ordinal));
        Assert.Equal(Layout(plan).Runs.Select(r => r.Hash), Layout(moved).Runs.Select(r => r.Hash));
        using TestPlan longer = new(TestPlan.Text.Replace("training.steps: 5", "training.steps: 6", StringComparison.Ordinal));
        Assert.Empty(Layout(plan).Runs.Select(r => r.Hash).Intersect(Layout(longer).Runs.Select(r => r.Hash)));
    }

    [Fact]
    public void Another_teacher_makes_another_distilled_run_and_the_same_student()
    {
        using TestPlan plan = new();
        using TestPlan other = new(TestPlan.Text.Replace("annotationNoise: 0.8", "annotationNoise: 0.9", StringComparison.Ordinal));
        string[] Hashes(TestPlan p, string arm, string cell) => [.. Layout(p).Runs.Where(r => r.Arm == arm && r.Cell == cell).Select(r => r.Hash)];
        Assert.Equal(Hashes(plan, "alone", "doubted"), Hashes(other, "alone", "doubted"));
        Assert.Equal(Hashes(plan, "kd", "trusted"), Hashes(other, "kd", "trusted"));
        Assert.NotEqual(Hashes(plan, "kd", "doubted"), Hashes(other, "kd", "doubted"));
    }

    [Fact]
    public void Normalisation_for_a_shared_teacher_counts()
    {
        using TestPlan plan = new();
        using TestPlan other = new(
            TestPlan.Text.Replace("method: kd}}", "method: kd}, teacher: {mean: [0.1, 0.2, 0.3], std: [0.4, 0.5, 0.6]}}", StringComparison.Ordinal));
        Assert.NotEqual(Of(plan, "kd", "trusted").Hash, Of(other, "kd", "trusted").Hash);
        Assert.Equal(Of(plan, "kd", "trusted").Teacher!.Hash, Of(other, "kd", "trusted").Teacher!.Hash);
    }

    [Fact]
    public void Content_of_files_of_weights_counts()
    {
        using TestPlan plan = new();
        string weights = Path.Combine(Path.GetDirectoryName(plan.Path)!, "w.safetensors");
        using TestPlan starts = new(TestPlan.Text.Replace("method: kd}}", $"method: kd}}, student.pretrained: '{weights}'}}", StringComparison.Ordinal));
        File.WriteAllText(weights, "one");
        string one = Of(starts, "kd", "trusted").Hash;
        Assert.Contains("; student.pretrained holds 7692c3ad3540; from teacher", Of(starts, "kd", "trusted").Settings, StringComparison.Ordinal);
        File.WriteAllText(weights, "two");
        Assert.NotEqual(one, Of(starts, "kd", "trusted").Hash);
        Assert.Equal(Of(plan, "alone", "trusted").Hash, Of(starts, "alone", "trusted").Hash);
    }

    [Fact]
    public void A_named_teacher_wins_over_the_checkpoint_of_the_base()
    {
        string set = "set: {training.steps: 5, teacher.checkpoint: x.safetensors}";
        using TestPlan plan = new(TestPlan.Text.Replace("set: {training.steps: 5}", set, StringComparison.Ordinal));
        PlannedRun named = Of(plan, "kd", "trusted");
        Assert.Equal("good", named.Teacher!.Arm);
        Assert.EndsWith(Path.Combine("good", "teacher.safetensors"), named.Config.Teacher.Checkpoint, StringComparison.Ordinal);
        Assert.Equal("", named.Teacher.Config.Teacher.Checkpoint);

        // An arm wins over its cell, and without a name the base's holds.
        using TestPlan own = new(TestPlan.Text.Replace("method: kd}}", "method: kd}, teacher.checkpoint: y.safetensors}", StringComparison.Ordinal));
        Assert.Equal((null, "y.safetensors"), (Of(own, "kd", "trusted").Teacher, Of(own, "kd", "trusted").Config.Teacher.Checkpoint));
        using TestPlan none = new(
            TestPlan.Text.Replace("set: {training.steps: 5}", set, StringComparison.Ordinal).Replace(
                "trusted: {teacher: good}", "trusted: {}", StringComparison.Ordinal));
        Assert.Equal((null, "x.safetensors"), (Of(none, "kd", "trusted").Teacher, Of(none, "kd", "trusted").Config.Teacher.Checkpoint));
    }

    [Fact]
    public void A_shared_teacher_may_begin_from_weights()
    {
        using TestPlan plan = new(
            TestPlan.Text.Replace("set: {training.steps: 5}", "set: {training.steps: 5, teacher.pretrained: x.pth}", StringComparison.Ordinal));
        Assert.Equal(("x.pth", ""), (Of(plan, "kd", "trusted").Teacher!.Config.Teacher.Pretrained, Of(plan, "kd", "trusted").Config.Teacher.Pretrained));
    }

    [Fact]
    public void Teachers_of_equal_settings_are_one_run()
    {
        using TestPlan plan = new(
            TestPlan.Text.Replace("careless: {data: {annotationNoise: 0.8}, seed: 2}", "careless: {distillation.lambda1: 3}", StringComparison.Ordinal));
        Assert.Equal("good", Assert.Single(Layout(plan).Teachers).Arm);
        Assert.Equal(Of(plan, "kd", "trusted").Key, Of(plan, "kd", "doubted").Key);
    }

    // A result is taken only from a folder whose configuration is the planned one, so every arm's has to come back from its file.
    [Theory]
    [InlineData("smoke")]
    [InlineData("ablation")]
    [InlineData("regimes")]
    [InlineData("sensitivity")]
    public void Configurations_of_the_shipped_plans_come_back_from_their_files(string name)
    {
        using TemporaryFolder folder = new();
        PlanLayout layout = new(PlanReader.ReadFile(RepositoryRoot.File("plans", name + ".yaml")), folder.Path);
        foreach (PlannedRun run in layout.FirstSeed.Concat(layout.Teachers))
        {
            Assert.False(RunFolders.HasConfigurationOf(run));
            Directory.CreateDirectory(run.Folder);
            File.WriteAllText(Path.Combine(run.Folder, "config.yaml"), ConfigurationWriter.Write(run.Config with { Out = run.Folder, Threads = 3 }));
            Assert.True(RunFolders.HasConfigurationOf(run), run.Title);
        }
    }

    // A plan's controls are arms; a run trains one network.
    [Fact]
    public void Control_of_the_base_file_is_no_part_of_a_run()
    {
        using TestPlan plan = new();
        using TestPlan controlled = new(
            TestPlan.Text.Replace("set: {training.steps: 5}", "set: {training.steps: 5, distillation.control: kd}", StringComparison.Ordinal));
        Assert.Equal(Layout(plan).Runs.Select(r => r.Hash), Layout(controlled).Runs.Select(r => r.Hash));
        Assert.All(Layout(controlled).Runs, r => Assert.Equal(DistillationControl.None, r.Config.Distillation.Control));
    }

    [Theory]
    [InlineData("lambda1: 2", "lamda1: 2", ":13: there is no option distillation.lamda1; did you mean distillation.lambda1?")]
    [InlineData("training.steps: 5", "training.steps: five", ":3: training.steps must be a whole number, not 'five'")]
    [InlineData("{distillation.method: none}", "{distillation.method: none, seed: 4}", ":12: a run's seed comes from 'seeds:'; leave out seed")]
    [InlineData("metric: miou", "weights: average", ":12: the arm alone in the cell trusted keeps no average of weights, which compare.weights asks for; "
        + "set training.ema")]
    [InlineData("trusted: {teacher: good}", "trusted: {}", ":13: the arm kd distils and does not say from whom; write 'teacher: NAME' in it or in its cell, "
        + "with one of good, careless")]
    [InlineData("method: kd}", "method: kd}, augmentation: {scaleMin: 5}", ":13: the arm kd in the cell trusted: augmentation.scaleMin (5) is above "
        + "augmentation.scaleMax (1.5)")]
    public void Settings_are_checked_with_the_plans_line(string right, string wrong, string message)
    {
        using TestPlan plan = new(TestPlan.Text.Replace(right, wrong, StringComparison.Ordinal));
        Assert.Equal(plan.Path + message, Assert.Throws<ConfigurationException>(() => Layout(plan)).Message);
    }

    private static PlannedRun Of(TestPlan plan, string arm, string cell) => Layout(plan).Runs.First(r => r.Arm == arm && r.Cell == cell);

    private static PlanLayout Layout(TestPlan plan) => new(PlanReader.ReadFile(plan.Path), plan.Runs);
}
