using HeteroAKD.Data;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Commands;

/// <summary>The commands that train.</summary>
public sealed class TrainingService : ITrainCommand, IDistillCommand, IQuickstartCommand
{
    /// <inheritdoc/>
    public RunOutcome Run(TrainRequest request, IProgressSink progress, CancellationToken cancellation)
    {
        RequireTeacher(request.Config, request.Role);
        if (request.TeacherOutputs.Length > 0 && request.Config.Teacher.IsGiven)
        {
            throw new ConfigurationException(
                "--teacher-outputs", 0, "it keeps what a network of this program says; leave it out with teacher.onnx and teacher.logits");
        }

        // One network: the run folder does not speak of a control that is no part of it.
        ExperimentConfig config = request.Config with { Distillation = request.Config.Distillation.WithoutControl() };
        bool distils = request.Role == NetworkRole.Distilled;
        return Guarded(
            config, request.Name, request.Mode, progress, cancellation, experiment =>
            {
                if (distils)
                {
                    experiment.DistilFromCheckpoint();
                }
                else
                {
                    experiment.TrainAlone(request.Role);
                }
            },
            request.Role,
            request.TeacherOutputs);
    }

    /// <inheritdoc/>
    public RunOutcome Run(DistillRequest request, IProgressSink progress, CancellationToken cancellation)
    {
        DistillationConfig distillation = request.Config.Distillation;
        if (request.Config.Teacher.IsGiven && !distillation.Baseline && distillation.ControlTerms().Count + distillation.WeightedTerms().Count == 0)
        {
            throw new ConfigurationException(
                "distill", 0, "nothing is trained: the teacher is there, distillation.baseline is false and distillation.method is none");
        }

        return Guarded(request.Config, request.Name, request.Mode, progress, cancellation, experiment => Distil(experiment, request.Config));
    }

    /// <inheritdoc/>
    public IReadOnlyList<RunOutcome> Run(QuickstartRequest request, IProgressSink progress, CancellationToken cancellation)
    {
        ExperimentConfig config = request.Config;
        progress.Say(Scenario(config));
        List<RunOutcome> outcomes = [];
        string folder = config.Out;
        for (int i = 0; i < request.Seeds; i++)
        {
            ExperimentConfig seeded = config with { Seed = config.Seed + i, Out = request.Seeds == 1 ? folder : SeedFolder(folder, config.Seed + i) };
            if (i > 0 && !config.Teacher.IsGiven)
            {
                // Every student learns from the first seed's teacher; only the student's luck differs.
                string teacher = Path.Combine(outcomes[0].Folder, NetworkTrainer.LastFile(NetworkRoles.Teacher));
                seeded = seeded with { Teacher = config.Teacher with { Checkpoint = teacher } };
            }

            RunOutcome outcome = Guarded(
                seeded, "quickstart", ModeOf(seeded.Out, request.Mode, i), progress, cancellation, experiment => Distil(experiment, seeded));
            outcomes.Add(outcome);
            if (outcome.Summary is null)
            {
                break;
            }
        }

        return outcomes;
    }

    /// <summary>A distilled student alone needs a teacher that is there, and something to learn from it.</summary>
    /// <exception cref="ConfigurationException">It lacks one of them.</exception>
    internal static void RequireTeacher(ExperimentConfig config, NetworkRole? role)
    {
        if (role == NetworkRole.Teacher && config.Teacher.IsGiven)
        {
            throw new ConfigurationException(
                "--network teacher", 0, "teacher.onnx and teacher.logits are teachers that are never trained; train the student with --network distilled");
        }

        if (role != NetworkRole.Distilled)
        {
            return;
        }

        const string Source = "--network distilled";
        if (config.Distillation.WeightedTerms().Count == 0)
        {
            throw new ConfigurationException(Source, 0, "distillation.method is none, so nothing is distilled; train the student alone with --network student");
        }

        if (config.Teacher.Checkpoint.Length == 0 && !config.Teacher.IsGiven)
        {
            throw new ConfigurationException(
                Source,
                0,
                "teacher.checkpoint must name the trained teacher (or teacher.onnx, teacher.logits one from elsewhere); 'heteroakd distill' trains one first");
        }
    }

    /// <summary>What the quick start does, in words.</summary>
    internal static string Scenario(ExperimentConfig config)
    {
        bool trains = config.Teacher.Checkpoint.Length == 0 && !config.Teacher.IsGiven;
        int labelled = SubsetDataset.CountOf(config.Data.TrainCount, config.Data.StudentEvery, config.Data.StudentLimit);
        string teacher = trains ? $"learns from {config.Data.TrainCount} labelled scenes"
            : $"is loaded from {string.Concat(config.Teacher.Checkpoint, config.Teacher.Onnx, config.Teacher.Logits)}";
        string labels = trains ? $"{labelled} of them" : $"{labelled} scenes";
        string scores = config.Data.TestCount == 0 ? $"the {config.Data.ValCount} validation scenes"
            : trains ? $"{config.Data.TestCount} scenes that no network has seen" : $"{config.Data.TestCount} scenes that the student has not seen";
        return $"A teacher{(config.Teacher.IsGiven ? "" : $" ({config.Teacher.Model})")} {teacher}; a student ({config.Student.Model}) has labels for "
            + $"{labels}. From the same initial weights, with the same data order and "
            + $"{config.Training.Steps} steps, the student learns {DistillationWords.Ways(config.Distillation)}. Scores are on {scores}.";
    }

    private static string SeedFolder(string folder, int seed) =>
        Path.Combine(folder.Length > 0 ? folder : Path.Combine("runs", "quickstart-seeds"), $"seed-{seed}");

    // The first seed says whether there is anything to resume; the run may have been stopped before a later one began.
    private static RunMode ModeOf(string folder, RunMode mode, int number) =>
        mode is RunMode.Resume or RunMode.ResumeChanged && number > 0 && !RunFolder.HoldsRun(folder) ? RunMode.New : mode;

    private static void Distil(Experiment experiment, ExperimentConfig config)
    {
        experiment.TrainAlone(NetworkRole.Teacher);
        if (config.Distillation.Baseline)
        {
            experiment.TrainAlone(NetworkRole.Student);
        }

        if (config.Distillation.ControlTerms().Count > 0)
        {
            experiment.DistilControl();
        }

        if (config.Distillation.WeightedTerms().Count > 0)
        {
            experiment.Distil();
        }
    }

    private static RunOutcome Guarded(
        ExperimentConfig config, string name, RunMode mode, IProgressSink progress, CancellationToken cancellation, Action<Experiment> work,
        NetworkRole role = NetworkRole.Distilled, string teacherOutputs = "")
    {
        using Experiment experiment = new(config, name, mode, progress, cancellation, role, teacherOutputs);
        try
        {
            work(experiment);
            return experiment.Finish();
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return new RunOutcome(experiment.Folder.Path, null);
        }
    }
}
