namespace HeteroAKD.Experiments.Plans;

/// <summary>One option with its value, as <c>--set</c> takes it, and where the plan says it.</summary>
/// <param name="Key">Dotted key.</param>
/// <param name="Value">As it is where the option is a text, else YAML on one line.</param>
/// <param name="Line">Line of the plan.</param>
public sealed record Setting(string Key, string Value, long Line)
{
    /// <summary>The text after <c>--set</c>.</summary>
    public string Override => $"{Key}={Value}";
}

/// <summary>A named set of settings: an arm, a cell or a shared teacher.</summary>
public sealed record PlanPart
{
    /// <summary>Its name in tables, results and folders.</summary>
    public required string Name { get; init; }

    /// <summary>Line of the plan.</summary>
    public required long Line { get; init; }

    /// <summary>What it sets, presets first: a preset is a starting point wherever it stands.</summary>
    public required IReadOnlyList<Setting> Settings { get; init; }

    /// <summary>The shared teacher that it names; empty for none.</summary>
    public string Teacher { get; init; } = "";

    /// <summary>Cells: what remains of its name without the axis that names teachers.</summary>
    public string Circumstances { get; init; } = "";

    /// <summary>Arms: where it stands on the horizontal axis of a line plot; NaN for none.</summary>
    public double X { get; init; } = double.NaN;

    /// <summary>Arms: which line of that plot it belongs to.</summary>
    public string Curve { get; init; } = "";
}

/// <summary>Seeds for one purpose. What is chosen on some seeds looks good on them by chance: it has to be confirmed on others.</summary>
/// <param name="Name"><c>choose</c>, <c>confirm</c>, or <c>seeds</c> where the plan makes no difference.</param>
/// <param name="Seeds">The seeds, in order.</param>
public sealed record SeedPhase(string Name, IReadOnlyList<int> Seeds)
{
    /// <summary>The name of seeds that the plan does not tell apart.</summary>
    public const string All = "seeds";

    /// <summary>What titles and sentences call it; empty where the plan makes no difference.</summary>
    public string Title => Name == All ? "" : Name;
}

/// <summary>What is compared.</summary>
/// <param name="Metric">A score that <see cref="Metrics"/> names.</param>
/// <param name="Split">val or test.</param>
/// <param name="Control">The arm that the others are held against; empty for none.</param>
/// <param name="Weights">last, or average: the exponential moving average that <c>training.ema</c> keeps.</param>
public sealed record Comparison(string Metric, string Split, string Control, string Weights = "last")
{
    /// <summary>Name of the score in a <see cref="RunResult"/>.</summary>
    public string Score => OfAverage ? Metrics.AverageScore(Split, Metric) : Metrics.Score(Split, Metric);

    /// <summary>What an axis of differences to the control shows.</summary>
    public string Gain => $"{Split} {Metric}: points above {Control}";

    /// <summary>Whether the average of weights is scored.</summary>
    public bool OfAverage => Weights == "average";
}

/// <summary>An experiment of many runs: arms × cells × seeds, on one base configuration.</summary>
public sealed record Plan
{
    /// <summary>The plan's file.</summary>
    public required string Path { get; init; }

    /// <summary>What it is for, in one line; may be empty.</summary>
    public string About { get; init; } = "";

    /// <summary>The base configuration file; empty where the plan holds the settings itself.</summary>
    public string BaseFile { get; init; } = "";

    /// <summary>Settings of all runs, the base's own (where it is no file) and then <c>set</c>.</summary>
    public IReadOnlyList<Setting> Common { get; init; } = [];

    /// <summary>What is compared, in order.</summary>
    public required IReadOnlyList<PlanPart> Arms { get; init; }

    /// <summary>Circumstances in which every arm runs; one without a name and settings where the plan names none.</summary>
    public required IReadOnlyList<PlanPart> Cells { get; init; }

    /// <summary>Teachers that are trained once and serve all runs that name them.</summary>
    public IReadOnlyList<PlanPart> Teachers { get; init; } = [];

    /// <summary>Seeds by purpose.</summary>
    public required IReadOnlyList<SeedPhase> Phases { get; init; }

    /// <summary>What is compared.</summary>
    public required Comparison Compare { get; init; }

    /// <summary>Seconds of training that each arm gets; NaN where all take the configured steps.</summary>
    public double BudgetSeconds { get; init; } = double.NaN;

    /// <summary>Expected standard deviation of a paired difference in percentage points, for the time before there are results; NaN for unknown.</summary>
    public double ExpectedSd { get; init; } = double.NaN;

    /// <summary>The plan's name: its file's without extension.</summary>
    public string Name => System.IO.Path.GetFileNameWithoutExtension(Path);

    /// <summary>Every seed once, in order of the phases.</summary>
    public IEnumerable<int> Seeds => Phases.SelectMany(p => p.Seeds);

    /// <summary>A file beside the plan, <c>results/NAME.EXTENSION</c>.</summary>
    public string ResultPath(string extension) =>
        System.IO.Path.Combine(System.IO.Path.GetDirectoryName(Path) is { Length: > 0 } folder ? folder : ".", "results", $"{Name}.{extension}");
}
