using System.Collections.Concurrent;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Plans;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Training.Evaluation;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Tests.Plans;

/// <summary>Leaves what a training leaves, at once, with a score that the test chooses.</summary>
internal sealed class FakeStarter : IRunStarter
{
    private int _active;
    private int _mostActive;

    /// <summary>Every command, in the order of their starts.</summary>
    public ConcurrentQueue<RunCommand> Started { get; } = new();

    /// <summary>Most runs at once.</summary>
    public int MostActive => _mostActive;

    /// <summary>The test mIoU of a run.</summary>
    public Func<ExperimentConfig, double> Score { get; init; } = config => 0.3 + (0.01 * config.Seed);

    /// <summary>The test IoU of each class; NaN for one without pixels.</summary>
    public Func<ExperimentConfig, double[]> ClassScores { get; init; } = _ => [0.1];

    /// <summary>The same of the average of its weights; NaN where none is kept.</summary>
    public Func<ExperimentConfig, double> AverageScore { get; init; } = _ => double.NaN;

    /// <summary>The mean IoU of a run's teacher on the student's images.</summary>
    public Func<ExperimentConfig, double?> TeacherScore { get; init; } = _ => null;

    /// <summary>The device of a run, as its summary words it.</summary>
    public Func<ExperimentConfig, string> Device { get; init; } = _ => "cpu (8 lanes)";

    /// <summary>The error of a run; empty where it ends well.</summary>
    public Func<ExperimentConfig, string> Error { get; init; } = _ => "";

    /// <summary>Training seconds of a run.</summary>
    public Func<ExperimentConfig, double> Seconds { get; init; } = _ => 7;

    /// <summary>Runs wait for this, or for the cancellation.</summary>
    public Func<ExperimentConfig, Task> Wait { get; init; } = _ => Task.CompletedTask;

    public async Task<RunExit> Run(RunCommand command, CancellationToken cancellation)
    {
        Started.Enqueue(command);
        ExperimentConfig config = ConfigurationReader.ReadFile(command.Config, [.. command.Overrides, $"seed={command.Seed}", $"out={command.Folder}"]);
        using RunFolder folder = RunFolder.Open(command.Folder, "", command.Mode);
        folder.Begin(config);
        int now = Interlocked.Increment(ref _active);
        _mostActive = Math.Max(_mostActive, now);
        try
        {
            await Wait(config).WaitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            return new RunExit(130, "stopped");
        }
        finally
        {
            Interlocked.Decrement(ref _active);
        }

        if (Error(config) is { Length: > 0 } error)
        {
            return new RunExit(1, error);
        }

        File.WriteAllText(folder.File("teacher.safetensors"), "");
        folder.WriteSummary(Summary(command.Role, config));
        return new RunExit(0, "");
    }

    private RunSummary Summary(string role, ExperimentConfig config) => new()
    {
        Version = "0",
        Device = Device(config),
        Threads = 1,
        Seed = config.Seed,
        Seconds = Seconds(config),
        PeakMemoryBytes = 1,
        Classes = ["a"],
        Networks =
        [
            new NetworkSummary
            {
                Role = role, Model = "m", Parameters = 1, Steps = config.Training.Steps, Seconds = Seconds(config), TrainingImages = 1,
                Scores = new Dictionary<string, SegmentationScores>
                {
                    ["val"] = new(0.1, 0.2, 0.3, double.NaN, [0.1]), ["test"] = new(Score(config), 0.6, 0.7, 0.8, ClassScores(config)),
                },
                TeacherMeanIoU = TeacherScore(config),
                AverageScores = double.IsNaN(AverageScore(config)) ? null
                    : new Dictionary<string, SegmentationScores> { ["test"] = new(AverageScore(config), 0.6, 0.7, 0.8, [0.1]) },
            },
        ],
    };
}

/// <summary>Keeps what is said.</summary>
internal sealed class KeptProgress : IProgressSink
{
    public List<string> Lines { get; } = [];

    public (int Steps, int Done) Begun { get; private set; }

    public void Begin(string task, int steps, int done = 0) => Begun = (steps, done);

    public void Report(in StepProgress progress)
    {
    }

    public void Say(string line) => Lines.Add(line);
}
