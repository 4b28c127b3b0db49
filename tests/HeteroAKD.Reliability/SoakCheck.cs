using System.Globalization;
using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Export;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Reliability;

/// <summary>Does one thing many times in this process and looks whether the resident memory still grows after the first tenth.</summary>
internal sealed class SoakCheck(string root)
{
    private const int Parts = 10;
    private const double Mebibyte = 1 << 20;
    private const double Most = 16;  // MiB that the last tenth may lie above the second: the runtime moves its heaps about

    /// <summary>Runs the check; returns the number of failures.</summary>
    /// <param name="part">Which part of the full counts (10,000 steps; 1,000 evaluations; 300 exports and imports) is done, in (0, 1].</param>
    public int Run(double part)
    {
        string run = Path.Combine(root, "run");
        int steps = Count(10_000, part);
        bool[] flat =
        [
            IsFlat($"{steps} steps", sample => Train(run, steps, sample)),
            Repeat("evaluations", Count(1000, part), () => Evaluate(run)),
            Repeat("exports and imports", Count(300, part), () => Exchange(run)),
        ];
        Console.WriteLine($"soak: {flat.Count(good => good)} of {flat.Length} kept their memory");
        return flat.Count(good => !good);
    }

    private static int Count(int full, double part) => Math.Max(Parts, (int)(full * part));

    private static bool Repeat(string what, int count, Action work) => IsFlat($"{count} {what}", sample =>
    {
        for (int i = 0; i < count; i++)
        {
            work();
            sample((i + 1.0) / count);
        }
    });

    // The largest resident memory of each tenth of the work.
    private static bool IsFlat(string what, Action<Action<double>> work)
    {
        double[] largest = new double[Parts];
        work(done =>
        {
            int part = Math.Min(Parts - 1, (int)(done * Parts));
            largest[part] = Math.Max(largest[part], Environment.WorkingSet / Mebibyte);
        });
        bool flat = largest[^1] <= largest[1] + Most;
        Console.WriteLine(
            $"{what}: {string.Join(", ", largest.Select(m => m.ToString("F0", CultureInfo.InvariantCulture)))} MiB in tenths{(flat ? "" : ": it grows")}");
        return flat;
    }

    private static void Train(string folder, int steps, Action<double> sample)
    {
        ExperimentConfig config = ConfigurationReader.ReadText(
            "", "soak", [
                .. SmallExperiment.Settings, $"training.steps={steps}", "training.checkpointEvery=500", "training.evalEvery=500", "training.logEvery=50",
                $"out={folder}"
            ]);
        RunOutcome outcome = new TrainingService().Run(
            new TrainRequest(config, "soak", RunMode.New, NetworkRole.Student), new StepSink(steps, sample), CancellationToken.None);
        if (outcome.Summary is null)
        {
            throw new InvalidOperationException("the training did not end");
        }
    }

    private static void Evaluate(string folder) =>
        new InferenceService().Run(
            new EvaluateRequest([Path.Combine(folder, "student.safetensors")], "val", []), new StepSink(1, _ => { }), CancellationToken.None);

    private static void Exchange(string folder)
    {
        string weights = Path.Combine(folder, "soak.pth");
        new ExportService().Run(new ExportRequest(Path.Combine(folder, "student.safetensors"), weights, ExportFormat.Pth, []), CancellationToken.None);
        new ImportService().Run(new ImportRequest(weights, "tiny-cnn-student", 0, "", "", false, true, Path.Combine(folder, "soak.safetensors"), []));
    }

    private sealed class StepSink(int steps, Action<double> sample) : IProgressSink
    {
        private bool _training;

        public void Begin(string task, int count, int done = 0) => _training = count == steps;

        public void Report(in StepProgress progress)
        {
            if (_training && progress.Step % 10 == 0)
            {
                sample((double)progress.Step / steps);
            }
        }

        public void Say(string line)
        {
        }
    }
}
