using System.CommandLine;
using HeteroAKD.Experiments.Commands;

namespace HeteroAKD.Cli.Commands;

/// <summary><c>heteroakd predict CHECKPOINT IMAGE…</c>.</summary>
internal sealed class PredictCommand : Command
{
    private const string DefaultFolder = "predictions";

    private readonly Argument<string> _checkpoint = new("CHECKPOINT") { Description = "The network" };

    private readonly Argument<string[]> _images = new("IMAGE") { Description = "Image files (PNG, JPEG)", Arity = ArgumentArity.OneOrMore };

    private readonly Option<string?> _dump = new Option<string?>("--dump")
    {
        Description = "Also write the feature maps and logits of the first image to a safetensors file",
        HelpName = "file",
    }.Path();

    private readonly Option<bool> _server = new("--server")
    {
        Description = "Also write server/NAME.png with the ids that the data set's evaluation server "
        + "takes"
    };

    public PredictCommand(IPredictCommand service, CommonOptions options, Terminal terminal, CancellationToken cancellation)
        : base("predict", $"Write the class of every pixel of images as label PNGs and coloured overlays into --out, by default {DefaultFolder}")
    {
        Add(_checkpoint);
        Add(_images);
        Add(_dump);
        Add(_server);
        SetAction(result =>
        {
            PredictRequest request = new(
                result.GetRequiredValue(_checkpoint), result.GetRequiredValue(_images), result.GetValue(options.Out)
                    ?? DefaultFolder, options.Overrides(result, withOut: false),
                result.GetValue(_dump) ?? "", result.GetValue(_server));
            foreach (Prediction prediction in terminal.WithProgress(progress => service.Run(request, progress, cancellation)))
            {
                terminal.Out.WriteLine($"{prediction.Image} -> {prediction.Labels}, {prediction.Overlay}");
            }

            return ExitCode.Success;
        });
    }
}
