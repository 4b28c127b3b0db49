namespace HeteroAKD.Experiments.Plans;

/// <summary>A line of a plan's results.</summary>
internal sealed record RunResult
{
    /// <summary>Kind of a line that holds the measured cost of a step instead of a run.</summary>
    public const string Cost = "cost";

    /// <summary>The network that was trained (teacher, student, distilled), or <see cref="Cost"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>The arm, or the shared teacher's name.</summary>
    public required string Arm { get; init; }

    /// <summary>The cell; empty for none.</summary>
    public required string Cell { get; init; }

    /// <summary>The seed.</summary>
    public required int Seed { get; init; }

    /// <summary>Stands for <see cref="Settings"/>.</summary>
    public required string Hash { get; init; }

    /// <summary>The options that differ from their defaults.</summary>
    public required string Settings { get; init; }

    /// <summary>Training steps; of a cost, those that the budget pays for.</summary>
    public required int Steps { get; init; }

    /// <summary>The working tree's commit; empty where there is none.</summary>
    public required string Commit { get; init; }

    /// <summary>Format version of the run's checkpoint.</summary>
    public required int Format { get; init; }

    /// <summary>Scores by name (<see cref="Metrics.Scores"/>), in [0, 1].</summary>
    public IReadOnlyDictionary<string, double> Scores { get; init; } = new Dictionary<string, double>();

    /// <summary>Splits whose mean IoU is one over fewer classes than are named, such as "test 9 of 11"; empty for none.</summary>
    public string FewerClasses { get; init; } = "";

    /// <summary>Seconds of the run from start to end; of a cost, seconds a step.</summary>
    public double Seconds { get; init; } = double.NaN;

    /// <summary>Device that it ran on: cpu, cuda, opencl or ilgpu-cpu; empty where it is not known.</summary>
    public string Device { get; init; } = "";

    /// <summary>When it ended, UTC.</summary>
    public required DateTime Finished { get; init; }

    /// <summary>Why it has no scores; empty for a run that ended well.</summary>
    public string Error { get; init; } = "";

    /// <summary>What recognises the run.</summary>
    public (string Hash, int Seed) Key => (Hash, Seed);
}
