using System.Globalization;
using HeteroAKD.Distillation;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Plans;

/// <summary>Turns a plan into runs. Every arm's settings are resolved, and so checked, before anything runs.</summary>
internal sealed class PlanLayout
{
    private const string TeachersFolder = "_teachers";  // no arm can be called so

    private static readonly string[] s_owned = ["seed", "out"];

    private readonly Plan _plan;
    private readonly string _root;
    private readonly Dictionary<string, PlannedRun> _teachers = [];
    private readonly Dictionary<string, string> _contents = [];  // of files, by path: read once
    private readonly HashSet<(string Arm, string Cell)> _unfixed = [];

    /// <summary>Checks the plan.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="root">Folder of the run folders.</param>
    /// <param name="steps">Budget of seconds: the steps of an arm in a cell, null where they are not fixed yet.</param>
    /// <exception cref="ConfigurationException">A setting is no option, or options contradict each other; with the plan's line.</exception>
    public PlanLayout(Plan plan, string root, Func<PlannedRun, int?>? steps = null)
    {
        _plan = plan;
        _root = root;
        foreach (PlanPart part in plan.Teachers)
        {
            // Teachers of equal settings are one run: the first one's.
            PlannedRun teacher = SharedTeacher(part);
            _teachers.Add(part.Name, _teachers.Values.FirstOrDefault(t => t.Key == teacher.Key) ?? teacher);
        }

        List<PlannedRun> runs = [];
        foreach (PlanPart cell in plan.Cells)
        {
            foreach (PlanPart arm in plan.Arms)
            {
                PlannedRun first = Of(arm, cell);
                runs.Add(first);
                if (!double.IsNaN(plan.BudgetSeconds))
                {
                    if (steps?.Invoke(first) is { } count)
                    {
                        runs[^1] = WithSteps(first, count);
                    }
                    else
                    {
                        _unfixed.Add((arm.Name, cell.Name));
                    }
                }
            }
        }

        FirstSeed = runs;
        Runs = [.. plan.Seeds.SelectMany(seed => runs.Select(run => WithSeed(run, seed)))];
    }

    /// <summary>Each cell's arms once, on the first seed.</summary>
    public IReadOnlyList<PlannedRun> FirstSeed { get; }

    /// <summary>
    /// All runs, seed by seed: differences between arms show from the first seed on. Runs of one <see cref="PlannedRun.Key"/> are the same run.
    /// </summary>
    public IReadOnlyList<PlannedRun> Runs { get; }

    /// <summary>The arms, a run each, whose steps the budget has not fixed yet; their runs have the configured steps.</summary>
    public IReadOnlyList<PlannedRun> Unfixed => [.. FirstSeed.Where(r => _unfixed.Contains((r.Arm, r.Cell)))];

    /// <summary>The runs that can start: all but those whose steps the budget has not fixed yet.</summary>
    public IReadOnlyList<PlannedRun> Ready => [.. Runs.Where(r => !_unfixed.Contains((r.Arm, r.Cell)))];

    /// <summary>The runs of the shared teachers, each once.</summary>
    public IReadOnlyCollection<PlannedRun> Teachers => [.. _teachers.Values.DistinctBy(t => t.Key)];

    /// <summary>The configuration file that runs name. Where the plan holds the settings itself, it lies in the folder of the runs and is empty.</summary>
    public string ConfigFile => _plan.BaseFile.Length > 0 ? _plan.BaseFile : Path.Combine(_root, "base.yaml");

    private static IReadOnlyList<string> NoGivenTeacher =>
        ["teacher.onnx=", "teacher.onnxFeatures=[]", "teacher.onnxClassifierInput=", "teacher.logits=", "teacher.classMap={}"];

    private PlannedRun SharedTeacher(PlanPart part)
    {
        IReadOnlyList<Setting> settings = [.. _plan.Common, .. part.Settings];
        string where = $"the shared teacher {part.Name}";
        ExperimentConfig config = Resolve(settings, [], where, part.Line);
        List<string> added = [];
        if (config.Teacher.Checkpoint.Length > 0 || config.Teacher.IsGiven)
        {
            // The teacher of the base is that of arms that name none; this one is trained.
            added.AddRange(["teacher.checkpoint=", .. NoGivenTeacher]);
            config = Resolve(settings, added, where, part.Line);
        }

        // What the student is and sees does not change its teacher.
        ExperimentConfig standard = new();
        ExperimentConfig decisive = config with
        {
            Student = standard.Student,
            Distillation = standard.Distillation,
            Data = config.Data with { StudentEvery = standard.Data.StudentEvery, StudentLimit = standard.Data.StudentLimit },
        };
        return new PlannedRun
        {
            Role = NetworkRoles.Teacher,
            Arm = part.Name,
            Cell = "",
            Seed = config.Seed,
            Overrides = [.. settings.Select(s => s.Override), .. added],
            Config = config,
            Place = Path.Combine(_root, TeachersFolder, part.Name),
        }.WithSettings($"teacher; {Text(decisive)}");
    }

    private PlannedRun Of(PlanPart arm, PlanPart cell)
    {
        IReadOnlyList<Setting> settings = [.. _plan.Common, .. cell.Settings, .. arm.Settings];
        foreach (Setting owned in settings.Where(s => s_owned.Contains(s.Key)))
        {
            throw new ConfigurationException(
                _plan.Path,
                owned.Line,
                owned.Key == "seed" ? "a run's seed comes from 'seeds:'; leave out seed" : "a plan chooses the run folders; leave out out");
        }

        string where = cell.Name.Length > 0 ? $"the arm {arm.Name} in the cell {cell.Name}" : $"the arm {arm.Name}";
        ExperimentConfig config = Resolve(settings, [], where, arm.Line);
        if (_plan.Compare.OfAverage && config.Training.Ema <= 0)
        {
            throw new ConfigurationException(_plan.Path, arm.Line, $"{where} keeps no average of weights, which compare.weights asks for; set training.ema");
        }

        bool distils = config.Distillation.WeightedTerms().Count > 0;
        PlannedRun? teacher = distils && (Names(arm, cell) || (config.Teacher.Checkpoint.Length == 0 && !config.Teacher.IsGiven)) ? TeacherOf(arm, cell) : null;
        List<string> added = [];
        if (teacher is not null)
        {
            added.Add($"teacher.model={teacher.Config.Teacher.Model}");
            added.Add($"teacher.checkpoint={Checkpoint(teacher)}");
            added.Add("teacher.pretrained=");  // the teacher's training began from it; its checkpoint has every weight
            added.AddRange(config.Teacher.IsGiven ? NoGivenTeacher : []);
        }

        PlannedRun run = new PlannedRun
        {
            Role = distils ? NetworkRoles.Distilled : NetworkRoles.Student,
            Arm = arm.Name,
            Cell = cell.Name,
            Seed = 0,
            Overrides = [.. settings.Select(s => s.Override), .. added],
            Config = Resolve(settings, added, where, arm.Line),
            Teacher = teacher,
            Place = Path.Combine(_root, arm.Name, cell.Name),
        };
        return WithSeed(Described(run), _plan.Seeds.First());
    }

    /// <summary>File of a shared teacher's network.</summary>
    internal static string Checkpoint(PlannedRun teacher) => Path.Combine(teacher.Folder, NetworkTrainer.NetworkFile(NetworkRoles.Teacher));

    // A shared teacher wins over the checkpoint of the base, and an arm over its cell.
    private static bool Names(PlanPart arm, PlanPart cell) =>
        arm.Teacher.Length > 0 || (cell.Teacher.Length > 0 && !arm.Settings.Any(s => s.Key == "teacher.checkpoint" && s.Value.Length > 0));

    private PlannedRun TeacherOf(PlanPart arm, PlanPart cell)
    {
        string name = arm.Teacher.Length > 0 ? arm.Teacher : cell.Teacher.Length > 0 ? cell.Teacher : _teachers.Count == 1 ? _teachers.Keys.Single() : "";
        return name.Length > 0
            ? _teachers[name]
            : throw new ConfigurationException(_plan.Path, arm.Line, _teachers.Count == 0
                ? $"the arm {arm.Name} distils and has no teacher; add one below shared.teachers, or set teacher.checkpoint"
                : $"the arm {arm.Name} distils and does not say from whom; write 'teacher: NAME' in it or in its cell, with one of "
                    + $"{string.Join(", ", _teachers.Keys)}");
    }

    private PlannedRun WithSteps(PlannedRun run, int steps) => Described(run with
    {
        Overrides = [.. run.Overrides, $"training.steps={steps.ToString(CultureInfo.InvariantCulture)}"],
        Config = run.Config with { Training = run.Config.Training with { Steps = steps } },
    });

    private static PlannedRun WithSeed(PlannedRun run, int seed) => run with { Seed = seed, Config = run.Config with { Seed = seed } };

    // A student trained alone is the same run whatever teacher and unlabelled images are configured, so they are left out. A shared teacher is identified by
    // its own settings, not by the path of its checkpoint; the normalisation of its images (teacher.mean, teacher.std) is a setting of the distilled run.
    private PlannedRun Described(PlannedRun run)
    {
        ExperimentConfig standard = new();
        ExperimentConfig config = run.Config with { Seed = standard.Seed };
        string text = run.Role == NetworkRoles.Student
            ? Text(config with
            {
                Teacher = standard.Teacher,
                Distillation = standard.Distillation with { Method = Recipes.None },
                Data = config.Data with
                {
                    Unlabelled = standard.Data.Unlabelled,
                    UnlabelledCount = standard.Data.UnlabelledCount,
                    UnlabelledBatch = standard.Data.UnlabelledBatch,
                    UnlabelledThreshold = standard.Data.UnlabelledThreshold,
                },
            })
            : Text(config with
            {
                Teacher = run.Teacher is null ? config.Teacher
                    : standard.Teacher with { Model = config.Teacher.Model, Mean = config.Teacher.Mean, Std = config.Teacher.Std },
                Distillation = config.Distillation with { Baseline = standard.Distillation.Baseline },
            });
        return run.WithSettings(run.Teacher is { } teacher ? $"{text}; from teacher {teacher.Hash} seed {teacher.Seed}" : text);
    }

    // Settings that name a file of weights count with its content: another file at the same place makes another run.
    private string Text(ExperimentConfig config) =>
        string.Concat(
            [SettingsText.Canonical(config), .. JobFactory.Files(config).Where(f => File.Exists(f.Path)).Select(f => $"; {f.Option} holds {Content(f.Path)}")]);

    private string Content(string path)
    {
        if (!_contents.TryGetValue(path, out string? digits))
        {
            _contents[path] = digits = SettingsText.HashOfFile(path);
        }

        return digits;
    }

    private ExperimentConfig Resolve(IReadOnlyList<Setting> settings, IReadOnlyList<string> added, string who, long line)
    {
        IEnumerable<string> overrides = settings.Select(s => s.Override).Concat(added);
        string source = _plan.BaseFile.Length > 0 ? _plan.BaseFile : _plan.Path;
        try
        {
            ExperimentConfig config = _plan.BaseFile.Length > 0 ? ConfigurationReader.ReadFile(_plan.BaseFile, overrides)
                : ConfigurationReader.ReadText("", source, overrides);

            // Each run trains one network; the controls of a plan are arms.
            return config with { Distillation = config.Distillation.WithoutControl() };
        }
        catch (ConfigurationException e)
        {
            // The reader knows the override; the plan knows its line. Rules between options have no line: there the arm's stands.
            foreach (Setting setting in settings)
            {
                string prefix = $"--set {setting.Override}: ";
                if (e.Message.StartsWith(prefix, StringComparison.Ordinal))
                {
                    throw new ConfigurationException(_plan.Path, setting.Line, e.Message[prefix.Length..], e);
                }
            }

            string rule = $"{source}: ";
            if (e.Message.StartsWith(rule, StringComparison.Ordinal) && File.Exists(source))
            {
                throw new ConfigurationException(_plan.Path, line, $"{who}: {e.Message[rule.Length..]}", e);
            }

            throw;
        }
    }
}
