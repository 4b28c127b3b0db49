using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Plans;

/// <summary>One run of a plan: what to train, and how its result is recognised.</summary>
internal sealed record PlannedRun
{
    /// <summary>The network that it trains, one of <see cref="NetworkRoles"/>.</summary>
    public required string Role { get; init; }

    /// <summary>The arm; of a shared teacher, its name.</summary>
    public required string Arm { get; init; }

    /// <summary>The cell; empty where the plan has none.</summary>
    public required string Cell { get; init; }

    /// <summary>The seed.</summary>
    public required int Seed { get; init; }

    /// <summary>Settings after the base file, as <c>--set</c> takes them.</summary>
    public required IReadOnlyList<string> Overrides { get; init; }

    /// <summary>The experiment as the run will resolve it.</summary>
    public required ExperimentConfig Config { get; init; }

    /// <summary>The canonical text of its settings, its teacher's included, without the seed.</summary>
    public string Settings { get; private init; } = "";

    /// <summary>The shared teacher that must be there before; null for none.</summary>
    public PlannedRun? Teacher { get; init; }

    /// <summary>The folder of its arm and cell, where each seed has a folder; a shared teacher's own.</summary>
    public required string Place { get; init; }

    /// <summary>The run folder.</summary>
    public string Folder => Role == NetworkRoles.Teacher ? Place : Path.Combine(Place, $"seed-{Seed}");

    /// <summary>Stands for <see cref="Settings"/>.</summary>
    public string Hash { get; private init; } = "";

    /// <summary>Two runs of one key are the same run, whatever arm and cell call it.</summary>
    public (string Hash, int Seed) Key => (Hash, Seed);

    /// <summary>How lines on the screen name it.</summary>
    public string Title =>
        string.Join("  ", ((string[])[Role == NetworkRoles.Teacher ? "teacher" : "", Arm, Cell, $"seed {Seed}"]).Where(part => part.Length > 0));

    /// <summary>The run with settings and their hash.</summary>
    internal PlannedRun WithSettings(string text) => this with { Settings = text, Hash = SettingsText.Hash(text) };
}
