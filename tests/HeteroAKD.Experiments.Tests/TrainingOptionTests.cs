using HeteroAKD.Distillation.Terms;
using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Experiments.Tests.Support;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Tests;

/// <summary>
/// Options that reach from the configuration into the loop: averages of weights, warm-up, decay, other terms, a teacher with its own normalisation.
/// </summary>
public sealed class TrainingOptionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>The average, a warm-up before the first step and a falling strength: stopped and resumed, the same bits as unbroken.</summary>
    [Fact]
    public void Average_warm_up_and_decay_resume_exactly()
    {
        ExperimentConfig unbroken = Tuned("unbroken");
        TinyExperiment.Distil(unbroken);
        ExperimentConfig stopped = Tuned("stopped");
        TinyExperiment.Distil(stopped, cancelAt: 4);
        TinyExperiment.Distil(stopped with { Threads = 1 }, RunMode.Resume);
        foreach (string file in new[] { NetworkTrainer.LastFile(NetworkRoles.Distilled), NetworkTrainer.AverageFile(NetworkRoles.Distilled) })
        {
            TinyExperiment.AssertSame(Path.Combine(unbroken.Out, file), Path.Combine(stopped.Out, file));
        }

        Assert.Contains("average.parameters", Checkpoint.Load(Path.Combine(unbroken.Out, NetworkTrainer.LastFile(NetworkRoles.Distilled))).Names);
        Assert.Equal(
            1, File.ReadLines(Path.Combine(stopped.Out, "log.txt")).Count(line => line.Contains("learned the labels in 3 steps", StringComparison.Ordinal)));
    }

    /// <summary>Keeping an average changes no bit of the weights; the average itself lies between the first weights and the last.</summary>
    [Fact]
    public void Average_leaves_the_training_alone()
    {
        ExperimentConfig without = TinyExperiment.Config(Path.Combine(_folder.Path, "without"));
        TinyExperiment.Train(without);
        ExperimentConfig with = TinyExperiment.Config(Path.Combine(_folder.Path, "with"));
        TinyExperiment.Train(with with { Training = with.Training with { Ema = 0.5 } });
        string network = NetworkTrainer.NetworkFile(NetworkRoles.Student);
        TinyExperiment.AssertSame(Path.Combine(without.Out, network), Path.Combine(with.Out, network));

        Checkpoint last = Checkpoint.Load(Path.Combine(with.Out, network));
        Checkpoint average = Checkpoint.Load(Path.Combine(with.Out, NetworkTrainer.AverageFile(NetworkRoles.Student)));
        Assert.Equal(last.Names, average.Names);
        Assert.Contains(last.Names, name => !last[name].Bytes.AsSpan().SequenceEqual(average[name].Bytes));
        Assert.Contains("val_miou_ema", File.ReadLines(Path.Combine(with.Out, "metrics.csv")).First(), StringComparison.Ordinal);
    }

    /// <summary>A term that no recipe names is trained, logged and resumed like any other.</summary>
    [Fact]
    public void Any_term_has_columns_and_resumes()
    {
        ExperimentConfig Config(string name)
        {
            ExperimentConfig config = TinyExperiment.Config(Path.Combine(_folder.Path, name));
            TermSet terms = new();
            terms["cwd"] = new CwdTermOptions { Weight = 5 };
            return config with { Distillation = config.Distillation with { Method = "none", Terms = terms } };
        }

        TinyExperiment.Distil(Config("unbroken"));
        TinyExperiment.Distil(Config("stopped"), cancelAt: 4);
        TinyExperiment.Distil(Config("stopped"), RunMode.Resume);
        string last = NetworkTrainer.LastFile(NetworkRoles.Distilled);
        TinyExperiment.AssertSame(Path.Combine(_folder.Path, "unbroken", last), Path.Combine(_folder.Path, "stopped", last));
        Assert.Contains("projectors.cwd.align.weight", Checkpoint.Load(Path.Combine(_folder.Path, "stopped", last)).Names);

        string[] rows = File.ReadAllLines(Path.Combine(_folder.Path, "stopped", "metrics.csv"));
        int column = Array.IndexOf(rows[0].Split(','), "cwd");
        Assert.DoesNotContain(rows, row => row.StartsWith("teacher", StringComparison.Ordinal) && row.Split(',')[column].Length > 0);
        Assert.Contains(rows, row => row.StartsWith("distilled", StringComparison.Ordinal) && row.Split(',')[column].Length > 0);
    }

    /// <summary>A teacher keeps the normalisation that it was trained with, whatever the student's: the scores of its own run come back.</summary>
    [Fact]
    public void Teacher_keeps_its_own_normalization()
    {
        ExperimentConfig first = TinyExperiment.Config(Path.Combine(_folder.Path, "first"));
        first = first with
        {
            Teacher = first.Teacher with { Steps = 5 },
            Augmentation = first.Augmentation with { Mean = [0.2, 0.9, 0.1], Std = [0.1, 0.5, 1] },
        };
        double own = Score(first, experiment => experiment.TrainAlone(NetworkRole.Teacher));

        ExperimentConfig second = TinyExperiment.Config(Path.Combine(_folder.Path, "second"));
        string checkpoint = Path.Combine(first.Out, NetworkTrainer.NetworkFile(NetworkRoles.Teacher));
        second = second with { Teacher = second.Teacher with { Checkpoint = checkpoint } };
        Assert.Equal(own, Score(second, Distil));
        Assert.Contains("as its checkpoint says", File.ReadAllText(Path.Combine(second.Out, "log.txt")), StringComparison.Ordinal);

        // Told to see the student's images as they are, it scores otherwise.
        ExperimentConfig third = second with
        {
            Out = Path.Combine(_folder.Path, "third"),
            Teacher = second.Teacher with { Mean = second.Augmentation.Mean, Std = second.Augmentation.Std },
        };
        Assert.NotEqual(own, Score(third, Distil));

        static void Distil(Experiment experiment)
        {
            experiment.TrainAlone(NetworkRole.Teacher);
            experiment.Distil();
        }
    }

    /// <summary>
    /// The same where the teacher's normalisation was set for it alone: its checkpoint says what it saw, to a distillation and to <c>eval</c>.
    /// </summary>
    [Fact]
    public void Normalization_of_the_teacher_alone_is_kept_with_it()
    {
        ExperimentConfig first = TinyExperiment.Config(Path.Combine(_folder.Path, "first"));
        first = first with { Teacher = first.Teacher with { Steps = 5, Mean = [0.2, 0.9, 0.1], Std = [0.1, 0.5, 1] } };
        double own = Score(first, experiment => experiment.TrainAlone(NetworkRole.Teacher));
        string checkpoint = Path.Combine(first.Out, NetworkTrainer.NetworkFile(NetworkRoles.Teacher));
        EvaluateOutcome evaluated = new InferenceService().Run(new EvaluateRequest([checkpoint], "val", []), new SilentSink(), CancellationToken.None);
        Assert.Equal(own, evaluated.Networks[0].Scores.MeanIoU);

        ExperimentConfig second = TinyExperiment.Config(Path.Combine(_folder.Path, "second"));
        second = second with { Teacher = second.Teacher with { Checkpoint = checkpoint } };
        Assert.Equal(own, Score(second, experiment => experiment.TrainAlone(NetworkRole.Teacher)));
    }

    /// <summary>A run that was killed after its last checkpoint still gets the files that come with it.</summary>
    [Fact]
    public void Files_of_the_network_are_there_before_the_checkpoint_says_that_all_is_done()
    {
        ExperimentConfig config = TinyExperiment.Config(Path.Combine(_folder.Path, "run"));
        config = config with { Training = config.Training with { Ema = 0.5 } };
        TinyExperiment.Train(config);
        DateTime Written(string file) => File.GetLastWriteTimeUtc(Path.Combine(config.Out, file));
        Assert.True(Written(NetworkTrainer.NetworkFile(NetworkRoles.Student)) <= Written(NetworkTrainer.LastFile(NetworkRoles.Student)));
        Assert.True(Written(NetworkTrainer.AverageFile(NetworkRoles.Student)) <= Written(NetworkTrainer.LastFile(NetworkRoles.Student)));
    }

    private static double Score(ExperimentConfig config, Action<Experiment> work)
    {
        using Experiment experiment = new(config, "tiny", RunMode.New, new SilentSink(), CancellationToken.None);
        work(experiment);
        return experiment.Finish().Summary!.Networks[0].Scores["val"].MeanIoU;
    }

    private ExperimentConfig Tuned(string name)
    {
        ExperimentConfig config = TinyExperiment.Config(Path.Combine(_folder.Path, name));
        TermSet terms = new();
        terms["heteroakd"] = new HeteroAkdTermOptions { ProjectorWarmup = 3, ProjectorInit = ProjectorInitialization.Discriminant };
        return config with
        {
            Training = config.Training with { Ema = 0.9 },
            Distillation = config.Distillation with { Decay = 0.2, DecayFraction = 0.5, Terms = terms },
        };
    }
}
