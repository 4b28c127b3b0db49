using System.Numerics;
using HeteroAKD.Data;
using HeteroAKD.Distillation;
using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.GivenTeachers;
using HeteroAKD.Experiments.TeacherCache;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Devices;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Training.Loop;
using HeteroAKD.Weights.Import;

namespace HeteroAKD.Experiments;

/// <summary>Builds the networks and trainings that a configuration describes.</summary>
/// <param name="config">The experiment.</param>
/// <param name="data">Its images.</param>
/// <param name="device">Where networks live.</param>
/// <param name="say">Hears what was loaded.</param>
/// <param name="teacherOutputs">Folder that keeps the teacher's outputs; empty for none.</param>
internal sealed class JobFactory(ExperimentConfig config, ExperimentData data, Device device, Action<string> say, string teacherOutputs = "")
{
    private Normalization _teacher = NormalizationOf(config.Augmentation);

    /// <summary>The files that networks begin from, with the options that name them.</summary>
    public static IReadOnlyList<(string Option, string Path)> Files(ExperimentConfig config) =>
    [
        .. new[] { ("teacher.checkpoint", config.Teacher.Checkpoint), ("student.checkpoint", config.Student.Checkpoint) }.Where(file => file.Item2.Length > 0),
        .. PretrainedEncoder.FilesOf("teacher.pretrained", config.Teacher.Pretrained),
        .. PretrainedEncoder.FilesOf("student.pretrained", config.Student.Pretrained),
        .. GivenTeacher.FilesOf(config.Teacher),
    ];

    /// <summary>
    /// Tries what would otherwise fail later, when files of an earlier run are gone or hours have passed: reads the files that networks begin from, and passes
    /// a batch of one image, whose statistics may be of one number, through networks to be trained.
    /// </summary>
    /// <param name="roles">The networks that take part.</param>
    /// <exception cref="HeteroAkdException">A file cannot be used, or a network cannot be trained with its batch size.</exception>
    public void Require(params IEnumerable<NetworkRole> roles)
    {
        foreach (NetworkRole role in roles)
        {
            bool teacher = role == NetworkRole.Teacher;
            if (teacher && config.Teacher.IsGiven)
            {
                RequireGivenMaps();
                continue;
            }

            bool trains = !teacher || config.Teacher.Checkpoint.Length == 0;
            (string checkpoint, string pretrained) = teacher ? (config.Teacher.Checkpoint, config.Teacher.Pretrained)
                : (config.Student.Checkpoint, config.Student.Pretrained);
            if (checkpoint.Length > 0)
            {
                Checkpoint.Load(checkpoint);
            }
            else if (pretrained.Length > 0)
            {
                Checkpoint.ReadWeights(KnownGraph.PathOf(pretrained));
            }

            if (trains && BatchSize(role) == 1)
            {
                RequireBatchOfOne(teacher ? NetworkRoles.Teacher : NetworkRoles.Student, teacher ? config.Teacher.Model : config.Student.Model);
            }
        }
    }

    /// <summary>
    /// A network at the beginning of its training, and the checkpoint that it starts from, if one is named. The caller disposes of the network.
    /// </summary>
    public (SegmentationModel Model, CheckpointInfo? Start) Network(NetworkRole role)
    {
        bool teacher = role == NetworkRole.Teacher;
        if (teacher && config.Teacher.IsGiven)
        {
            return (Given.StandIn(device), null);
        }

        SegmentationModel model = ModelZoo.Create(teacher ? config.Teacher.Model : config.Student.Model, data.Classes.Count, device, Seed(role));
        string path = teacher ? config.Teacher.Checkpoint : config.Student.Checkpoint;
        if (teacher && config.Teacher.Mean.Count > 0)
        {
            _teacher = new Normalization(config.Teacher.Mean, config.Teacher.Std);
        }

        if (path.Length == 0)
        {
            PretrainedEncoder start = new(config, data, say);
            if (teacher)
            {
                _teacher = start.Load(NetworkRoles.Teacher, model, config.Teacher.Pretrained, _teacher);
            }
            else
            {
                start.Load(NetworkRoles.Student, model, config.Student.Pretrained, NormalizationOf(config.Augmentation));
            }

            return (model, null);
        }

        Checkpoint loaded = Checkpoint.Load(path);
        loaded.CopyTo(Checkpoint.ModelPrefix, model);
        if (teacher && config.Teacher.Mean.Count == 0)
        {
            _teacher = KeptNormalization.Of(path, loaded.Info, NormalizationOf(config.Augmentation), say);
        }

        return (model, loaded.Info);
    }

    /// <summary>The preparation of images for a network: the student's but for the teacher's own mean and deviation.</summary>
    /// <param name="role">Whose; for the teacher after its <see cref="Network"/>.</param>
    /// <param name="student">The student's preparation.</param>
    public Augmentation Prepared(NetworkRole role, Augmentation student) => role != NetworkRole.Teacher || _teacher.Same(NormalizationOf(config.Augmentation))
        ? student
        : student with { Mean = Vector(_teacher.Mean), Std = Vector(_teacher.Std) };

    /// <summary>The images that a network learns from.</summary>
    public ISegmentationDataset Images(NetworkRole role) => role == NetworkRole.Teacher ? data.Train : data.Student;

    /// <summary>The training of a network on its own: the teacher on all images, the student on its own. The caller disposes of the objective.</summary>
    public PlannedTraining Alone(NetworkRole role, SegmentationModel model) => Plan(role, model, ObjectiveFactory.Task(device, config, Images(role)));

    /// <summary>The student's training with a teacher: all but the objective as in <see cref="Alone"/>. The caller disposes of the objective.</summary>
    public PlannedTraining Distilled(SegmentationModel teacher, SegmentationModel student) =>
        WithTeacher(NetworkRoles.Distilled, config.Distillation.WeightedTerms(), teacher, student);

    /// <summary>The control of <see cref="Distilled"/>: the same with plain KD alone.</summary>
    public PlannedTraining Control(SegmentationModel teacher, SegmentationModel student) =>
        WithTeacher(NetworkRoles.Kd, config.Distillation.ControlTerms(), teacher, student);

    /// <summary>As <see cref="Distilled"/> with other terms; the teacher is asked even where there are none. For measurements of what each costs.</summary>
    public PlannedTraining Taught(SegmentationModel teacher, SegmentationModel student, IReadOnlyList<WeightedTerm> terms) =>
        WithTeacher(NetworkRoles.Distilled, terms, teacher, student, asksTeacher: true);

    private PlannedTraining WithTeacher(
        string role, IReadOnlyList<WeightedTerm> terms, SegmentationModel teacher, SegmentationModel student, bool asksTeacher = false)
    {
        TaskLoss task = ObjectiveFactory.Task(device, config, Images(NetworkRole.Student));
        Normalization own = NormalizationOf(config.Augmentation);
        InputAdapter? adapter = _teacher.Same(own) ? null : new InputAdapter(device, own, _teacher);
        IObjective objective = ObjectiveFactory.Distillation(
            teacher, student, task, config, terms, data.Classes.IgnoreIndex, adapter, Kept(teacher), asksTeacher);
        PlannedTraining training = Plan(NetworkRole.Student, student, objective);
        return training with { Job = training.Job with { Role = role }, Unlabelled = UnlabelledFor(role, objective) };
    }

    /// <summary>The teacher, where it is no network of this program.</summary>
    public GivenTeacher Given => new(config, data);

    private ITeacherOutputs? Kept(SegmentationModel teacher) =>
        config.Teacher.IsGiven ? Given.Outputs(device)
        : config.Data.TeacherCache != CacheKind.Off ? new TeacherViews(TeacherSources, data.Evaluation, WholeOutputs(teacher), say)
        : teacherOutputs.Length > 0 ? new TeacherOutputFolder(teacherOutputs, teacher, Circumstances, say)
        : null;

    // What a teacher's outputs follow from besides it and the images.
    private string Circumstances => $"{NormalizationOf(config.Augmentation)} {_teacher} cublas {config.Cublas}";

    private IReadOnlyList<ISegmentationDataset> TeacherSources => data.Unlabelled is null ? [data.Student] : [data.Student, data.Unlabelled];

    private IWholeOutputs WholeOutputs(SegmentationModel teacher)
    {
        if (config.Data.TeacherCache == CacheKind.Ram)
        {
            return new OutputsInMemory(TeacherSources.Sum(source => source.Count), CacheBudget.OfProcess);
        }

        string folder = Path.Combine(ExperimentData.CacheFolderOf(config.Data), "teacher");
        return new OutputsOnDisk(new OutputFiles(folder, TeacherOutputFolder.Origin(teacher, Circumstances), say));
    }

    // The teacher is opened, and every term is built once, without memory.
    private void RequireGivenMaps()
    {
        using MetaDevice meta = new();
        using SegmentationModel teacher = Given.StandIn(meta);
        using SegmentationModel student = ModelZoo.Create(config.Student.Model, data.Classes.Count, meta, seed: null);
        WeightedTerm[] terms = [.. config.Distillation.WeightedTerms().Concat(config.Distillation.ControlTerms()).DistinctBy(t => t.Name)];
        TaskLoss task = new(meta, data.Classes.Count, new TaskLossOptions(data.Classes.IgnoreIndex, null, 0, 0));
        ObjectiveFactory.Distillation(teacher, student, task, config, terms, data.Classes.IgnoreIndex, null, Given.Outputs(meta), asksTeacher: true).Dispose();
    }

    private void RequireBatchOfOne(string role, string name)
    {
        using NoGrad noGrad = new();
        using SegmentationModel model = ModelZoo.Create(name, data.Classes.Count, device, seed: null);
        using StepScope step = device.BeginStep();
        (int width, int height) = (config.Data.Size.Width, config.Data.Size.Height);
        try
        {
            model.Forward(Tensor.Zeros(device, new Shape(1, 3, height, width)), Pass.Train(0));
        }
        catch (ShapeMismatchException e)
        {
            string option = role == NetworkRoles.Teacher && config.Teacher.BatchSize > 0 ? "teacher.batchSize" : "training.batchSize";
            throw new HeteroAkdException(
                $"{role}: {name} cannot be trained with one image of {width}x{height} a step, because it averages maps down to one pixel ({e.Message}); set "
                    + $"{option} to 2 or more", e);
        }
    }

    // Without a teacher there is nothing to be learnt from them.
    private ISegmentationDataset? UnlabelledFor(string role, IObjective objective)
    {
        if (data.Unlabelled is null || objective is not DistillationObjective distillation)
        {
            return null;
        }

        bool taught = distillation.Terms.Any(term => term.Factor > 0 && (!term.NeedsLabels || config.Data.UnlabelledThreshold > 0));
        say($"{role}: {data.Unlabelled.Count} unlabelled images beside {data.Student.Count} labelled ones");
        if (!taught)
        {
            data.Warn($"{role}: every term needs labels, so no loss sees the unlabelled images; set data.unlabelledThreshold or add a term such as kd");
        }

        return data.Unlabelled;
    }

    private PlannedTraining Plan(NetworkRole role, SegmentationModel model, IObjective objective)
    {
        bool teacher = role == NetworkRole.Teacher;
        TrainingJob job = new()
        {
            Role = teacher ? NetworkRoles.Teacher : NetworkRoles.Student,
            Model = model,
            Objective = objective,
            Seed = Seed(role),
            Optimizer = teacher && config.Teacher.Lr > 0 ? config.Optimizer with { Lr = config.Teacher.Lr } : config.Optimizer,
            Schedule = config.Schedule,
            Training = config.Training with
            {
                Steps = teacher && config.Teacher.Steps > 0 ? config.Teacher.Steps : config.Training.Steps,
                BatchSize = BatchSize(role),
            },
            Validation = new EvaluatedDataset(data.Validation, Prepared(role, data.Evaluation)),
            Evaluation = config.Evaluation,
            Config = ConfigurationWriter.Write(ConfigurationOf(role) with { Out = "" }), // two equal runs leave equal files
        };
        return new PlannedTraining(job, Images(role), Prepared(role, data.Augmentation));
    }

    private int BatchSize(NetworkRole role) =>
        role == NetworkRole.Teacher && config.Teacher.BatchSize > 0 ? config.Teacher.BatchSize : config.Training.BatchSize;

    private int Seed(NetworkRole role) => role == NetworkRole.Teacher && config.Teacher.Seed >= 0 ? config.Teacher.Seed : config.Seed;

    // What a checkpoint says of normalisation is that of its own network.
    private ExperimentConfig ConfigurationOf(NetworkRole role) => role != NetworkRole.Teacher
        ? config
        : config with
        {
            Augmentation = config.Augmentation with { Mean = _teacher.Mean, Std = _teacher.Std },
            Teacher = config.Teacher with { Mean = [], Std = [] },
        };

    private static Normalization NormalizationOf(AugmentationConfig augmentation) => new(augmentation.Mean, augmentation.Std);

    private static Vector3 Vector(IReadOnlyList<double> values) => new((float)values[0], (float)values[1], (float)values[2]);
}
