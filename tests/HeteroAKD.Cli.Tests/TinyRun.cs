namespace HeteroAKD.Cli.Tests;

/// <summary>Experiment files for runs of a second or two.</summary>
internal static class TinyRun
{
    /// <summary>32x32 scenes, tiny networks of both families.</summary>
    public const string Scenes = """
        device: cpu
        threads: 1
        data:
          size: {width: 32, height: 32}
          trainCount: 6
          valCount: 2
          testCount: 2
          studentEvery: 2
        teacher: {model: tiny-mit-student, steps: 2}
        student: {model: tiny-cnn-student}
        optimizer: {accumulate: 2}
        training: {steps: 4, batchSize: 2, evalEvery: 0, logEvery: 1, checkpointEvery: 0}
        distillation: {baseline: false}

        """;

    /// <summary>As <see cref="Scenes"/>, on the list files of a folder.</summary>
    public static string Lists(string root) =>
        Scenes.Replace("studentEvery: 2", $"kind: list\n  root: '{root}'\n  val: train.txt\n  test: ''", StringComparison.Ordinal);
}
