using HeteroAKD.Distillation;
using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Plans;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Tests.Plans;

public sealed class ExperimentServiceTests
{
    private const int Trainings = 2 + 3 + 6;  // teachers, students alone (both cells share them), distilled

    [Fact]
    public void Each_run_is_done_once_after_its_teacher_and_leaves_a_line()
    {
        using TestPlan plan = new();
        FakeStarter starter = new();
        ExperimentOutcome outcome = plan.Run(starter);
        Assert.Empty(outcome.Failures);
        Assert.False(outcome.Interrupted);
        Assert.Equal(Trainings, starter.Started.Count);
        Assert.Equal(Trainings, ResultsFile.Read(plan.Csv).Lines.Count);
        Assert.True(starter.MostActive <= 2);
        RunCommand[] order = [.. starter.Started];
        foreach (RunCommand distilled in order.Where(c => c.Role == NetworkRoles.Distilled))
        {
            string teacher = distilled.Folder.Contains("doubted", StringComparison.Ordinal) ? "careless" : "good";
            Assert.Contains(order.TakeWhile(c => c != distilled), c => c.Role == NetworkRoles.Teacher && c.Folder.EndsWith(teacher, StringComparison.Ordinal));
        }

        Assert.All(order, c => Assert.Equal((2, RunMode.New), (c.Threads, c.Mode)));
        Assert.Equal((Trainings, 0), plan.Progress.Begun);
        Assert.Equal(["train", Path.Combine(Path.GetDirectoryName(plan.Path)!, "..", "base.yaml"), "--network", "student", "--set", "training.steps=5", "--set",
            "distillation.method=none", "--seed", "1", "--threads", "2", "--out", Path.Combine(plan.Runs, "alone", "trusted", "seed-1")],
            order.First(c => c.Role == NetworkRoles.Student).Arguments);
    }

    [Fact]
    public void Runs_of_a_teacher_and_a_seed_share_its_outputs_until_the_last_has_ended()
    {
        using TestPlan plan = new();
        FakeStarter starter = new() { Wait = config => Task.FromResult(Directory.CreateDirectory(Path.Combine(plan.Runs, "_teacher-outputs", "something"))) };
        plan.Run(starter, request: plan.Request with { KeepTeacherOutputs = true });
        RunCommand[] distilled = [.. starter.Started.Where(c => c.Role == NetworkRoles.Distilled)];
        Assert.All(starter.Started.Except(distilled), c => Assert.Empty(c.TeacherOutputs));
        Assert.All(distilled, c => Assert.Equal(Path.Combine(plan.Runs, "_teacher-outputs"), Path.GetDirectoryName(c.TeacherOutputs)));
        Assert.Equal(6, distilled.Select(c => c.TeacherOutputs).Distinct().Count());  // two teachers, three seeds, one distilled arm
        Assert.All(distilled, c => Assert.Contains("--teacher-outputs", c.Arguments));
        Assert.False(Directory.Exists(Path.Combine(plan.Runs, "_teacher-outputs")));
    }

    [Fact]
    public void A_second_call_keeps_what_is_finished_even_without_folders()
    {
        using TestPlan plan = new();
        plan.Run(new FakeStarter());
        Directory.Delete(plan.Runs, recursive: true);
        FakeStarter again = new();
        ExperimentOutcome outcome = plan.Run(again);
        Assert.Empty(again.Started);
        Assert.Contains("9 of 9 runs are finished", outcome.Report, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lost_teacher_is_trained_again_only_for_runs_that_need_it()
    {
        using TestPlan plan = new();
        plan.Run(new FakeStarter());
        Directory.Delete(plan.Runs, recursive: true);
        File.WriteAllLines(plan.Csv, File.ReadAllLines(plan.Csv).Where(line => !line.StartsWith("distilled,kd,doubted,3", StringComparison.Ordinal)));
        FakeStarter again = new();
        plan.Run(again);
        Assert.Equal([NetworkRoles.Teacher, NetworkRoles.Distilled], again.Started.Select(c => c.Role));
        Assert.EndsWith("careless", again.Started.First().Folder, StringComparison.Ordinal);
    }

    [Fact]
    public void Changed_settings_are_run_again_and_the_others_kept()
    {
        using TestPlan plan = new();
        plan.Run(new FakeStarter());
        File.WriteAllText(plan.Path, File.ReadAllText(plan.Path).Replace("lambda1: 2", "lambda1: 3", StringComparison.Ordinal));
        FakeStarter again = new();
        ExperimentOutcome outcome = plan.Run(again);
        Assert.Equal(6, again.Started.Count);
        Assert.All(again.Started, c => Assert.Equal((NetworkRoles.Distilled, RunMode.New), (c.Role, c.Mode)));
        Assert.Contains("6 lines of the results belong to other settings", outcome.Report, StringComparison.Ordinal);
    }

    [Fact]
    public void Interrupted_runs_go_on_in_their_folders()
    {
        using TestPlan plan = new();
        using CancellationTokenSource stop = new();
        TaskCompletionSource never = new();
        FakeStarter blocked = new()
        {
            Wait = config =>
            {
                if (config.Seed < 2 || config.Distillation.Method != Recipes.Kd)
                {
                    return Task.CompletedTask;
                }

                stop.CancelAfter(50);
                return never.Task;
            },
        };
        ExperimentOutcome stopped = plan.Run(blocked, stop.Token);
        Assert.True(stopped.Interrupted);
        Assert.Empty(stopped.Failures);
        int before = ResultsFile.Read(plan.Csv).Lines.Count;
        Assert.InRange(before, 1, Trainings - 1);

        FakeStarter again = new();
        Assert.False(plan.Run(again).Interrupted);
        Assert.Equal(Trainings - before, again.Started.Count);
        Assert.Contains(again.Started, c => c.Mode == RunMode.Resume);
        Assert.Equal(Trainings, ResultsFile.Read(plan.Csv).Lines.Count);
    }

    [Fact]
    public void A_run_that_fails_stops_no_other_and_is_named()
    {
        using TestPlan plan = new();
        FakeStarter starter = new() { Error = c => c.Seed == 2 && c.Distillation.WeightedTerms().Count == 0 ? "error: the disk is full" : "" };
        ExperimentOutcome outcome = plan.Run(starter);
        Assert.Equal(Trainings, starter.Started.Count);
        Assert.StartsWith("alone  trusted  seed 2: error: the disk is full", Assert.Single(outcome.Failures), StringComparison.Ordinal);
        Assert.Contains("FAILED: alone  trusted  seed 2: error: the disk is full", plan.Report().Report, StringComparison.Ordinal);

        FakeStarter again = new();
        Assert.Empty(plan.Run(again).Failures);
        Assert.Single(again.Started);
        Assert.DoesNotContain("FAILED", plan.Report().Report, StringComparison.Ordinal);
    }

    [Fact]
    public void A_teacher_that_fails_fails_its_runs_and_no_others()
    {
        using TestPlan plan = new();
        FakeStarter starter = new() { Error = c => c.Data.AnnotationNoise > 0 ? "error: no" : "" };
        ExperimentOutcome outcome = plan.Run(starter);
        Assert.Equal(1 + 3, outcome.Failures.Count);
        Assert.Contains(outcome.Failures, f => f.StartsWith("kd  doubted  seed 3: its teacher careless failed", StringComparison.Ordinal));
        Assert.Equal(Trainings - 3, starter.Started.Count);
    }

    [Fact]
    public void Two_experiments_do_not_share_a_folder()
    {
        using TestPlan plan = new();
        TestPlan inside = plan;
        void IsRefused()
        {
            StorageException error = Assert.Throws<StorageException>(() => inside.Run(new FakeStarter()));
            Assert.Contains("another 'heteroakd experiment'", error.Message, StringComparison.Ordinal);
        }

        FakeStarter starter = new() { Wait = _ => Task.Run(IsRefused) };
        Assert.Empty(plan.Run(starter).Failures);
    }

    [Fact]
    public void Two_experiments_do_not_add_to_the_same_results()
    {
        using TestPlan plan = new();
        ExperimentRequest elsewhere = plan.Request with { Out = plan.Runs + "-2" };
        FakeStarter starter = new()
        {
            Wait = _ => Task.Run(() => Assert.StartsWith(
                $"another 'heteroakd experiment' runs {plan.Path}", Assert.Throws<StorageException>(
                    () => plan.Run(new FakeStarter(), request: elsewhere)).Message, StringComparison.Ordinal)),
        };
        Assert.Empty(plan.Run(starter).Failures);
        string held = Path.ChangeExtension(plan.Csv, "lock");
        Assert.False(File.Exists(held + ".owner"));

        // What a killed process left blocks nobody.
        File.WriteAllText(held + ".owner", "process 1 on elsewhere");
        Assert.Empty(plan.Run(new FakeStarter()).Failures);
    }

    [Fact]
    public void A_run_of_an_edited_configuration_is_no_result()
    {
        using TestPlan plan = new();
        FakeStarter edits = new()
        {
            Wait = c =>
            {
                if (c.Seed == 2 && c.Distillation.WeightedTerms().Count == 0)
                {
                    File.WriteAllText(plan.BaseFile, "student: {model: tiny-cnn-student}\n");
                }

                return Task.CompletedTask;
            },
        };
        ExperimentOutcome outcome = plan.Run(edits);
        Assert.NotEmpty(outcome.Failures);
        Assert.All(outcome.Failures, f => Assert.Contains("the configuration was edited while the experiment ran", f, StringComparison.Ordinal));
        FakeStarter again = new();
        Assert.Empty(plan.Run(again).Failures);
        Assert.Equal(9, again.Started.Count(c => c.Role != NetworkRoles.Teacher));
    }

    [Fact]
    public void A_run_of_another_teacher_does_not_go_on_in_the_old_folder()
    {
        using TestPlan plan = new();
        plan.Run(new FakeStarter { Error = c => c.Seed == 3 && c.Distillation.WeightedTerms().Count > 0 ? "error: full" : "" });
        File.WriteAllText(plan.Path, File.ReadAllText(plan.Path).Replace("annotationNoise: 0.8", "annotationNoise: 0.9", StringComparison.Ordinal));
        FakeStarter again = new();
        Assert.Empty(plan.Run(again).Failures);
        Assert.Equal(RunMode.Resume, again.Started.Single(c => c.Folder.EndsWith(Path.Combine("kd", "trusted", "seed-3"), StringComparison.Ordinal)).Mode);
        Assert.Equal(RunMode.New, again.Started.Single(c => c.Folder.EndsWith(Path.Combine("kd", "doubted", "seed-3"), StringComparison.Ordinal)).Mode);
    }

    [Fact]
    public void What_a_person_put_into_an_old_folder_is_kept_aside()
    {
        using TestPlan plan = new();
        plan.Run(new FakeStarter());
        string old = Path.Combine(plan.Runs, "kd", "doubted", "seed-3");
        File.WriteAllText(Path.Combine(old, "notes.txt"), "mine");
        File.WriteAllText(plan.Path, File.ReadAllText(plan.Path).Replace("lambda1: 2", "lambda1: 3", StringComparison.Ordinal));
        Assert.Empty(plan.Run(new FakeStarter()).Failures);
        Assert.False(File.Exists(Path.Combine(old, "notes.txt")));
        Assert.Equal("mine", File.ReadAllText(Path.Combine(old + ".earlier-1", "notes.txt")));
        Assert.False(Directory.Exists(Path.Combine(plan.Runs, "kd", "trusted", "seed-3.earlier-1")));
    }

    [Fact]
    public async Task A_folder_in_which_another_process_stays_is_left_alone()
    {
        using TestPlan plan = new();
        PlannedRun run = new PlanLayout(PlanReader.ReadFile(plan.Path), plan.Runs).Runs[0];
        Directory.CreateDirectory(run.Folder);
        using RunFolder other = RunFolder.Open(run.Folder, "", RunMode.New);
        StorageException refused = await Assert.ThrowsAsync<StorageException>(
            () => RunFolders.WaitUntilFree(run, CancellationToken.None, TimeSpan.FromSeconds(0.2)));
        Assert.StartsWith($"another process still works in {run.Folder}", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Teachers_of_equal_settings_are_trained_once()
    {
        using TestPlan plan = new(TestPlan.Text.Replace("careless: {data: {annotationNoise: 0.8}, seed: 2}", "careless: {}", StringComparison.Ordinal));
        FakeStarter starter = new();
        Assert.Empty(plan.Run(starter).Failures);
        Assert.Equal(1 + 3 + 3, starter.Started.Count);
    }

    [Fact]
    public void A_child_without_an_error_line_is_quoted()
    {
        Assert.Equal("error: full", ChildProcessStarter.Reason(1, "error: full", "later"));
        Assert.Equal("ended with code 139; it last said: step 7", ChildProcessStarter.Reason(139, "", "step 7"));
        Assert.Equal("ended with code 137 and said nothing", ChildProcessStarter.Reason(137, "", ""));
    }

    [Fact]
    public void Forecast_counts_what_is_known_and_names_what_could_not_be_tried()
    {
        using TestPlan plan = new();
        ExperimentForecast forecast = plan.Forecast(new FailingDryRun());
        Assert.Equal(((2 * 20) + (3 * 10)) / 2.0, forecast.Seconds);
        Assert.Equal(6, forecast.Unknown);
        Assert.Equal(["kd  trusted  seed 1 could not be tried: no memory", "kd  doubted  seed 1 could not be tried: no memory"], forecast.Untried);
    }

    [Fact]
    public void Forecast_reckons_from_a_trial_first_and_from_earlier_runs_then()
    {
        using TestPlan plan = new();
        ExperimentForecast first = plan.Forecast();
        Assert.Equal((9, 0, 2), (first.Runs, first.Finished, first.Teachers));
        Assert.Equal(((2 * 20) + (9 * 10)) / 2.0, first.Seconds);
        Assert.Equal("from a step of each arm", first.Source);
        Assert.Contains(first.Notes, n => n.StartsWith("choose: 1 seed: one pair shows no difference", StringComparison.Ordinal));
        Assert.False(Directory.Exists(Path.GetDirectoryName(plan.Csv)) || Directory.Exists(plan.Runs));

        plan.Run(new FakeStarter());
        File.WriteAllText(plan.Path, File.ReadAllText(plan.Path).Replace("confirm: 2-3", "confirm: 2-4", StringComparison.Ordinal));
        ExperimentForecast then = plan.Forecast();
        Assert.Equal((12, 9, 0), (then.Runs, then.Finished, then.Teachers));
        Assert.Equal((3 * 7 / 2.0, "from earlier runs"), (then.Seconds, then.Source));
    }

    [Fact]
    public void A_budget_of_seconds_fixes_steps_once()
    {
        using TestPlan plan = new(TestPlan.Text + "\nbudget: {seconds: 30}\n");

        // A second before the first step, which the budget pays for too, and 0.1 s a step; distilled, 0.2 s.
        double Cost(ExperimentConfig c) => c.Distillation.WeightedTerms().Count == 0 ? 0.1 : 0.2;
        Assert.Empty(plan.Run(new FakeStarter { Seconds = c => 1 + (Cost(c) * c.Training.Steps) }).Failures);
        ResultsFile results = ResultsFile.Read(plan.Csv);
        Assert.Equal([290, 145, 145], results.Lines.Where(l => l.Kind == RunResult.Cost).Select(l => l.Steps).OrderDescending());
        Assert.All(results.Lines.Where(l => l.Arm == "kd" && l.Kind != RunResult.Cost), l => Assert.Equal(145, l.Steps));
        Assert.All(results.Lines.Where(l => l.Kind == NetworkRoles.Student), l => Assert.Equal(290, l.Steps));

        // On a slower day nothing is measured or run again.
        FakeStarter slower = new() { Seconds = _ => 100 };
        Assert.Empty(plan.Run(slower).Failures);
        Assert.Empty(slower.Started);
    }

    [Fact]
    public void A_budget_runs_the_arms_whose_cost_could_be_measured()
    {
        using TestPlan plan = new(TestPlan.Text + "\nbudget: {seconds: 30}\n");
        ExperimentOutcome outcome = plan.Run(
            new FakeStarter
            {
                Error = c => c.Distillation.WeightedTerms().Count > 0 && c.Training.Steps == 20 ? "error: full" : "",
                Seconds = c => 0.1 * c.Training.Steps,
            });
        Assert.Equal(2, outcome.Failures.Count);
        Assert.All(outcome.Failures, f => Assert.Contains("the cost of a step could not be measured: error: full", f, StringComparison.Ordinal));
        Assert.Equal(3, ResultsFile.Read(plan.Csv).Lines.Count(l => l.Kind == NetworkRoles.Student));
        Assert.Contains("FAILED: kd  doubted: the cost of a step could not be measured: error: full", plan.Report().Report, StringComparison.Ordinal);

        Assert.Empty(plan.Run(new FakeStarter { Seconds = c => 0.1 * c.Training.Steps }).Failures);
        Assert.Equal(6, ResultsFile.Read(plan.Csv).Lines.Count(l => l.Kind == NetworkRoles.Distilled));
        Assert.DoesNotContain("FAILED", plan.Report().Report, StringComparison.Ordinal);
    }

    [Fact]
    public void A_budget_goes_on_where_a_teacher_fails()
    {
        using TestPlan plan = new(TestPlan.Text + "\nbudget: {seconds: 30}\n");
        ExperimentOutcome outcome = plan.Run(new FakeStarter { Error = c => c.Data.AnnotationNoise > 0 ? "error: no" : "" });
        Assert.Contains(
            outcome.Failures,
            f => f.StartsWith("kd  doubted  seed 1: the cost of a step could not be measured: its teacher careless is not there", StringComparison.Ordinal));
        Assert.Equal(3, ResultsFile.Read(plan.Csv).Lines.Count(l => l.Kind == NetworkRoles.Distilled));
    }

    [Fact]
    public void A_plan_can_hold_its_base()
    {
        using TestPlan plan = new(TestPlan.Text.Replace("base: base.yaml", "base: {student: {model: tiny-mit-student}}", StringComparison.Ordinal));
        using TestPlan file = new();
        FakeStarter starter = new();
        Assert.Empty(plan.Run(starter).Failures);
        plan.Run(starter);
        file.Run(new FakeStarter());
        string[] Hashes(TestPlan p) => [.. ResultsFile.Read(p.Csv).Lines.Select(l => l.Hash).Distinct().Order()];
        Assert.Equal(Hashes(file), Hashes(plan));
    }

    /// <summary>Has no memory for two networks.</summary>
    private sealed class FailingDryRun : IDryRunCommand
    {
        public DryRunOutcome Try(ExperimentConfig config, NetworkRole? role, IProgressSink progress, CancellationToken cancellation) =>
            role is null ? throw new HeteroAkdException("no memory") : new TestPlan.FakeDryRun().Try(config, role, progress, cancellation);
    }
}
