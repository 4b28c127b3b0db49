using System.CommandLine;
using System.Globalization;
using HeteroAKD.Data;
using HeteroAKD.Experiments;
using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Training.Evaluation;

namespace HeteroAKD.Cli.Commands;

/// <summary><c>heteroakd data check DIR</c>.</summary>
internal sealed class DataCheckCommand : Command
{
    private const string DefaultFolder = "data-check";
    private const int ShownOfAKind = 3;

    private readonly Argument<string> _root = new("DIR") { Description = "The data set's folder; looked for here, then under $HETEROAKD_DATA" };

    private readonly Option<string?> _kind = new Option<string?>("--kind") { Description = "Its layout; by default it is detected", HelpName = "kind" }
        .OneOf([.. DatasetLayout.All.Select(layout => layout.Kind)]);

    private readonly Option<bool> _fixList = new("--fix-list")
    {
        Description = "Write lists without the bad pairs (SPLIT.fixed.txt) and a class file into "
        + "--out"
    };

    public DataCheckCommand(IDataCheckCommand service, CommonOptions options, Terminal terminal, CancellationToken cancellation)
        : base("check", $"Decode every image and label, show class shares and weights, draw a contact sheet; files go to --out, by default {DefaultFolder}")
    {
        Add(_root);
        Add(_kind);
        Add(_fixList);
        SetAction(result =>
        {
            // 'list' is a placeholder, since only the service detects the kind: it accepts options, such as data.storedLabels, that other kinds would refuse.
            DataConfig data = ConfigurationReader.ReadText("", "--set", ["data.kind=list", "data.root=.", .. options.Overrides(result, withOut: false)]).Data;
            DataCheckRequest request = new(
                result.GetRequiredValue(_root), result.GetValue(_kind) ?? "", result.GetValue(options.Out) ?? DefaultFolder,
                result.GetValue(_fixList), result.GetValue(options.Threads) ?? 0, new ImageLimits(data.MaxPixels),
                ExperimentData.LayoutOptionsOf(data));
            DataCheckOutcome outcome = terminal.WithProgress(progress => service.Run(request, progress, cancellation));
            Write(terminal.Out, outcome, request);
            return outcome.CanTrain ? ExitCode.Success : ExitCode.Failure;
        });
    }

    private static void Write(TextWriter output, DataCheckOutcome outcome, DataCheckRequest request)
    {
        output.WriteLine($"{outcome.Name} ({outcome.Kind}) in {outcome.Root}, {outcome.Classes.Count} classes, id {outcome.Classes.IgnoreIndex} ignored\n");
        output.WriteLine(SplitTable(outcome));
        foreach ((string name, SplitCheck check) in outcome.Splits.Take(1))
        {
            output.WriteLine($"classes of {name}\n");
            output.WriteLine(ClassTable(outcome.Classes, check.Statistics));
        }

        foreach (string note in outcome.Notes)
        {
            output.WriteLine($"note: {note}");
        }

        foreach (string warning in outcome.Warnings)
        {
            output.WriteLine($"warning: {warning}");
        }

        WriteBad(output, outcome);
        foreach (string file in outcome.Files)
        {
            output.WriteLine($"wrote {file}");
        }

        if (request.FixList)
        {
            output.WriteLine(FixedConfiguration(outcome, request.OutputFolder));
        }
    }

    private static TextTable SplitTable(DataCheckOutcome outcome)
    {
        TextTable table = new("split", "images", "bad", "width", "height", "ignored %");
        foreach ((string name, SplitCheck check) in outcome.Splits)
        {
            double pixels = check.Statistics.LabelledPixels + check.Statistics.IgnoredPixels;
            table.Row(name, Number(check.Dataset.Count), Number(check.Bad.Count), Range(check.Smallest.Width, check.Largest.Width),
                Range(check.Smallest.Height, check.Largest.Height), Percent(check.Statistics.IgnoredPixels / Math.Max(1, pixels)));
        }

        return table;
    }

    private static TextTable ClassTable(ClassSet classes, ClassStatistics statistics)
    {
        double[] shares = statistics.Shares(), median = statistics.MedianFrequencyWeights(), enet = statistics.EnetWeights();
        TextTable table = new("class", "id", "pixels", "share %", "median weight", "enet weight");
        for (int c = 0; c < classes.Count; c++)
        {
            table.Row(classes.Names[c], Number(c), Number(statistics.Pixels[c]), Percent(shares[c]), Weight(median[c]), Weight(enet[c]));
        }

        return table;
    }

    private static void WriteBad(TextWriter output, DataCheckOutcome outcome)
    {
        BadPair[] bad = [.. outcome.Splits.SelectMany(split => split.Check.Bad)];
        foreach (IGrouping<string, BadPair> kind in bad.GroupBy(pair => pair.Remedy.Length > 0 ? pair.Remedy : pair.Reason))
        {
            foreach (BadPair pair in kind.Take(ShownOfAKind))
            {
                output.WriteLine($"bad: {pair.Reason}");
            }

            if (kind.Count() > ShownOfAKind)
            {
                output.WriteLine($"     ... and {kind.Count() - ShownOfAKind} more of this kind");
            }
        }

        int pairs = outcome.Splits.Sum(split => split.Check.Dataset.Count);
        output.WriteLine(
            bad.Length > 0 ? $"{bad.Length} of {pairs} pairs are bad"
            : !outcome.CanTrain ? $"all {pairs} pairs can be read, but there is nothing to learn: see the warnings"
            : outcome.Warnings.Count > 0 ? $"all {pairs} pairs can be read; see the warnings"
            : $"all {pairs} pairs are good");
    }

    private static string FixedConfiguration(DataCheckOutcome outcome, string folder)
    {
        string List(string split) => outcome.Splits.Any(s => s.Name == split) ? $"{split}.fixed.txt" : "''";
        return $"""

            to use them:
            data:
              kind: list
              root: {Path.GetFullPath(folder)}
              train: {List("train")}
              val: {List("val")}
              test: {List("test")}
              ignoreLabel: {Number(outcome.Classes.IgnoreIndex)}
              storedLabels: {outcome.Splits[0].Check.Dataset.Map.Name}
            """;
    }

    private static string Range(int low, int high) => low == high ? Number(low) : $"{Number(low)}-{Number(high)}";

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Percent(double share) => (100 * share).ToString("F3", CultureInfo.InvariantCulture);

    private static string Weight(double weight) => weight.ToString("G4", CultureInfo.InvariantCulture);
}
