using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using HeteroAKD.Experiments.Commands;
using HeteroAKD.Training.Evaluation;

namespace HeteroAKD.Cli.Commands;

/// <summary><c>heteroakd eval CHECKPOINT…</c>.</summary>
internal sealed class EvalCommand : Command
{
    private static readonly string[] s_kinds =
        [.. Enum.GetNames<SavedPictures>().Select(name => name.ToLowerInvariant()).Except([nameof(SavedPictures.None).ToLowerInvariant()])];

    private readonly Argument<string[]> _checkpoints = new("CHECKPOINT")
    {
        Description = "Checkpoints; several stand side by side, for example teacher and student",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string?> _split = new Option<string?>("--split")
    {
        Description = "val or test",
        HelpName = "name",
        DefaultValueFactory = _ => "val",
    }.OneOf("val", "test");

    private readonly Option<SavedPictures> _save = new("--save")
    {
        Description = "Pictures of every image, into --out: color, server (as the data set's evaluation server takes them), overlay; several with commas",
        HelpName = "kinds",
    };

    public EvalCommand(IEvaluateCommand service, CommonOptions options, Terminal terminal, CancellationToken cancellation)
        : base("eval", "Measure checkpoints on the data set that they were trained on")
    {
        Add(_checkpoints);
        Add(_split);
        _save.CustomParser = Pictures;
        Add(_save);
        this.AddRule(result =>
        {
            if (result.GetResult(_save) is { Implicit: false } && result.GetValue(options.Out) is null)
            {
                result.AddError("--save needs a folder: give --out");
            }
        });
        SetAction(result =>
        {
            EvaluateRequest request = new(
                result.GetRequiredValue(_checkpoints), result.GetValue(_split)!, options.Overrides(result, withOut: false), result.GetValue(options.Out)
                    ?? "", result.GetValue(_save));
            EvaluateOutcome outcome = terminal.WithProgress(progress => service.Run(request, progress, cancellation));
            Write(terminal.Out, outcome, request.Split);
            if (request.OutputFolder.Length > 0)
            {
                terminal.Out.WriteLine($"\neval.json and confusion.png are in {request.OutputFolder}");
            }

            return ExitCode.Success;
        });
    }

    private SavedPictures Pictures(ArgumentResult result)
    {
        SavedPictures kinds = SavedPictures.None;
        foreach (string word in result.Tokens.SelectMany(t => t.Value.Split(',', StringSplitOptions.TrimEntries)))
        {
            if (!s_kinds.Contains(word.ToLowerInvariant()))
            {
                return OptionValues.RefuseWord<SavedPictures>(result, _save, s_kinds, word);
            }

            kinds |= Enum.Parse<SavedPictures>(word, ignoreCase: true);
        }

        return kinds;
    }

    private static void Write(TextWriter output, EvaluateOutcome outcome, string split)
    {
        TextTable about = new("network", "model", "parameters", "images", "seconds") { Words = [0, 1] };
        foreach (EvaluatedNetwork network in outcome.Networks)
        {
            about.Row(network.Name, network.Model, network.Parameters.ToString("N0", CultureInfo.InvariantCulture),
                network.Images.ToString(CultureInfo.InvariantCulture), network.Seconds.ToString("F1", CultureInfo.InvariantCulture));
        }

        output.WriteLine($"split {split}\n");
        output.WriteLine(about);
        output.Write(ScoreTable.Render(outcome.ClassNames, [.. outcome.Networks.Select(n => (n.Name, n.Scores))]));
    }
}
