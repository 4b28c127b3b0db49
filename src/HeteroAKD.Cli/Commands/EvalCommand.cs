using System.CommandLine;
using System.Globalization;
using HeteroAKD.Training.Commands;
using HeteroAKD.Training.Evaluation;

namespace HeteroAKD.Cli.Commands;

/// <summary><c>heteroakd eval CHECKPOINT…</c>.</summary>
internal sealed class EvalCommand : Command
{
    private readonly Argument<string[]> checkpoints = new("CHECKPOINT")
    {
        Description = "Checkpoints; several stand side by side, for example teacher and student",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string> split = new("--split") { Description = "val or test", HelpName = "name", DefaultValueFactory = _ => "val" };

    public EvalCommand(IEvaluateCommand service, CommonOptions options, Terminal terminal, CancellationToken cancellation)
        : base("eval", "Measure checkpoints on the data set that they were trained on")
    {
        split.AcceptOnlyFromAmong("val", "test");
        Add(checkpoints);
        Add(split);
        SetAction(result =>
        {
            var request = new EvaluateRequest(result.GetRequiredValue(checkpoints), result.GetRequiredValue(split), options.Overrides(result, withOut: false));
            EvaluateOutcome outcome = terminal.WithProgress(progress => service.Run(request, progress, cancellation));
            Write(terminal.Out, outcome, request.Split);
            return ExitCode.Success;
        });
    }

    private static void Write(TextWriter output, EvaluateOutcome outcome, string split)
    {
        var about = new TextTable("network", "model", "parameters", "images", "seconds") { Words = [0, 1] };
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
