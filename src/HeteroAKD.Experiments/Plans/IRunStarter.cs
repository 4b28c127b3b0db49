using System.Globalization;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Plans;

/// <summary>One training as a command: what is needed to start it.</summary>
public sealed record RunCommand
{
    /// <summary>Configuration file.</summary>
    public required string Config { get; init; }

    /// <summary>The network that is trained, one of <see cref="NetworkRoles"/>.</summary>
    public required string Role { get; init; }

    /// <summary>Settings as <c>--set</c> takes them.</summary>
    public required IReadOnlyList<string> Overrides { get; init; }

    /// <summary>The seed.</summary>
    public required int Seed { get; init; }

    /// <summary>Worker threads.</summary>
    public required int Threads { get; init; }

    /// <summary>Device; empty for the configured one.</summary>
    public string Device { get; init; } = "";

    /// <summary>The run folder.</summary>
    public required string Folder { get; init; }

    /// <summary>Folder that keeps the teacher's outputs; empty for none.</summary>
    public string TeacherOutputs { get; init; } = "";

    /// <summary>What to do with a run that is there.</summary>
    public required RunMode Mode { get; init; }

    /// <summary>The words after the program's name.</summary>
    public IReadOnlyList<string> Arguments =>
    [
        "train", Config, "--network", Role,
        .. Overrides.SelectMany(text => (string[])["--set", text]),
        "--seed", Seed.ToString(CultureInfo.InvariantCulture),
        "--threads", Threads.ToString(CultureInfo.InvariantCulture),
        .. Device.Length > 0 ? (string[])["--device", Device] : [],
        "--out", Folder,
        .. TeacherOutputs.Length > 0 ? (string[])["--teacher-outputs", TeacherOutputs] : [],
        .. Mode == RunMode.Resume ? (string[])["--resume"] : [],
    ];
}

/// <summary>How a run ended.</summary>
/// <param name="Code">Exit code: 0 where its summary is written.</param>
/// <param name="Error">What it said last about what went wrong; empty after code 0.</param>
public sealed record RunExit(int Code, string Error);

/// <summary>Starts trainings.</summary>
public interface IRunStarter
{
    /// <summary>Starts a training and completes when it has ended. On cancellation it is asked to save and stop, and the task completes when it did.</summary>
    Task<RunExit> Run(RunCommand command, CancellationToken cancellation);
}
