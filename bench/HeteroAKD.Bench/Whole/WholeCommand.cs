using System.CommandLine;
using System.Globalization;
using HeteroAKD.Bench.Libtorch;
using HeteroAKD.Bench.Machine;
using HeteroAKD.Bench.Reports;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Statistics;
using HeteroAKD.Training.Evaluation;
using TorchSharp;

namespace HeteroAKD.Bench.Whole;

/// <summary><c>whole</c>: a whole training, ours and libtorch's, from the same weights on the same batches.</summary>
internal sealed class WholeCommand : Command
{
    private readonly Option<FileInfo> _config = new("--config")
    {
        Description = "The experiment.",
        DefaultValueFactory = _ => new FileInfo("configs/scenes.yaml"),
    };
    private readonly Option<FileInfo?> _teacher = new("--teacher") { Description = "Checkpoint of its trained teacher.", Required = true };
    private readonly Option<int> _seeds = new("--seeds") { Description = "Seeds, from 1 on.", DefaultValueFactory = _ => 5 };
    private readonly Option<int> _threads = new("--threads") { Description = "Threads of both sides.", DefaultValueFactory = _ => Environment.ProcessorCount };
    private readonly Option<string[]> _set = new("--set")
    {
        Description = "A setting of the experiment, such as training.steps=20.",
        DefaultValueFactory = _ => [],
    };

    /// <summary>Declares the command.</summary>
    public WholeCommand()
        : base("whole", "Train the experiment's student with plain KD, once by this engine and once by libtorch, and score both on the test images.")
    {
        foreach (Option option in new Option[] { _config, _teacher, _seeds, _threads, _set })
        {
            Add(option);
        }

        SetAction(Run);
    }

    private int Run(ParseResult arguments)
    {
        if (!LibtorchLibrary.TryLoad(out string peer))
        {
            Console.Error.WriteLine($"there is nothing to compare with: {peer}");
            return 1;
        }

        int threads = arguments.GetValue(_threads);
        torch.set_num_threads(threads);
        MachineInfo machine = MachineInfo.Read(peer);
        Console.WriteLine(
            $"{machine.Cpu}, {machine.Cores} cores, {machine.VectorBits}-bit vectors; {machine.Runtime}; {machine.Date}; peer: {machine.Peer}; {threads} "
                + "threads");
        Console.WriteLine(machine.Warning);
        TextTable table = new("seed", "ours s", "libtorch s", "ratio", "ours mIoU", "libtorch mIoU", "difference");
        List<(WholeResult Ours, WholeResult Theirs)> pairs = [];
        for (int seed = 1; seed <= arguments.GetValue(_seeds); seed++)
        {
            (WholeResult Ours, WholeResult Theirs) pair = Pair(arguments, seed, threads);
            pairs.Add(pair);
            table.Row(
                seed.ToString(CultureInfo.InvariantCulture), Figures.Text($"{pair.Ours.Seconds:F1}"), Figures.Text($"{pair.Theirs.Seconds:F1}"),
                Figures.Ratio(pair.Theirs.Seconds / pair.Ours.Seconds), Percent(pair.Ours.MeanIoU), Percent(pair.Theirs.MeanIoU),
                Percent(pair.Ours.MeanIoU - pair.Theirs.MeanIoU));
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"seed {seed}: ours {pair.Ours.Seconds:F1} s, {100 * pair.Ours.MeanIoU:F2}; libtorch {pair.Theirs.Seconds:F1} s, "
                + $"{100 * pair.Theirs.MeanIoU:F2}"));
        }

        Console.WriteLine();
        Console.Write(table);
        PairedTest test = new([.. pairs.Select(p => p.Ours.MeanIoU)], [.. pairs.Select(p => p.Theirs.MeanIoU)]);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"mIoU, ours minus libtorch's: {100 * test.Mean:+0.00;-0.00} ({100 * test.Interval.Low:+0.00;-0.00} to {100 * test.Interval.High:+0.00;-0.00}, "
            + $"95 %, {test.Count} seeds)"));
        return 0;
    }

    // Turns alternate, so that what slows the machine for a while slows both.
    private (WholeResult Ours, WholeResult Theirs) Pair(ParseResult arguments, int seed, int threads)
    {
        ExperimentConfig config = ConfigurationReader.ReadFile(arguments.GetValue(_config)!.FullName,
        [
            $"seed={seed}", "device=cpu", $"threads={threads}", $"teacher.checkpoint={arguments.GetValue(_teacher)!.FullName}",
            "distillation.method=kd", "distillation.lambda1=2", "distillation.control=none", "training.evalEvery=0", .. arguments.GetValue(_set)!,
        ]);
        using WholeTraining training = new(config);
        if (seed % 2 == 1)
        {
            WholeResult first = training.Ours();
            return (first, training.Theirs());
        }

        WholeResult theirs = training.Theirs();
        return (training.Ours(), theirs);
    }

    private static string Percent(double value) => Figures.Text($"{100 * value:F2}");
}
