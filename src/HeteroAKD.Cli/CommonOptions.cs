using System.CommandLine;
using System.Globalization;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Tensors;

namespace HeteroAKD.Cli;

/// <summary>The options that every command takes. Those that stand for a configuration key are overrides after all <c>--set</c>.</summary>
internal sealed class CommonOptions
{
    private const int MostThreads = 1024;

    public Option<string[]> Set { get; } = new("--set")
    {
        Description = "Override an option of the configuration, e.g. --set optimizer.lr=1e-3; for 'op', an attribute",
        HelpName = "key=value",
        Arity = ArgumentArity.OneOrMore,
        Recursive = true,
    };

    public Option<string?> Out { get; } = new Option<string?>("--out")
    {
        Description = "Run folder, or for eval, predict, import, export and op where the results go",
        HelpName = "path",
        Recursive = true,
    }.Path();

    public Option<string?> Device { get; } = new Option<string?>("--device")
    {
        Description = "auto, cpu, cuda, opencl or ilgpu-cpu",
        HelpName = "name",
        Recursive = true,
    }.OneOf(["auto", .. Tensors.Device.Names]);

    public Option<int?> Threads { get; } = new Option<int?>("--threads")
    {
        Description = "Worker threads of the cpu device; 0 for every core",
        HelpName = "n",
        Recursive = true,
    }.Whole(0, MostThreads);

    public Option<MatrixPrecision?> Precision { get; } = new Option<MatrixPrecision?>("--precision")
    {
        Description = "What products round their factors to: fp32, tf32 or bf16 (the last two on cuda); with bf16 activations are stored so, too",
        HelpName = "name",
        Recursive = true,
    }.OneOf();

    public Option<int?> Seed { get; } = new Option<int?>("--seed")
    {
        Description = "Seed of weights, order and augmentation",
        HelpName = "n",
        Recursive = true,
    }.Whole(0);

    public Option<bool> Resume { get; } = new("--resume") { Description = "Continue the run in the run folder", Recursive = true };

    public Option<bool> AcceptChanges { get; } = new("--accept-changes")
    {
        Description = "With --resume: go on although the data, or files that the run began from, have changed",
        Recursive = true,
    };

    public Option<bool> Force { get; } = new("--force") { Description = "Replace the run in the run folder", Recursive = true };

    public Option<bool> Debug { get; } = new("--debug") { Description = "Show the stack trace of an error", Recursive = true };

    /// <summary>Adds the options to the root, from where every command has them.</summary>
    public void AddTo(RootCommand root)
    {
        root.Add(Set);
        root.Add(Out);
        root.Add(Device);
        root.Add(Threads);
        root.Add(Precision);
        root.Add(Seed);
        root.Add(Resume);
        root.Add(AcceptChanges);
        root.Add(Force);
        root.Add(Debug);
        Set.Validators.Add(result =>
        {
            foreach (string text in result.Tokens.Select(t => t.Value).Where(text => text.IndexOf('=') < 1))
            {
                result.AddError($"{Set.Name} takes key=value, such as optimizer.lr=1e-3, not '{VisibleText.Name(text)}'");
            }
        });
        Force.Validators.Add(result =>
        {
            if (result.GetValue(Resume) && result.GetValue(Force))
            {
                result.AddError("--resume and --force exclude each other");
            }
        });
        AcceptChanges.Validators.Add(result =>
        {
            if (result.GetValue(AcceptChanges) && !result.GetValue(Resume))
            {
                result.AddError("--accept-changes goes with --resume");
            }
        });
    }

    /// <summary>Overrides of a configuration, in order.</summary>
    /// <param name="result">The parsed line.</param>
    /// <param name="withOut">Whether <c>--out</c> is the run folder.</param>
    public List<string> Overrides(ParseResult result, bool withOut)
    {
        List<string> overrides = [.. result.GetValue(Set) ?? []];
        if (result.GetValue(Device) is { } device)
        {
            overrides.Add($"device={device}");
        }

        if (result.GetValue(Threads) is { } threads)
        {
            overrides.Add($"threads={threads.ToString(CultureInfo.InvariantCulture)}");
        }

        if (result.GetValue(Precision) is { } precision)
        {
            overrides.Add($"precision={precision.ToString().ToLowerInvariant()}");
        }

        if (result.GetValue(Seed) is { } seed)
        {
            overrides.Add($"seed={seed.ToString(CultureInfo.InvariantCulture)}");
        }

        if (withOut && result.GetValue(Out) is { } folder)
        {
            overrides.Add($"out={folder}");
        }

        return overrides;
    }

    /// <summary>What to do with a run that is there.</summary>
    public RunMode Mode(ParseResult result) => !result.GetValue(Resume) ? (result.GetValue(Force) ? RunMode.Force : RunMode.New)
        : result.GetValue(AcceptChanges) ? RunMode.ResumeChanged : RunMode.Resume;
}
