using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using HeteroAKD.Experiments.Commands;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Evaluation;
using HeteroAKD.Weights.Import;

namespace HeteroAKD.Cli.Commands;

/// <summary><c>heteroakd info</c> for the machine, <c>heteroakd info MODEL</c> for a network.</summary>
internal sealed class InfoCommand : Command
{
    private const double BytesPerGibibyte = 1L << 30;
    private const double BytesPerMebibyte = 1L << 20;

    private readonly Argument<string?> _model = new("MODEL")
    {
        Description = "A network, see --models: shows its stages with parameters, multiply-adds and activation memory",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<bool> _models = new("--models") { Description = "Show the networks and the pretrained weights that there are" };

    private readonly Option<(int Height, int Width)?> _size = new Option<(int Height, int Width)?>("--size")
    {
        Description = "Height and width of the image that goes through MODEL",
        HelpName = "HxW",
        DefaultValueFactory = _ => (1024, 2048),
    }.Size();

    private readonly Option<int> _classes = new Option<int>("--classes")
    {
        Description = "Classes that the network tells apart",
        HelpName = "n",
        DefaultValueFactory = _ => 19,
    }.Whole(1);

    public InfoCommand(IInfoCommand service, Terminal terminal)
        : base("info", "Show the devices of this machine, or what a network consists of and costs")
    {
        Add(_model);
        Add(_models);
        Add(_size);
        Add(_classes);
        _model.Validators.Add(result =>
        {
            // An argument that may be left out takes up an option that does not exist.
            if (result.GetValueOrDefault<string?>() is { } given && given.StartsWith('-'))
            {
                result.AddError($"Unrecognized command or argument '{given}'.");
            }
        });
        this.AddRule(result =>
        {
            bool hasModel = result.GetValue(_model) is not null;
            if (hasModel && result.GetValue(_models))
            {
                result.AddError("info takes either MODEL or --models");
            }

            if (!hasModel && result.GetResult(_size) is { Implicit: false })
            {
                result.AddError("--size needs a MODEL; info --models shows them");
            }

            if (!hasModel && !result.GetValue(_models) && result.GetResult(_classes) is { Implicit: false })
            {
                result.AddError("--classes needs a MODEL or --models");
            }
        });
        SetAction(result =>
        {
            int count = result.GetValue(_classes);
            if (result.GetValue(_models))
            {
                WriteModels(terminal.Out, service.Models(count));
                WritePretrained(terminal.Out, service.Pretrained());
            }
            else if (result.GetValue(_model) is { } name)
            {
                (int height, int width) = result.GetValue(_size)!.Value;
                Write(terminal.Out, service.Profile(name, count, height, width));
            }
            else
            {
                WriteMachine(terminal.Out, service.Devices());
            }

            return ExitCode.Success;
        });
    }

    private static void WriteMachine(TextWriter output, IReadOnlyList<DeviceInfo> devices)
    {
        double memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / BytesPerGibibyte;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"heteroakd {ProductVersion.Number}, {RuntimeInformation.FrameworkDescription} on {RuntimeInformation.RuntimeIdentifier}, "
                + $"{Environment.ProcessorCount} cores, {memory:F1} GiB\n"));
        TextTable table = new("device", "memory GiB", "usable", "what") { Words = [0, 2, 3] };
        foreach (DeviceInfo device in devices)
        {
            string size = device.MemoryBytes > 0 ? Number(device.MemoryBytes / BytesPerGibibyte, "F1") : "-";
            table.Row(
                device.Name, size, device.Available ? "yes" : "no", string.Join("; ", new[] { device.Description, device.Note }.Where(t => t.Length > 0)));
        }

        output.Write(table);
    }

    private static void WriteModels(TextWriter output, IReadOnlyList<ModelSummary> models)
    {
        TextTable table = new("model", "family", "parameters") { Words = [0, 1] };
        foreach (ModelSummary summary in models)
        {
            table.Row(summary.Name, FamilyName(summary.Family), Millions(summary.Parameters));
        }

        output.Write(table);
    }

    private static void WritePretrained(TextWriter output, IReadOnlyList<PretrainedSummary> weights)
    {
        output.WriteLine("\nweights for teacher.pretrained and student.pretrained");
        TextTable table = new("name", "whose", "file") { Words = [0, 1, 2] };
        foreach (PretrainedSummary summary in weights)
        {
            table.Row(summary.Name, summary.Description, summary.Path ?? $"not here; {KnownGraph.FoldersVariable} names its folder");
        }

        output.Write(table);
    }

    private static void Write(TextWriter output, ModelProfile profile)
    {
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{profile.Model}, {FamilyName(profile.Family)}, {profile.Classes} classes, one image of {profile.Height}x{profile.Width}\n"));
        TextTable table = new("stage", "output", "parameters", "GMAC", "activations MiB");
        foreach (StageProfile stage in profile.Stages)
        {
            Add(table, stage);
        }

        table.Line();
        if (profile.Stages.Any(s => s.TrainingOnly))
        {
            Add(table, profile.Evaluation);
        }

        StageProfile total = profile.Total;
        output.Write(Add(table, total));
        output.WriteLine($"""

            GMAC: 10^9 multiply-adds of convolutions, linear layers and attention; everything else counts 0.
            Activations: the outputs of all operations in float32; {Mebibytes(profile.PeakActivationBytes)} MiB at once, if each goes after its last reader.
            {profile.Model} at {profile.Height}x{profile.Width}: {Giga(total.Macs)} GMAC, parameters {Millions(total.Parameters)}
            """);
    }

    private static TextTable Add(TextTable table, StageProfile stage) => table.Row(
        stage.Name, stage.Output.ToString(), Number(stage.Parameters, "N0"), Number(stage.Macs / 1e9, "F3"), Mebibytes(stage.ActivationBytes));

    private static string FamilyName(ModelFamily family) => family.ToString().ToLowerInvariant();

    private static string Millions(long count) => Number(count / 1e6, "F3") + " M";

    // A tiny network has thousandths.
    private static string Giga(long count) => Number(count / 1e9, count >= 1e9 ? "F1" : "F3");

    private static string Mebibytes(long bytes) => Number(bytes / BytesPerMebibyte, "F1");

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
