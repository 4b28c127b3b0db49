using System.CommandLine;
using System.Globalization;
using HeteroAKD.Experiments.Commands;
using HeteroAKD.Training.Evaluation;

namespace HeteroAKD.Cli.Commands;

/// <summary><c>heteroakd analyze</c>: what trained networks have in common.</summary>
internal sealed class AnalyzeCommand : Command
{
    public AnalyzeCommand(ICkaCommand cka, CommonOptions options, Terminal terminal, CancellationToken cancellation)
        : base("analyze", "Look into trained networks")
    {
        Add(new CkaCommand(cka, options, terminal, cancellation));
    }
}

/// <summary><c>heteroakd analyze cka A B</c>.</summary>
internal sealed class CkaCommand : Command
{
    private readonly Argument<string> _first = new("A") { Description = "A checkpoint, such as the teacher's" };

    private readonly Argument<string> _second = new("B")
    {
        Description = "Another one, on whose data both are compared; distilled-last.safetensors holds projectors, too",
    };

    private readonly Option<string?> _split = new Option<string?>("--split")
    {
        Description = "val or test",
        HelpName = "name",
        DefaultValueFactory = _ => "val",
    }.OneOf("val", "test");

    public CkaCommand(ICkaCommand service, CommonOptions options, Terminal terminal, CancellationToken cancellation)
        : base("cka", "Compare the maps of two networks, stage by stage, by centred kernel alignment")
    {
        Add(_first);
        Add(_second);
        Add(_split);
        SetAction(result =>
        {
            CkaRequest request = new(
                result.GetRequiredValue(_first), result
                    .GetRequiredValue(_second), result.GetValue(_split)!, options.Overrides(result, withOut: false), result
                    .GetValue(options.Out) ?? "");
            CkaOutcome outcome = terminal.WithProgress(progress => service.Run(request, progress, cancellation));
            terminal.Out.WriteLine(
                $"CKA on {outcome.Images} images of {request.Split}; 1: equal up to rotation and scale, 0: independent. Rows: {request.First}, columns: "
                    + $"{request.Second}\n");
            terminal.Out.WriteLine(Table("linear", outcome, outcome.Linear));
            terminal.Out.Write(Table("Gaussian", outcome, outcome.Rbf));
            if (request.OutputFolder.Length > 0)
            {
                terminal.Out.WriteLine($"\ncka.csv and cka.png are in {request.OutputFolder}");
            }

            return ExitCode.Success;
        });
    }

    private static TextTable Table(string kernel, CkaOutcome outcome, double[,] values)
    {
        TextTable table = new([kernel, .. outcome.Second]);
        for (int i = 0; i < outcome.First.Count; i++)
        {
            table.Row([outcome.First[i], .. Enumerable.Range(0, outcome.Second.Count).Select(j => Number(values[i, j]))]);
        }

        return table;
    }

    // CKA with a constant map is undefined.
    private static string Number(double value) => double.IsNaN(value) ? "-" : value.ToString("F3", CultureInfo.InvariantCulture);
}
